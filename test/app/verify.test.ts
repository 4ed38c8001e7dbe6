import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolVersion } from '../../src/app/version.ts';
import { NAMESPACES, signText } from '../../src/approvals/signature.ts';
import { addIssue, signOffFor } from '../../src/app/notes.ts';
import { report } from '../../src/app/report.ts';
import { verify } from '../../src/app/verify/verify.ts';
import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { RUN, T0 } from '../report/fixtures.ts';
import { alice, approvedRun, chained, clockAt, linesOf, mallory, signedBy, stateWithRun } from './evidence-folder.ts';

const folders: string[] = [];
let folder = '';
let state = '';

/** A copy of the good folder that a test may spoil. */
function copy(from = folder): string {
  const parent = mkdtempSync(join(tmpdir(), 'dr-verify-'));
  folders.push(parent);
  cpSync(from, join(parent, RUN), { recursive: true });
  return join(parent, RUN);
}

const filesIn = (place: string): string[] => readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(place, name)).isFile()).sort();
const recordsIn = (place: string, file = 'journal.jsonl'): JournalRecord[] => readFileSync(join(place, file), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as JournalRecord);
/** What is wrong in a folder. */
async function wrongIn(place: string, signers?: string): Promise<{ file: string; record?: number; why: string }[]> {
  const { ok, runs } = await verify(place, signers);
  const bad = runs.flatMap((run) => run.bad);
  expect(ok).toBe(bad.length === 0);
  return bad;
}

beforeAll(async () => {
  ({ state, folder } = await stateWithRun());
  folders.push(state);
  await addIssue({ state: { folder: state }, run: RUN, clock: clockAt(T0 + 3_600_000) }, { title: 'The notification failed', owner: 'bob@example.com', due: '2026-12-24' });
  await signedBy(alice, state);
});
afterAll(() => folders.forEach((one) => rmSync(one, { recursive: true, force: true })));

describe('what cannot be read is not verified, and nobody waits for it', () => {
  const sparse = (path: string): void => {
    writeFileSync(path, '');
    truncateSync(path, 3 * 2 ** 30);
  };
  const makers: [string, (path: string) => void, string][] = [
    ['a pipe', (path) => execFileSync('mkfifo', [path]), 'It is not a file.'],
    ['a device that never ends', (path) => symlinkSync('/dev/zero', path), 'It is not a file.'],
    ['a file that is too large', sparse, 'It has 3221225472 bytes; at most 268435456 are read.'],
    ['a folder', (path) => mkdirSync(path), 'It is not a file.'],
  ];

  it.each(makers)('%s in the place of a report', async (_name, make, words) => {
    const other = copy();
    make(join(other, 'report.csv'));
    expect(await wrongIn(other)).toEqual([{ file: 'report.csv', why: `it cannot be read, and so not be checked: ${words}` }]);
  });

  it.each(makers)('%s among the approvals', async (_name, make) => {
    const other = copy();
    make(join(other, 'approvals', `${'0'.repeat(32)}.json`));
    expect(await wrongIn(other)).toEqual([{ file: `approvals/${'0'.repeat(32)}.json`, why: 'it is no approval' }]);
  });

  it.each(makers)('%s as a journal of a later term', async (_name, make, words) => {
    const other = copy();
    make(join(other, 'journal.9.jsonl'));
    expect(await wrongIn(other)).toEqual([{ file: 'journal.9.jsonl', record: 1, why: `it cannot be read: ${words}` }]);
  });
});

