import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { initiatorKeys, keepApproval, statementFor, waitingGate } from '../../src/app/approve.ts';
import type { StartRequest } from '../../src/app/start-run.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/state.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { fingerprint, readPublicKey } from '../../src/approvals/public-key.ts';
import { signText } from '../../src/approvals/signature.ts';
import { person, type Person } from '../approvals/signers.ts';
import { SEOUL, TOKYO } from '../engine/simulated.ts';
import { type Bench, bench, refusalOf, stopAt } from './fixture.ts';

const ann = person('ann@example.com');
const ben = person('ben@example.com');

interface Gate {
  before?: string;
  quorum?: number;
  wait?: string;
}

/** A bench whose runbook asks for signatures of ann and ben. */
async function signing({ before = 'point-of-no-return', quorum = 1, wait = '10m' }: Gate = {}): Promise<Bench> {
  const b = await bench();
  const path = join(b.runbooks, 'shop.yaml');
  const from = [ann, ben].map(({ name, line }) => `      - { name: ${name}, keys: ["${line}"] }`).join('\n');
  const text = await readFile(path, 'utf8');
  const changed = text.replace(/^approvals:\n( .*\n)+/m, `approvals:\n  - before: ${before}\n    from:\n${from}\n    quorum: ${quorum}\n    wait: ${wait}\n`);
  expect(changed).not.toBe(text);
  await writeFile(path, changed);
  return b;
}

/** What `dr approve` does, on another machine. */
async function approve(b: Bench, run: string, by: Person, decision: 'approve' | 'reject' = 'approve') {
  const { clock } = b.sim;
  const waiting = await waitingGate({ folder: b.state }, run, clock.now(), { mayReject: decision === 'reject' });
  const text = statementFor(waiting, { approver: by.name, decision, holdsMs: 3_600_000 }, clock);
  return keepApproval(waiting, { text, signature: signText(text, by.privateKey, by.publicKey) }, clock);
}

/** Does something that long after the run has come to the gate. */
function atTheGate(b: Bench, afterMs: number, work: (run: string) => Promise<unknown>, gate = 'assess.approval'): Partial<StartRequest> & { ended: () => Promise<unknown> } {
  let done: Promise<unknown> | undefined;
  return {
    acceptances: { approvedBy: [] },
    onRecord: (record: JournalRecord) => {
      if (record.type === 'step.started' && record.step === gate) done ??= b.sim.clock.sleep(afterMs).then(() => work(record.run));
    },
    ended: () => done ?? Promise.reject(new Error('the run never came to its gate')),
  };
}

const recordsOf = (b: Bench, run: string) => new LocalStore(b.state, run).read();

