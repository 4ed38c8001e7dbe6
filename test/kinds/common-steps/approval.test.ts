import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { gateOf, NOW, person, type Person, signed } from '../../approvals/signers.ts';
import { stepOf } from '../context.ts';

/* run.approval where the runbook names keys: only signatures count, and the step waits for them. */

const [ann, ben, may, mallory] = [person('ann'), person('ben'), person('may'), person('mallory')];
const RUN = '20261120T101500Z-shop-failover-1a2b3c';
/** Signatures are asked for when its turn comes. */
const ALREADY = '';

interface Signing {
  quorum?: number;
  waitMs?: number;
  line?: boolean;
  from?: readonly Person[];
}

/** `files`: what is in the state at a time since the start. */
async function gate(files: (ms: number) => readonly string[] | Promise<readonly string[]>, { quorum = 1, waitMs = 600_000, line = true, from = [ann, ben] }: Signing = {}) {
  const clock = new VirtualClock(NOW);
  const params = { gate: 'assess.approval', from: gateOf(from).from, quorum, waitMs, line } as unknown as Json;
  const approvals = { files: async () => files(clock.now() - NOW) };
  return stepOf('run.approval', params, { clock, effects: { approvals } });
}

describe('signed approvals before the run', () => {
  it('that are there already open the check', async () => {
    expect(await (await gate(() => [signed(ann), signed(ben)], { quorum: 2 })).check()).toEqual({ state: 'ok', because: 'approved by ann, ben' });
  });

  it('that are missing are asked for later, and the check says of whom', async () => {
    expect(await (await gate(() => [signed(ann)], { quorum: 2 })).check()).toEqual({
      state: 'ok', because: ALREADY, warnings: [{ rule: 'approval-waits', observed: `will wait at most 10m for approval by 1 of ann, ben. They run: dr approve ${RUN}`, wanted: 'approvals that are given', mend: `dr approve ${RUN}` }],
    });
    expect(await (await gate(() => Promise.reject(new Error('the bucket is silent')))).check()).toMatchObject({ state: 'ok', because: ALREADY });
  });

  it('names on the command line count for nothing', async () => {
    const step = await stepOf('run.approval', { gate: 'assess.approval', from: gateOf([ann]).from, quorum: 1 } as unknown as Json, { acceptances: { approvedBy: ['ann'] }, effects: { approvals: undefined } });
    expect(await step.check()).toMatchObject({ state: 'ok', because: ALREADY });
    expect(await step.observe()).toMatchObject({ state: 'paused' });
  });
});