describe('what is right', () => {
  it('is said to be, piece by piece', async () => {
    const { ok, runs } = await verify(folder);
    expect(runs[0]?.bad).toEqual([]);
    expect(ok).toBe(true);
    const said = runs[0]?.right.join('\n') ?? '';
    for (const part of [/^journal: \d+ records in one chain/m, /^plan: its hash fits/m, /^sign-off by alice@example\.com of records 1 to \d+/m, /^approval by alice@example\.com at assess\.approval/m, /^report\.json: /m, /^report\.html: /m]) expect(said).toMatch(part);
  });

  it('also of a single file', async () => {
    expect((await verify(join(folder, 'journal.jsonl'))).ok).toBe(true);
    expect((await verify(join(folder, 'report.json'))).ok).toBe(true);
    const other = copy();
    writeFileSync(join(other, 'holiday.txt'), 'sea');
    expect((await verify(join(other, 'holiday.txt'))).ok).toBe(false);
    await expect(verify(join(other, 'nothing'))).rejects.toMatchObject({ code: 'NOTHING_TO_VERIFY', exit: 'usage' });
  });

  it('an older report is the report of the first records, and says so', async () => {
    const other = await stateWithRun();
    folders.push(other.state);
    const before = readFileSync(join(other.folder, 'report.html'));
    await addIssue({ state: { folder: other.state }, run: RUN, clock: clockAt(T0 + 3_600_000) }, { title: 'x', owner: 'bob', due: '2026-12-24' });
    writeFileSync(join(other.folder, 'report.html'), before);
    const { ok, runs } = await verify(other.folder);
    expect(ok).toBe(true);
    expect(runs[0]?.notes.join()).toMatch(/report\.html is the report of the first \d+ of \d+ records/);
  });

  it('also a copy of a bucket: one object a record, of which none may be changed, missing or under another name', async () => {
    const other = await stateWithRun();
    folders.push(other.state);
    rmSync(join(other.folder, 'journal.jsonl'));
    mkdirSync(join(other.folder, 'journal'));
    const path = (seq: number): string => join(other.folder, 'journal', `${String(seq).padStart(12, '0')}.json`);
    for (const record of other.records) writeFileSync(path(record.seq), JSON.stringify(record));
    expect(await wrongIn(other.folder)).toEqual([]);
    const [third, fourth] = [readFileSync(path(3)), readFileSync(path(4))];
    writeFileSync(path(3), third.toString().replace('"term":1', '"term": 1'));
    expect(await wrongIn(other.folder)).toEqual([{ file: 'journal/000000000003.json', record: 4, why: 'it is not spelled as it was written' }]);
    writeFileSync(path(3), fourth);
    expect((await wrongIn(other.folder))[0]).toMatchObject({ file: 'journal/000000000003.json', record: 4 });
    rmSync(path(3));
    expect((await wrongIn(other.folder)).length).toBe(1);
  });

  it('half a record of a runner that died is no fault where another one continued, and is one at the end', async () => {
    const other = await stateWithRun();
    folders.push(other.state);
    const path = join(other.folder, 'journal.jsonl');
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - 10));
    rmSync(join(other.folder, 'report.html'));
    rmSync(join(other.folder, 'report.json'));
    expect(await wrongIn(other.folder)).toEqual([{ file: 'journal.jsonl', record: other.records.length, why: expect.stringContaining('in the middle of a record') }]);
    const last = other.records.at(-2);
    const next = seal({ type: 'run.finished', outcome: 'succeeded' }, { seq: (last?.seq ?? 0) + 1, run: RUN, term: 2, at: T0 + 20_000, prev: last?.hash ?? '' });
    writeFileSync(join(other.folder, 'journal.2.jsonl'), linesOf([next]));
    const { ok, runs } = await verify(other.folder);
    expect(runs[0]?.bad).toEqual([]);
    expect(ok).toBe(true);
    expect(runs[0]?.notes.join()).toContain('half a record at its end');
  });

  it('a record that does not count, of a runner that was superseded, must not have been changed either', async () => {
    const other = await stateWithRun();
    folders.push(other.state);
    for (const file of ['report.html', 'report.json']) rmSync(join(other.folder, file));
    const before = other.records.at(-2);
    const next = seal({ type: 'run.finished', outcome: 'succeeded' }, { seq: (before?.seq ?? 0) + 1, run: RUN, term: 2, at: T0 + 20_000, prev: before?.hash ?? '' });
    writeFileSync(join(other.folder, 'journal.2.jsonl'), linesOf([next]));
    expect((await verify(other.folder)).runs[0]?.notes.join()).toContain('1 of its records do not count');
    const records = recordsIn(other.folder);
    const last = records.at(-1);
    if (last !== undefined) writeFileSync(join(other.folder, 'journal.jsonl'), linesOf([...records.slice(0, -1), { ...last, at: last.at + 1 }]));
    expect(await wrongIn(other.folder)).toEqual([{ file: 'journal.jsonl', record: records.length, why: 'its content was changed after it was written' }]);
  });
});