describe('a run that needs signatures', () => {
  it('waits for one, and says who, when, and with which key', async () => {
    const b = await signing();
    const meanwhile = atTheGate(b, 20_000, (run) => approve(b, run, ann));
    const { exit, state } = await b.start(meanwhile);
    expect(exit).toBe('ok');
    const step = state.steps.get('assess.approval');
    const key = `ssh-ed25519 ${fingerprint(readPublicKey(ann.line))}`;
    expect(step?.because).toBe(`approved by ann@example.com (${key}): signatures verified`);
    expect((step?.endedAt ?? 0) - (step?.startedAt ?? 0)).toBeLessThan(25_000);
    expect(state.facts.get('approval.assess.approval')).toEqual([
      { decision: 'approve', approver: 'ann@example.com', key, signed: expect.any(String) as string, expires: expect.any(String) as string, signature: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    ]);
    await meanwhile.ended();
  });

  it('keeps approvals for its owner alone', async () => {
    const b = await signing();
    const { state } = await b.start(atTheGate(b, 1_000, (run) => approve(b, run, ann)));
    const folder = join(b.state, 'runs', state.run, 'approvals');
    const [name = ''] = await readdir(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  it('changes nothing, and decides nothing, before the quorum is there', async () => {
    const b = await signing({ quorum: 2 });
    const { exit, state } = await b.start({
      ...atTheGate(b, 5_000, async (run) => {
        await approve(b, run, ann);
        await b.sim.clock.sleep(30_000);
        await approve(b, run, ben);
      }),
    });
    expect(exit).toBe('ok');
    const records = await recordsOf(b, state.run);
    const done = records.findIndex((r) => r.type === 'step.done' && r.step === 'assess.approval');
    expect(records.slice(0, done).filter((r) => r.type === 'step.intent')).toEqual([]);
    expect(state.steps.get('assess.approval')?.because).toMatch(/^approved by (ann.*ben|ben.*ann).*: signatures verified$/);
  });

  it('pauses when nobody comes, and continues from there', async () => {
    const b = await signing({ wait: '1m' });
    const paused = await b.start({ acceptances: { approvedBy: [] } });
    expect(paused.exit).toBe('interrupted');
    const { run } = paused.state;
    expect(paused.state.steps.get('assess.approval')).toMatchObject({
      state: 'paused',
      because: `0 of 1 approvals from ann@example.com, ben@example.com after 1m. Then: dr approve ${run}, and dr resume ${run}`,
    });
    await approve(b, run, ben);
    expect((await b.goOn({ run })).exit).toBe('ok');
  });

  it('that were asked for long ago decides again, and is refused when the source is back', async () => {
    const b = await signing();
    const { exit, state } = await b.start(
      atTheGate(b, 300_000, async (run) => {
        b.sim.world.healRegion(SEOUL);
        await b.sim.clock.sleep(120_000);
        await approve(b, run, ann);
      }),
    );
    expect(exit).toBe('refused');
    expect(state.steps.get('assess.source')?.refusal?.rule).toBe('source-down');
    expect((await recordsOf(b, state.run)).filter((r) => r.type === 'step.intent')).toEqual([]);
  });

  it('that were asked for long ago continues when nothing has changed', async () => {
    const b = await signing();
    const { exit, state } = await b.start(atTheGate(b, 300_000, (run) => approve(b, run, ann)));
    expect(exit).toBe('ok');
    const judged = (await recordsOf(b, state.run)).filter((r) => r.type === 'step.done' && r.step === 'assess.source');
    expect(judged).toHaveLength(2);
  });

  it('ends where somebody rejects it', async () => {
    const b = await signing();
    const { exit, state } = await b.start(atTheGate(b, 5_000, (run) => approve(b, run, ben, 'reject')));
    expect(exit).toBe('refused');
    expect(state.steps.get('assess.approval')?.refusal).toEqual({
      rule: 'approval',
      observed: expect.stringMatching(/^rejected by ben@example\.com at 20/) as string,
      threshold: 'approval by 1 of ann@example.com, ben@example.com',
      consequence: 'the point of no return is not crossed without them',
      override: `none: they may decide again (dr approve ${state.run}), then: dr resume ${state.run}`,
    });
  });

  it('may wait before a phase: traffic is not moved before', async () => {
    const b = await signing({ before: 'traffic', wait: '1m' });
    const paused = await b.start({ acceptances: { approvedBy: [] } });
    expect(paused.exit).toBe('interrupted');
    const { run, steps } = paused.state;
    expect(steps.get('databases.orders.promote')?.state).toBe('done');
    expect(steps.get('traffic.approval')?.state).toBe('paused');
    expect(steps.get('traffic.storefront.flip')?.state).toBe('waiting');
    await approve(b, run, ann);
    expect((await b.goOn({ run })).exit).toBe('ok');
  });

  it('does not take what was signed for another run', async () => {
    const b = await signing({ wait: '1m' });
    const first = await b.start({ acceptances: { approvedBy: [] } });
    await approve(b, first.state.run, ann);
    const [file = ''] = await new LocalStore(b.state, first.state.run).approvals();
    const second = await b.start(atTheGate(b, 1_000, (run) => new LocalStore(b.state, run).addApproval(`${'0'.repeat(32)}.json`, file)));
    expect(second.exit).toBe('interrupted');
    expect(second.state.steps.get('assess.approval')?.because).toContain(
      `0 of 1 approvals from ann@example.com, ben@example.com; not counted: what ann@example.com signed is for run ${first.state.run}, not ${second.state.run}`,
    );
  });
});

describe('refusals, in these words', () => {
  it('a claim where the runbook names keys', async () => {
    const b = await signing();
    expect(await refusalOf(b.start({ acceptances: { approvedBy: ['ann@example.com'] } }))).toMatchObject({
      code: 'CLAIM_NOT_ENOUGH',
      exit: 'refused',
      message: '--approved-by ann@example.com is a claim, and the runbook names keys for ann@example.com: only a signature counts.',
      next: ['leave --approved-by ann@example.com out; when the run waits, ann@example.com signs: dr approve RUN'],
    });
    expect(await readdir(b.state).catch(() => [])).not.toContain('runs');
  });

  it('a claim with a resume', async () => {
    const b = await signing({ wait: '10s' });
    const { run } = (await b.start({ acceptances: { approvedBy: [] } })).state;
    expect(await refusalOf(b.goOn({ run, acceptances: { approvedBy: ['ben@example.com'] } }))).toMatchObject({ code: 'CLAIM_NOT_ENOUGH' });
    await approve(b, run, ann);
    expect((await b.goOn({ run })).exit).toBe('ok');
  });

  it('somebody who is not on the list, and the same person twice', async () => {
    const b = await signing({ quorum: 2, wait: '10s' });
    const { run } = (await b.start({ acceptances: { approvedBy: [] } })).state;
    expect(await refusalOf(approve(b, run, person('mallory@example.com')))).toMatchObject({
      code: 'APPROVAL_REFUSED',
      message: 'This does not count: mallory@example.com is not on the list: ann@example.com, ben@example.com.',
    });
    await approve(b, run, ann);
    const at = new Date(b.sim.clock.now()).toISOString();
    expect(await refusalOf(approve(b, run, ann))).toMatchObject({
      code: 'APPROVED_ALREADY',
      message: `ann@example.com approved this at ${at} already: one person counts once.`,
      detail: '1 of 2; still to come: 1 of ben@example.com.',
    });
  });

  it('is dated after what the same person signed before, also by a clock that went ahead', async () => {
    const b = await signing({ wait: '10s' });
    const { run } = (await b.start({ acceptances: { approvedBy: [] } })).state;
    const { clock } = b.sim;
    const fast: Clock = { now: () => clock.now() + 240_000, sleep: (ms, signal) => clock.sleep(ms, signal) };
    const waiting = await waitingGate({ folder: b.state }, run, clock.now());
    const text = statementFor(waiting, { approver: ann.name, decision: 'approve', holdsMs: 3_600_000 }, fast);
    await keepApproval(waiting, { text, signature: signText(text, ann.privateKey, ann.publicKey) }, fast);
    await approve(b, run, ann, 'reject');
    const { judgement } = await waitingGate({ folder: b.state }, run, clock.now());
    expect([judgement.approved, judgement.rejected]).toMatchObject([[], [{ approver: ann.name }]]);
  });

  it('is counted at once after a rejection that its author has seen', async () => {
    const b = await signing({ wait: '10s' });
    const { run } = (await b.start({ acceptances: { approvedBy: [] } })).state;
    await approve(b, run, ann, 'reject');
    await approve(b, run, ann);
    expect((await waitingGate({ folder: b.state }, run, b.sim.clock.now())).judgement).toMatchObject({ approved: [{ approver: ann.name }], rejected: [] });
  });

  it('a signature by the key of another', async () => {
    const b = await signing({ wait: '10s' });
    const { run } = (await b.start({ acceptances: { approvedBy: [] } })).state;
    const waiting = await waitingGate({ folder: b.state }, run, b.sim.clock.now());
    const text = statementFor(waiting, { approver: ann.name, decision: 'approve', holdsMs: 60_000 }, b.sim.clock);
    const file = { text, signature: signText(text, ben.privateKey, ben.publicKey) };
    expect(await refusalOf(keepApproval(waiting, file, b.sim.clock))).toMatchObject({
      code: 'APPROVAL_REFUSED',
      message: `This does not count: the signature of ann@example.com is not valid: it is made with ${fingerprint(readPublicKey(ben.line))}, the key of ben@example.com.`,
    });
    expect(await new LocalStore(b.state, run).approvals()).toEqual([]);
  });

  it('a run that has ended, and one that asks for nothing', async () => {
    const b = await signing();
    const { state } = await b.start(atTheGate(b, 1_000, (run) => approve(b, run, ann)));
    expect(await refusalOf(approve(b, state.run, ben))).toMatchObject({ code: 'RUN_ENDED', exit: 'refused', message: `Run ${state.run} has succeeded: there is nothing to approve.` });
    const plain = await bench();
    const claims = await plain.start({ acceptances: { approvedBy: [] } });
    expect(await refusalOf(waitingGate({ folder: plain.state }, claims.state.run, 0))).toMatchObject({
      code: 'NO_KEYS',
      message: 'The runbook names no keys for assess.approval: there is nothing to sign.',
    });
  });

  it('may be taken back after its gate, as long as nothing of no return was asked for', async () => {
    const b = await signing();
    const waits = atTheGate(b, 1_000, (run) => approve(b, run, ann));
    const stop = stopAt((r) => r.type === 'step.done' && r.step === 'assess.approval');
    const both = (record: JournalRecord, now: RunState): void => {
      waits.onRecord?.(record, now);
      stop.onRecord(record);
    };
    const { state } = await b.start({ ...waits, ...stop, onRecord: both });
    expect(state.steps.get('assess.approval')?.state).toBe('done');
    expect(await refusalOf(waitingGate({ folder: b.state }, state.run, b.sim.clock.now()))).toMatchObject({ code: 'NOT_WAITING' });
    expect(await approve(b, state.run, ann, 'reject')).toMatchObject({ decision: 'reject' });
    const again = await b.goOn({ acceptances: { approvedBy: [] } });
    expect([again.exit, again.state.steps.get('assess.approval')?.refusal?.observed]).toMatchObject(['refused', expect.stringMatching(/^rejected by ann@example\.com/)]);
  });

  it('a run that does not wait, or not yet', async () => {
    const b = await signing({ before: 'traffic', wait: '10s' });
    const { run } = (await b.start({ acceptances: { approvedBy: [] }, ...stopAt((r) => r.type === 'step.done' && r.step === 'assess.users') })).state;
    expect(await refusalOf(waitingGate({ folder: b.state }, run, 0))).toMatchObject({
      code: 'NOT_WAITING',
      message: `Run ${run} does not wait for an approval.`,
      detail: 'traffic.approval: not its turn yet',
    });
  });
});

it('anyone who has an approver’s key in their home folder cannot be approved by that key', async () => {
  const b = await signing({ wait: '10s' });
  const paused = await b.start({ acceptances: { approvedBy: [] } });
  const home = join(b.runbooks, '..', 'home');
  const { mkdir } = await import('node:fs/promises');
  await mkdir(join(home, '.ssh'), { recursive: true });
  await writeFile(join(home, '.ssh', 'id_ed25519.pub'), ann.line);
  await writeFile(join(home, '.ssh', 'other.pub'), person('other').line);
  await writeFile(join(home, '.ssh', 'broken.pub'), 'not a key');
  expect(initiatorKeys(paused.state.plan, home)).toEqual({ initiatorKeys: [fingerprint(readPublicKey(ann.line))] });
  expect(initiatorKeys(paused.state.plan, join(home, 'nobody'))).toEqual({});
  expect(paused.state.plan.target).toBe(TOKYO);
});