describe('when its turn comes', () => {
  it('those that are there open it at once, and are recorded with key and time', async () => {
    const step = await gate(() => [signed(ann), signed(ben, { signed: NOW - 30_000 })], { quorum: 2 });
    const seen = await step.observe();
    expect(seen).toMatchObject({ state: 'reached', because: expect.stringMatching(/^approved by ann \(ssh-ed25519 SHA256:\S+\), ben \(ssh-ed25519 SHA256:\S+\): signatures verified$/) as string });
    expect(step.clock.now()).toBe(NOW);
    expect(step.recorded['approval.assess.approval']).toMatchObject([
      { approver: 'ann', decision: 'approve', signed: '2026-11-20T10:19:00.000Z', expires: '2026-11-20T11:20:00.000Z' },
      { approver: 'ben', signed: '2026-11-20T10:19:30.000Z' },
    ]);
  });

  it('it waits for them, looking every three seconds, and the time is a person’s', async () => {
    const looks: number[] = [];
    const step = await gate((ms) => {
      looks.push(ms);
      return ms >= 9_000 ? [signed(ann)] : [];
    });
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    expect(looks).toEqual([0, 3_000, 6_000, 9_000]);
    expect(step.waits()).toEqual([{ cause: 'person', from: NOW, to: NOW + 9_000 }]);
  });

  it('after a long wait for the line everything is decided again; before another phase it is not', async () => {
    const later = (ms: number) => (ms > 120_000 ? [signed(ann)] : []);
    const seen = await (await gate(later)).observe();
    expect(seen).toMatchObject({ state: 'paused', decideAgain: true, because: expect.stringMatching(/^approved by ann .*: signatures verified; after 2m 3s the run decides again$/) as string });
    expect(await (await gate(later, { line: false })).observe()).toMatchObject({ state: 'reached' });
    expect(await (await gate((ms) => (ms >= 120_000 ? [signed(ann)] : []))).observe()).toMatchObject({ state: 'reached' });
  });

  it('when nobody comes the run pauses, and says how to continue', async () => {
    const step = await gate(() => [signed(ann)], { quorum: 2, waitMs: 10_000 });
    expect(await step.observe()).toEqual({ state: 'paused', because: `1 of 2 approvals from ann, ben after 10 s. Then: dr approve ${RUN}, and dr resume ${RUN}` });
    expect(step.clock.now()).toBe(NOW + 10_000);
    expect(step.recorded).toEqual({});
  });

  it('with no time to wait it looks once', async () => {
    const step = await gate(() => [], { waitMs: 0 });
    expect(await step.observe()).toMatchObject({ state: 'paused' });
    expect(step.clock.now()).toBe(NOW);
  });

  it('what does not count is named, five at most', async () => {
    const one = await (await gate(() => [signed(mallory)], { waitMs: 0 })).observe();
    expect(one).toMatchObject({ because: expect.stringMatching(/^0 of 1 approvals from ann, ben; not counted: .*mallory.* after 0\.0 s\. Then: /) as string });
    const strangers = Array.from({ length: 7 }, (_, i) => person(`stranger-${i}`));
    const many = await (await gate(() => strangers.map((one) => signed(one)), { waitMs: 0 })).observe();
    const because = 'because' in many ? many.because : '';
    expect(because.match(/stranger-\d/g)?.filter((name, i, all) => all.indexOf(name) === i)).toHaveLength(5);
    expect(because).toContain('; ');
  });

  it('a state that does not answer is looked at again, and said in the end', async () => {
    expect(await (await gate((ms) => (ms < 6_000 ? Promise.reject(new Error('silent')) : [signed(ann)]))).observe()).toMatchObject({ state: 'reached' });
    expect(await (await gate(() => Promise.reject(new Error('the bucket is silent')), { waitMs: 3_000 })).observe()).toMatchObject({
      state: 'paused', because: expect.stringMatching(/^the state does not answer \(the bucket is silent\) after 3\.0 s\. Then: /) as string,
    });
  });

  it('a no that comes while it waits ends it', async () => {
    expect(await (await gate((ms) => (ms > 0 ? [signed(ben, { decision: 'reject' })] : []))).observe()).toMatchObject({ state: 'refused', refusal: { observed: 'rejected by ben at 2026-11-20T10:19:00.000Z' } });
  });

  it('a no counts against as many others as want it', async () => {
    const files = () => [signed(ann), signed(ben), signed(may, { decision: 'reject' })];
    const step = await gate(files, { quorum: 2, from: [ann, ben, may] });
    const refusal = { state: 'refused', refusal: {
      rule: 'approval', observed: 'rejected by may at 2026-11-20T10:19:00.000Z', threshold: 'approval by 2 of ann, ben, may',
      consequence: 'the point of no return is not crossed without them', override: `none: they may decide again (dr approve ${RUN}), then: dr resume ${RUN}`,
    } };
    expect([await step.check(), await step.observe()]).toEqual([refusal, refusal]);
    const both = await gate(() => [signed(ben, { decision: 'reject' }), signed(may, { decision: 'reject' })], { from: [ann, ben, may], line: false });
    expect(await both.check()).toMatchObject({ refusal: { observed: 'rejected by ben at 2026-11-20T10:19:00.000Z; rejected by may at 2026-11-20T10:19:00.000Z', consequence: 'what comes after is not begun without them' } });
    expect(step.recorded).toEqual({});
  });

  it('one key that is missing makes all of them names', async () => {
    const from = [...gateOf([ann]).from, { name: 'ben', keys: [] }];
    const step = await stepOf('run.approval', { gate: 'assess.approval', from, quorum: 1 } as unknown as Json, { acceptances: { approvedBy: ['ben'] } });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'approved by ben (name as given, not verified)' });
  });
});