describe('what was changed is found', () => {
  it('200 random bits, each in a byte of any file', { timeout: 120_000 }, async () => {
    const place = copy();
    const files = filesIn(place);
    expect(files.some((file) => file.startsWith('approvals/'))).toBe(true);
    let seed = 20261129;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const missed: string[] = [];
    for (let i = 0; i < 200; i++) {
      // Every file is hit, the small ones as well.
      const path = join(place, files[i % files.length] ?? '');
      const bytes = readFileSync(path);
      const at = random(bytes.length);
      const bit = 1 << random(8);
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ bit;
      writeFileSync(path, changed);
      if ((await verify(place)).ok) missed.push(`${path} byte ${at} bit ${bit}`);
      writeFileSync(path, bytes);
    }
    expect(missed).toEqual([]);
    expect((await verify(place)).ok).toBe(true);
  });

  it('every bit of a byte of the last line break, and of an escaped letter', async () => {
    const told = approvedRun({ git: { commit: 'a\u001bb', dirty: false } });
    const other = await stateWithRun(told);
    folders.push(other.state);
    const path = join(other.folder, 'journal.jsonl');
    const bytes = readFileSync(path);
    const escape = bytes.indexOf('\\u001b') + 5;
    expect(escape).toBeGreaterThan(5);
    for (const at of [bytes.length - 1, escape]) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ bit;
        writeFileSync(path, changed);
        expect((await verify(path)).ok, `byte ${at} bit ${bit}`).toBe(false);
      }
    }
  });

  it('the first bad record is named', async () => {
    const place = copy();
    const records = recordsIn(place);
    const lines = records.map((record, i) => JSON.stringify(i === 7 || i === 9 ? { ...record, at: record.at + 1 } : record));
    writeFileSync(join(place, 'journal.jsonl'), `${lines.join('\n')}\n`);
    expect((await wrongIn(place))[0]).toEqual({ file: 'journal.jsonl', record: 8, why: 'its content was changed after it was written' });
  });

  it('a record that is missing: at the beginning, in the middle, at the end', async () => {
    const count = recordsIn(folder).length;
    for (const left of [0, 5, count - 1]) {
      const place = copy();
      writeFileSync(join(place, 'journal.jsonl'), linesOf(recordsIn(place).filter((_, i) => i !== left)));
      const [first] = await wrongIn(place);
      expect(first?.why, `record ${left + 1}`).toMatch(/does not follow|not the report|not what/);
    }
  });

  it('a report of another run in the place of this one', async () => {
    const other = await stateWithRun(approvedRun({ operator: { identity: 'arn:aws:iam::1:user/else', user: 'else', host: 'h', pid: 1 } }));
    folders.push(other.state);
    for (const name of ['report.json', 'report.html']) {
      const place = copy();
      cpSync(join(other.folder, name), join(place, name));
      expect(await wrongIn(place)).toMatchObject([{ file: name, why: expect.stringContaining('it is not what') }]);
    }
  });

  it('a report by another build is not checked, and the words name both; one by this build was changed', async () => {
    for (const [name, words] of [['report.html', 'Made by region-recovery '], ['report.json', '"version": "']] as const) {
      const place = copy();
      const path = join(place, name);
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace(`${words}${toolVersion().version}`, `${words}0.1.0+0badc0de`));
      const [other] = await wrongIn(place);
      expect(other).toMatchObject({ file: name, why: `it says that region-recovery 0.1.0+0badc0de made it, and this is ${toolVersion().version}, which writes it otherwise: not checked. Check it with 0.1.0+0badc0de` });
      writeFileSync(path, text.replace('shop-orders-tokyo', 'shop-orders-osaka'));
      expect(await wrongIn(place)).toMatchObject([{ file: name, why: `it is not what region-recovery ${toolVersion().version} makes of this journal: it was changed afterwards` }]);
    }
  });

  it('an approval that is missing, or of somebody else', async () => {
    const place = copy();
    const name = readdirSync(join(place, 'approvals'))[0] ?? '';
    rmSync(join(place, 'approvals', name));
    expect(await wrongIn(place)).toMatchObject([{ file: 'approvals', why: expect.stringContaining('is missing') }]);
  });
});

