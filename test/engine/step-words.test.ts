import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { ABSENT, type Fake, PENDING, REACHED, runTiny, tinyStep } from './tiny.ts';

/* What the journal says of one step. */

const silent = (run: { records: readonly object[] }) => run.records.filter((record) => 'type' in record && record.type === 'step.silent');

describe('a step', () => {
  it('that only looked says what it saw, and whether nothing was done', async () => {
    const done = async (more: object) => (await runTiny([tinyStep('a')], { a: { observe: () => ({ ...REACHED, ...more }) } })).records.find(({ type }) => type === 'step.done');
    expect(await done({ says: 'up', simulated: true })).toMatchObject({ says: 'up', simulated: true });
    const plain = await done({});
    expect([plain && 'says' in plain, plain && 'simulated' in plain]).toEqual([false, false]);
  });

  it('that waits says each reason once, and a score of them at most', async () => {
    const waiting = (reasons: readonly string[]): Fake => {
      let looks = 0;
      return {
        observe: () => {
          const reason = reasons[looks];
          looks += 1;
          return reason === undefined ? REACHED : { ...PENDING, because: `it is ${reason}`, reason };
        },
      };
    };
    const few = await runTiny([tinyStep('a')], { a: waiting(['full', 'full', 'busy', 'full']) });
    expect(silent(few)).toMatchObject([{ step: 'a', because: 'it is full' }, { step: 'a', because: 'it is busy' }]);
    const many = await runTiny([tinyStep('a', { limitMs: 3_600_000 })], { a: waiting(Array.from({ length: LIMITS.reasonsTold + 5 }, (_, i) => String(i))) });
    expect(silent(many)).toHaveLength(LIMITS.reasonsTold);
    expect(silent(await runTiny([tinyStep('a')], { a: { observe: (() => { 
          let n = 0;
          return () => ((n += 1) < 3 ? PENDING : REACHED);
        })() } }))).toEqual([]);
  });

  it('that goes step by step asks again at once, without an attempt that failed', async () => {
    let acts = 0;
    const run = await runTiny([tinyStep('a')], { a: { observe: () => (acts === 2 ? REACHED : ABSENT), act: () => void (acts += 1), verify: () => (acts === 2 ? REACHED : { state: 'absent', because: 'one more', further: true }) } });
    expect([run.outcome, acts, run.told.includes('step.unclear a'), run.took < LIMITS.settleMs]).toEqual(['succeeded', 2, false, true]);
  });

  it('that cannot act waits for what is missing', async () => {
    let looks = 0;
    const run = await runTiny([tinyStep('a')], { a: { observe: () => ((looks += 1) < 3 ? ABSENT : REACHED) } });
    expect([run.outcome, looks, run.told.includes('step.intent a')]).toEqual(['succeeded', 3, false]);
    expect(run.records.find(({ type }) => type === 'step.done')).toMatchObject({ waits: [{ cause: 'aws' }] });
  });
});
