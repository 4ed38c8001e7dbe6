import { appendFileSync, rmSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { addIssue, closeIssue, keepSignOff, signOffFor, stateImpact } from '../../src/app/notes.ts';
import { loadRun } from '../../src/app/runs.ts';
import { openState } from '../../src/app/state.ts';
import { verify } from '../../src/app/verify/verify.ts';
import { NAMESPACES, signText } from '../../src/approvals/signature.ts';
import { seal } from '../../src/journal/chain.ts';
import { endsTheRun } from '../../src/journal/lease.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { RUN, T0 } from '../report/fixtures.ts';
import { alice, approvedRun, clockAt, mallory, signedBy, stateWithRun } from './evidence-folder.ts';

const DAY = 86_400_000;
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

async function world(told = approvedRun()) {
  const { state, folder } = await stateWithRun(told);
  folders.push(state);
  const parts = { state: { folder: state }, run: RUN, clock: clockAt(T0 + DAY) };
  return { parts, folder, load: () => loadRun(openState({ folder: state }), RUN), report: () => JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Evidence };
}
const issue = { title: 'The notification failed', owner: 'bob@example.com', due: '2026-12-24' };
const codeOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: unknown) => (error as { code?: string }).code);

describe('notes on a run', () => {
  it('are records of its chain, stand in its report, and do not move its end', async () => {
    const { parts, folder, load, report } = await world();
    const before = { ...(await load()), clock: report().clock };
    await addIssue(parts, issue);
    await addIssue(parts, { ...issue, title: 'Another' });
    await closeIssue(parts, 1, 'the topic is there now');
    const { state, records, store } = await load();
    expect(records.slice(0, before.records.length)).toEqual(before.records);
    expect(records.map(({ type }) => type).slice(before.records.length)).toEqual(['issue.added', 'issue.added', 'issue.closed']);
    expect(state).toMatchObject({ lastAt: before.state.lastAt, endedAt: before.state.endedAt, outcome: 'succeeded', notedAt: T0 + DAY });
    expect(report().issues).toMatchObject([{ number: 1, closed: { note: 'the topic is there now' } }, { number: 2, title: 'Another', owner: 'bob@example.com', due: '2026-12-24', closed: null }]);
    expect(report().clock).toEqual(before.clock);
    expect((await verify(folder)).ok).toBe(true);
    // Its lock holds nothing: a note says how the run ended.
    expect(endsTheRun(await store.last())).toBe(true);
  });

  it('an issue that is not there, or closed, is refused', async () => {
    const { parts } = await world();
    expect(await codeOf(closeIssue(parts, 1, 'x'))).toBe('ISSUE_UNKNOWN');
    await addIssue(parts, issue);
    await closeIssue(parts, 1, 'x');
    expect(await codeOf(closeIssue(parts, 1, 'x'))).toBe('ISSUE_UNKNOWN');
  });

  it('an issue that somebody else closes between the look and the lock is closed once', async () => {
    const { parts, folder, load } = await world();
    await addIssue(parts, issue);
    const { records } = await load();
    const last = records.at(-1);
    const file = join(folder, `journal.${last?.term ?? 0}.jsonl`);
    const closed = seal({ type: 'issue.closed', number: 1, note: 'by somebody else', by: { user: 'lee', host: 'desk' }, outcome: 'succeeded' }, { seq: records.length, run: RUN, term: last?.term ?? 0, at: T0 + DAY, prev: last?.hash ?? '' });
    let looked = false;
    const clock = { ...parts.clock, now: () => {
      if (!looked) appendFileSync(file, `${JSON.stringify(closed)}\n`);
      looked = true;
      return T0 + DAY;
    } };
    expect(await codeOf(closeIssue({ ...parts, clock }, 1, 'by me'))).toBe('ISSUE_UNKNOWN');
    expect((await load()).state.issues).toMatchObject([{ closed: { note: 'by somebody else' } }]);
  });

  it('a run that has not ended takes none', async () => {
    const told = approvedRun();
    const { parts } = await world({ ...told, events: told.events.slice(0, -1) });
    expect(await codeOf(addIssue(parts, issue))).toBe('RUN_NOT_ENDED');
    expect(await codeOf(signOffFor(parts, { name: 'a', comment: '' }))).toBe('RUN_NOT_ENDED');
  });

  it('two at once are both kept, or one has to try again', async () => {
    const { parts, load, folder } = await world();
    const ends = await Promise.allSettled([0, 1, 2, 3].map((i) => addIssue(parts, { ...issue, title: `issue ${i}` })));
    const kept = ends.filter(({ status }) => status === 'fulfilled').length;
    for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ exit: 'busy' });
    expect(kept).toBeGreaterThan(0);
    expect((await load()).state.issues).toHaveLength(kept);
    expect((await verify(folder)).runs[0]?.bad).toEqual([]);
  });

  it('what somebody says of the impact counts from then on, and is named as said', async () => {
    const { parts, report } = await world();
    await stateImpact(parts, T0 - 60_000);
    expect(report().objectives.find(({ name }) => name === 'RTO')).toMatchObject({ actualMs: 68_800, verdict: 'met' });
    expect(JSON.stringify(report().clock)).toContain('dr report --impact-at');
  });
});

describe('a sign-off', () => {
  it('covers what was there, and the report says whose key it is', async () => {
    const { parts, report, folder } = await world();
    await signedBy(alice, parts.state.folder);
    await signedBy(mallory, parts.state.folder, { at: T0 + 2 * DAY });
    expect(report().signOffs).toMatchObject([
      { name: alice.name, verified: 'named', own: false, comment: 'seen and discussed' },
      { name: mallory.name, verified: 'key only' },
    ]);
    expect(report().people.participants.find(({ name }) => name === alice.name)?.roles).toEqual(['approved assess.approval', 'signed off']);
    const { ok, runs } = await verify(folder);
    expect(ok).toBe(true);
    expect(runs[0]?.notes.join('\n')).toContain('--signers FILE names keys');
  });

  it('by the person who began the run says so', async () => {
    const { parts, report } = await world();
    await signedBy(mallory, parts.state.folder, { name: 'kim@example.com' });
    expect(report().signOffs[0]).toMatchObject({ own: true });
  });

  it('that does not count is not written', async () => {
    const { parts, load } = await world();
    expect(await codeOf(signedBy(mallory, parts.state.folder, { name: alice.name }))).toBe('SIGN_OFF_REFUSED');
    const { text } = await signOffFor(parts, { name: alice.name, comment: '' });
    // Somebody notes an issue meanwhile: what was read is not what stands there now.
    await addIssue(parts, issue);
    const signature = signText(text, alice.privateKey, alice.publicKey, NAMESPACES.signOff);
    expect(await codeOf(keepSignOff(parts, { text, signature }))).toBe('SIGN_OFF_REFUSED');
    expect((await load()).state.signatures).toEqual([]);
  });
});