it('an approval of a later gate that nobody has signed', async () => {
  const other = await stateWithRun(approvedRun({}, ['traffic.approval']));
  folders.push(other.state);
  expect(await wrongIn(other.folder)).toMatchObject([{ file: 'approvals', why: 'the approval of alice@example.com at traffic.approval is missing: its signature cannot be checked' }]);
});

describe('a forged sign-off', () => {
  /** The run with one more record, in a chain that fits. */
  async function withSignOff(make: (text: string) => { text: string; signature: string }): Promise<string> {
    const other = await stateWithRun();
    folders.push(other.state);
    const { text } = await signOffFor({ state: { folder: other.state }, run: RUN, clock: clockAt(T0 + 86_400_000) }, { name: alice.name, comment: '' });
    const last = other.records.at(-1);
    const record = seal({ type: 'run.signed', ...make(text), by: { user: 'm', host: 'h' }, outcome: 'succeeded' }, { seq: other.records.length, run: RUN, term: 1, at: T0 + 86_400_000, prev: last?.hash ?? '' });
    writeFileSync(join(other.folder, 'journal.jsonl'), linesOf([...other.records, record]));
    await report({ place: { folder: other.state }, run: RUN });
    return other.folder;
  }

  it.each([
    ['with a key of somebody else', (text: string) => ({ text, signature: signText(text, mallory.privateKey, mallory.publicKey, NAMESPACES.signOff) }), 'which the runbook does not name for them'],
    ['with a signature of something else', (text: string) => ({ text, signature: signText('something else', alice.privateKey, alice.publicKey, NAMESPACES.signOff) }), 'it does not fit the text'],
    ['with a signature that was made for an approval', (text: string) => ({ text, signature: signText(text, alice.privateKey, alice.publicKey) }), 'it is made for "dr-approval"'],
    ['of another head', (text: string) => {
      const other = text.replace(/^head: ..../m, 'head: 0000');
      return { text: other, signature: signText(other, alice.privateKey, alice.publicKey, NAMESPACES.signOff) };
    }, 'is for the head 0000'],
    ['of another report', (text: string) => {
      const other = text.replace(/^report: ..../m, 'report: 0000');
      return { text: other, signature: signText(other, alice.privateKey, alice.publicKey, NAMESPACES.signOff) };
    }, 'is not the report of this journal'],
  ])('%s', async (_name, make, why) => {
    const bad = await wrongIn(await withSignOff(make));
    expect(bad).toHaveLength(1);
    expect(bad[0]).toMatchObject({ file: 'journal', record: expect.any(Number) });
    expect(bad[0]?.why).toContain(why);
  });

  it('a rewritten journal has no sign-off that fits', async () => {
    const place = copy();
    const events = recordsIn(place).map(({ seq: _s, run: _r, term: _t, prev: _p, hash: _h, at, ...event }) => ({ at, event }));
    const nicer = events.map(({ at, event }) => (event.type === 'probe.summary' ? { at, event: { ...event, failed: 0 } } : { at, event }));
    const rewritten = [...chained(nicer), ...[]];
    writeFileSync(join(place, 'journal.jsonl'), linesOf(rewritten));
    for (const name of readdirSync(place).filter((one) => /^journal\.\d/.test(one))) rmSync(join(place, name));
    expect((await wrongIn(place)).map(({ why }) => why).join('\n')).toMatch(/head|not the report|not what/);
  });

  it('a key that the file of signers does not name', async () => {
    const list = join(mkdtempSync(join(tmpdir(), 'dr-signers-')), 'allowed_signers');
    folders.push(join(list, '..'));
    writeFileSync(list, `# people\n${alice.name},al namespaces="dr-sign-off" ${alice.line}\n`);
    expect(await wrongIn(folder, list)).toEqual([]);
    writeFileSync(list, `${alice.name} ${mallory.line}\n`);
    expect((await wrongIn(folder, list)).map(({ why }) => why).join()).toContain('does not name');
    writeFileSync(list, 'alice no-key\n');
    await expect(verify(folder, list)).rejects.toMatchObject({ code: 'SIGNERS_UNREADABLE' });
  });
});
