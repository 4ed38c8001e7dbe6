import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/json.ts';
import { CHAIN_START, chainBreak, isSealed, seal, unsealed } from '../../src/journal/chain.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { verifyRecords } from '../../src/journal/journal.ts';
import { chained, RUN, started, T0 } from './fixture.ts';

const GOOD = chained([started(), { type: 'checks.green' }, { type: 'step.started', step: 'one' }, { type: 'run.finished', outcome: 'succeeded' }]);

function record(index: number): JournalRecord {
  const found = GOOD[index];
  if (found === undefined) throw new Error(`there is no record ${index}`);
  return found;
}

/** Made again with another place: its own hash is right, its place is not. */
function resealed(index: number, place: Partial<{ seq: number; run: string; term: number; at: number; prev: string }>): JournalRecord {
  const { seq, run, term, at, prev, hash: _, ...event } = record(index);
  return seal(event, { seq, run, term, at, prev, ...place });
}

describe('the chain of a journal', () => {
  it('starts from zeros, and holds for records as they were written', () => {
    expect(record(0).prev).toBe('0'.repeat(64));
    expect(CHAIN_START).toHaveLength(64);
    expect(GOOD.map((r, i) => chainBreak(r, GOOD[i - 1]))).toEqual([undefined, undefined, undefined, undefined]);
    expect(() => verifyRecords(GOOD, 'x')).not.toThrow();
  });

  it('holds after the way through a file', () => {
    const read = GOOD.map((r) => JSON.parse(JSON.stringify(r)) as JournalRecord);
    expect(() => verifyRecords(read, 'x')).not.toThrow();
  });

  it.each<[string, number, JournalRecord, string]>([
    ['a changed content', 1, { ...record(1), at: T0 + 1 }, 'its content was changed after it was written'],
    ['a changed outcome', 3, { ...record(3), outcome: 'failed' } as JournalRecord, 'its content was changed after it was written'],
    ['a changed hash', 2, { ...record(2), hash: 'f'.repeat(64) }, 'its content was changed after it was written'],
    ['an added field', 2, { ...record(2), note: 'added' } as unknown as JournalRecord, 'its content was changed after it was written'],
    ['another predecessor', 2, resealed(2, { prev: record(0).hash }), 'it does not follow the record before it'],
    ['a gap in the numbers', 2, resealed(2, { seq: 5 }), 'its number does not follow'],
    ['another run', 2, resealed(2, { run: `${RUN.slice(0, -1)}d` }), 'it belongs to another run'],
    ['a lower term', 2, resealed(2, { term: 0 }), 'its term is lower than that of the record before'],
  ])('%s is named', (_name, index, bad, why) => {
    expect(chainBreak(bad, record(index - 1))).toBe(why);
    const records = [...GOOD.slice(0, index), bad, ...GOOD.slice(index + 1)];
    expect(() => verifyRecords(records, 'journal.jsonl')).toThrow(`The journal is damaged at journal.jsonl:${index + 1}.`);
  });

  it('a first record that is none is named', () => {
    expect(chainBreak(record(1), undefined)).toBe('it does not follow the record before it');
    expect(chainBreak(resealed(0, { seq: 1 }), undefined)).toBe('its number does not follow');
  });

  it.each([null, 7, 'text', true, [], undefined])('a line that holds %j is no record', (value) => {
    const read = value as unknown as JournalRecord;
    expect([chainBreak(read, undefined), isSealed(read)]).toEqual(['it is not a record', false]);
  });

  it('a record of a simulated run is whole, without its own hash', () => {
    const place = { seq: 3, run: RUN, term: 2, at: T0, prev: CHAIN_START };
    expect(unsealed({ type: 'checks.green' }, place)).toEqual({ type: 'checks.green', ...place, hash: CHAIN_START });
  });

  it('a higher term may follow: a resume', () => {
    expect(chainBreak(resealed(2, { term: 2 }), record(1))).toBeUndefined();
  });

  it('a record that is left out, put twice, or out of order is found', () => {
    const [a, b, c, d] = GOOD as [JournalRecord, JournalRecord, JournalRecord, JournalRecord];
    for (const [bad, line] of [[[a, c, d], 2], [[a, b, b, c], 3], [[a, c, b, d], 2], [[b, c, d], 1]] as const) {
      expect(() => verifyRecords(bad, 'j'), JSON.stringify(bad.map((r) => r.seq))).toThrow(`damaged at j:${line}.`);
    }
  });

  it('no change of one character of one line stays unseen', () => {
    const lines = GOOD.map((r) => JSON.stringify(r));
    fc.assert(
      fc.property(fc.nat({ max: lines.length - 1 }), fc.nat(), fc.constantFrom('0', 'a', 'Z', '"', ' '), (line, at, character) => {
        const text = lines[line] ?? '';
        const index = at % text.length;
        if (text[index] === character) return;
        const changed = text.slice(0, index) + character + text.slice(index + 1);
        let parsed: JournalRecord;
        try {
          parsed = JSON.parse(changed) as JournalRecord;
        } catch {
          return;
        }
        // A space outside of strings changes the text and not the record.
        if (canonicalJson(parsed) === canonicalJson(record(line))) return;
        const records = GOOD.map((r, i) => (i === line ? parsed : r));
        expect(() => verifyRecords(records, 'j')).toThrow(`damaged at j:`);
      }),
      { numRuns: 300 },
    );
  });
});
