import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import type { Effects } from '../../src/effects/effects.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { superseded } from '../../src/journal/lease.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { changeOf, openRequests } from '../../src/journal/requests.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { ABSENT, type Fake, REACHED, runTiny, tinyStep } from './tiny.ts';

const MINUTE = 60_000;

/** A gate, then a promotion of which AWS hears through `answer`. The runner stands still when `still` says so. */
function world(still: { afterIntent?: number; inAct?: number; gateAge?: number; inCheck?: number; inLock?: number; requests?: number }, answer: () => Promise<unknown> = () => Promise.resolve({ output: { DBInstance: { DBInstanceIdentifier: 'shop' } }, requestId: 'rq' })) {
  const clock = new VirtualClock();
  const sent: number[] = [];
  const aws = {
    call: async () => {
      sent.push(clock.now());
      try {
        const given = await answer();
        asked = true;
        return given;
      } catch (error) {
        asked = !(error instanceof AwsError && error.isThrottle);
        throw error;
      }
    },
  } as unknown as AwsCaller;
  const store = new MemoryStore();
  const append = store.append.bind(store);
  let stood = false;
  store.append = async (record: JournalRecord) => {
    await append(record);
    if (record.type !== 'step.intent' || still.afterIntent === undefined || stood) return;
    stood = true;
    await clock.sleep(still.afterIntent);
  };
  const requests = still.requests ?? 1;
  const lock = { asked: 0 };
  store.assertHeld = async () => {
    lock.asked += 1;
    if (still.inLock === undefined || lock.asked < requests) return;
    // Before the last request somebody takes over while the answer about the lock is on its way.
    if (lock.asked > requests) throw superseded('shop', undefined);
    await clock.sleep(still.inLock);
  };
  const looks: number[] = [];
  let asked = false;
  let checks = 0;
  const promote: Fake = {
    check: async () => {
      if (still.inCheck !== undefined && (checks += 1) > 1) await clock.sleep(still.inCheck);
      return { state: 'ok', because: 'fine' };
    },
    observe: async () => {
      // Its own wait: decisions grow old meanwhile.
      if (still.gateAge !== undefined && looks.length === 0) await clock.sleep(still.gateAge);
      return looks.push(clock.now()) > 0 && asked ? REACHED : ABSENT;
    },
    act: async (ctx) => {
      if (still.inAct !== undefined) await clock.sleep(still.inAct);
      for (let i = 0; i < requests; i++) await ctx.effects.aws.call({ service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'shop' }, signal: ctx.signal });
    },
  };
  const steps = [tinyStep('gate', { gate: true, phase: 'assess' }), tinyStep('promote', { phase: 'data', after: ['gate'], reversibility: 'point-of-no-return', limitMs: 3_600_000 })];
  const effects = { aws: reliableCaller(aws, { clock, ids: new SeededIds(1) }) } as unknown as Partial<Effects>;
  const run = () => runTiny(steps, { gate: {}, promote }, { clock, store, effects });
  return { run, sent, looks };
}

describe('a request of no return that is late', () => {
  it('is not sent when the runner stood still until its decisions were old: the run decides again, and the journal says so', async () => {
    const { run, sent } = world({ afterIntent: 6 * MINUTE });
    const { outcome, state, records } = await run();
    expect([outcome, sent.length, openRequests(state)]).toEqual(['succeeded', 1, []]);
    expect(records.find((record) => record.type === 'step.unclear')).toMatchObject({ unsent: true, error: { code: 'TOO_LATE' } });
    expect(records.filter((record) => record.type === 'step.silent')).toMatchObject([{ step: 'promote', because: '"gate" was answered 6m 5s ago: the run decides again' }]);
    const gates = records.flatMap((record) => (record.type === 'step.done' && record.step === 'gate' ? [record.at] : []));
    expect([gates.length, (sent[0] ?? 0) - (gates[1] ?? 0) < MINUTE]).toEqual([2, true]);
  });

  it('is sent after another look when the runner stood still for a minute', async () => {
    const { run, sent, looks } = world({ afterIntent: MINUTE });
    expect((await run()).outcome).toBe('succeeded');
    expect(sent).toHaveLength(1);
    expect((sent[0] ?? 0) - Math.max(...looks.filter((at) => at <= (sent[0] ?? 0)))).toBeLessThanOrEqual(15_000);
  });

  it('is not sent when the runner stood still within its act, before the request', async () => {
    const { run, sent } = world({ inAct: 20_000, gateAge: 275_000 });
    const { outcome, records } = await run();
    expect([outcome, sent.length]).toEqual(['succeeded', 1]);
    expect(records.find((record) => record.type === 'step.unclear')).toMatchObject({ unsent: true, error: { message: 'the run decides again' } });
    expect(records.filter((record) => record.type === 'step.done' && record.step === 'gate')).toHaveLength(2);
  });

  it('is not sent when its decisions grew old while it was checked again: the run decides again first', async () => {
    const decided = async (inCheck: number) => {
      const { run, sent } = world({ gateAge: 275_000, inCheck });
      const { outcome, records } = await run();
      return [outcome, sent.length, records.filter((record) => record.type === 'step.done' && record.step === 'gate').length];
    };
    expect(await decided(14_000)).toEqual(['succeeded', 1, 2]);
    expect(await decided(2_000)).toEqual(['succeeded', 1, 1]);
  });

  it.each([1, 2])('is not sent when the answer about the lock was long on its way: it is asked for again, also for the last of %i requests', async (requests) => {
    const { run, sent } = world({ inLock: 20_000, requests });
    await expect(run()).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(sent).toHaveLength(requests - 1);
  });

  it('counts as made where its answer was lost, whatever comes after', async () => {
    const lost = new AwsError({ service: 'rds', operation: 'PromoteReadReplica', region: 'ap-northeast-1', code: 'NoAnswer', message: 'read ECONNRESET' });
    const { run, sent } = world({}, () => Promise.reject(lost));
    const { state, records } = await run();
    expect(sent).toHaveLength(1);
    expect(changeOf(state.steps.get('promote'))).toBe('made');
    expect(records.find((record) => record.type === 'step.unclear')).not.toHaveProperty('unsent');
  });

  it('was not made where AWS turned each attempt away', async () => {
    const throttled = new AwsError({ service: 'rds', operation: 'PromoteReadReplica', region: 'ap-northeast-1', code: 'Throttling', httpStatus: 400, message: 'Rate exceeded' });
    const { outcome, state, records } = await world({}, () => Promise.reject(throttled)).run();
    expect(outcome).toBe('failed');
    expect(state.steps.get('promote')?.error?.message).toMatch(/Throttling: Rate exceeded\)$/);
    expect((records.at(-1)?.at ?? 0) - (records[0]?.at ?? 0)).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(changeOf(state.steps.get('promote'))).toBe('not-requested');
  });
});
