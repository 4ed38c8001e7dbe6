import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { countRefusal, freshRefusal, isAvailable, isBusy, modifyWhenFree, notReady, orRefused, refusalOf, waitedOut, whenFree } from '../../../src/kinds/databases/change.ts';
import { dbInstanceState } from '../../../src/aws/states/rds.ts';
import type { Observation, StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL } from '../context.ts';
import { awsError, smallRds } from './small-rds.ts';

/* What is written down while AWS refuses a change of an instance, and how long that counts. */

const P = { region: SEOUL, id: 'orders' };
const FACT = `refused.${SEOUL}.orders`;
const NOW = Date.parse('2026-11-20T10:00:00Z');
const LIMIT_MS = 300_000;
const busy = (code = 'InvalidDBInstanceState') => awsError('ModifyDBInstance', code, SEOUL, 400);
const refused = (times: number, since: number, last: number): Json => ({ words: 'said AWS', times, since, last });

function at(fact?: Json) {
  const facts: Record<string, Json> = fact === undefined ? {} : { [FACT]: fact };
  const clock = new VirtualClock(NOW);
  const waits: [string, number][] = [];
  const { aws, calls } = smallRds({});
  const signal = new AbortController().signal;
  const ctx = {
    effects: { aws, clock },
    signal,
    fact: (name: string) => facts[name],
    record: (name: string, value: Json) => {
      facts[name] = value;
    },
    wait: (cause: string, ms: number) => {
      waits.push([cause, ms]);
      return Promise.resolve();
    },
  } as unknown as StepContext;
  return { ctx, facts, waits, calls, signal };
}

const ABSENT: Observation = { state: 'absent', because: 'it is closed' };
const PENDING: Observation = { state: 'pending', because: 'it is modifying', waitingFor: 'aws' };

it('only AWS says that something is under way', () => {
  expect([busy(), busy('InvalidDBInstanceStateFault'), busy('DBInstanceInvalidDBInstanceState'), new Error('InvalidDBInstanceState')].map((error) => isBusy(error))).toEqual([true, true, false, false]);
});

describe('a refusal', () => {
  it.each<[string, Json | undefined, Json]>([
    ['is the first', undefined, refused(1, NOW, NOW)],
    ['follows another one', refused(2, NOW - 200_000, NOW - LIMIT_MS + 1), refused(3, NOW - 200_000, NOW)],
    ['follows what was seen to be under way until a moment ago', refused(2, NOW - 1, NOW - LIMIT_MS - 1), refused(3, NOW - 1, NOW)],
    ['comes so long after the last one that it is another one', refused(2, NOW - LIMIT_MS, NOW - LIMIT_MS), refused(1, NOW, NOW)],
    ['follows one that cannot be read', { words: 'said AWS' }, refused(1, NOW, NOW)],
  ])('%s', (_what, before, after) => {
    const { ctx, facts } = at(before);
    countRefusal(ctx, P, { message: 'said AWS' } as never);
    expect(facts[FACT]).toEqual(after);
  });

  it('is shown, and its age while it is fresh', () => {
    expect([refusalOf(at().ctx, P), refusalOf(at(refused(1, 0, 0)).ctx, P)]).toEqual([undefined, 'said AWS']);
    expect(freshRefusal(at().ctx, P)).toBeUndefined();
    expect(freshRefusal(at(refused(1, 0, NOW - LIMIT_MS)).ctx, P)).toBeUndefined();
    expect(freshRefusal(at(refused(1, 0, NOW - LIMIT_MS + 1)).ctx, P)).toEqual({ words: 'said AWS', ageMs: LIMIT_MS - 1 });
  });

  it('begins again once something is seen to be under way', () => {
    const seen = at(refused(4, NOW - 1000, NOW - 500));
    waitedOut(seen.ctx, P);
    expect(seen.facts[FACT]).toEqual(refused(0, NOW, NOW - 500));
    const none = at();
    waitedOut(none.ctx, P);
    expect(none.facts).toEqual({});
  });
});

describe('what a step sees while AWS refuses', () => {
  const words = 'it is closed, and AWS refuses to open it: said AWS';
  const seen = (fact: Json | undefined, observation: Observation, limitMs?: number) => {
    const { ctx, facts } = at(fact);
    return { is: orRefused(ctx, P, observation, 'to open it', limitMs), facts };
  };

  it('is what it is where AWS refuses nothing', () => {
    for (const one of [ABSENT, PENDING]) expect(seen(undefined, one)).toEqual({ is: one, facts: {} });
  });

  it('is the end of it where it is done', () => {
    const done: Observation = { state: 'reached', because: 'it is open' };
    expect(seen(refused(9, 0, NOW), done)).toEqual({ is: done, facts: { [FACT]: null } });
  });

  it('any other end stays as it is, and so does what was written down', () => {
    for (const one of [{ state: 'impossible', because: 'x' }, { state: 'paused', because: 'x' }] as const) expect(seen(refused(9, 0, NOW), one)).toEqual({ is: one, facts: { [FACT]: refused(9, 0, NOW) } });
  });

  it('while something is under way it does not count', () => {
    expect(seen(refused(9, 0, NOW - 1), PENDING)).toEqual({ is: { ...PENDING, because: 'it is modifying, and AWS refuses to open it: said AWS', reason: 'said AWS' }, facts: { [FACT]: refused(0, NOW, NOW - 1) } });
  });

  it.each<[string, Json, number | undefined, boolean]>([
    ['five times in five minutes', refused(5, NOW - LIMIT_MS, NOW), undefined, true],
    ['four times', refused(4, NOW - LIMIT_MS, NOW), undefined, false],
    ['five times in less', refused(5, NOW - LIMIT_MS + 1, NOW), undefined, false],
    ['five times, the last one long ago: a resume asks again', refused(5, NOW - 2 * LIMIT_MS, NOW - LIMIT_MS), undefined, false],
    ['five times, the last one not so long ago', refused(5, NOW - 2 * LIMIT_MS, NOW - LIMIT_MS + 1), undefined, true],
    ['five times in the time that is given', refused(5, NOW - 90_000, NOW), 90_000, true],
    ['five times in less than is given', refused(5, NOW - 89_999, NOW), 90_000, false],
  ])('%s', (_what, fact, limitMs, ends) => {
    const { is, facts } = seen(fact, ABSENT, limitMs);
    if (ends) {
      expect(is).toEqual({ state: 'impossible', because: `${words} (5 times)`, next: [`aws rds describe-db-instances --region ${SEOUL} --db-instance-identifier orders`, 'when the cause is gone: dr resume'] });
      expect(facts).toEqual({ [FACT]: null });
    } else {
      expect(is).toEqual({ ...ABSENT, because: words });
      expect(facts).toEqual({ [FACT]: fact });
    }
  });

  it('is a change, where nothing else is said', () => {
    expect(orRefused(at(refused(1, NOW, NOW)).ctx, P, ABSENT)).toMatchObject({ because: 'it is closed, and AWS refuses to change it: said AWS' });
  });
});

describe('asking again', () => {
  const asking = (...answers: (Error | undefined)[]) => {
    const asked: number[] = [];
    return { asked, ask: () => (asked.push(1), answers[asked.length - 1] === undefined ? Promise.resolve() : Promise.reject(answers[asked.length - 1] ?? new Error())) };
  };
  const gone = awsError('ModifyDBInstance', 'DBInstanceNotFoundFault', SEOUL, 404);

  it('waits in between, and forgets the refusals once AWS takes it', async () => {
    const { ctx, waits, facts } = at();
    const { ask, asked } = asking(busy(), busy());
    await whenFree(ctx, P, ask);
    expect([asked.length, waits, facts]).toEqual([3, [['aws', LIMITS.awsBackoffMaxMs], ['aws', LIMITS.awsBackoffMaxMs]], { [FACT]: null }]);
    const quick = at();
    await whenFree(quick.ctx, P, asking().ask);
    expect(quick.facts).toEqual({});
  });

  it('ends after five times with what the next look needs to know', async () => {
    const { ctx, waits } = at();
    const error = busy();
    const { ask, asked } = asking(...Array.from({ length: 6 }, () => error));
    await expect(whenFree(ctx, P, ask)).rejects.toMatchObject({ kind: 'retryable', isPassing: true, isRightMissing: false, code: 'InvalidDBInstanceState', message: error.message, cause: error, requestId: error.requestId });
    expect([asked.length, waits.length]).toEqual([5, 4]);
  });

  it('an instance that is gone meanwhile has another name; one that was never there is an error', async () => {
    await expect(whenFree(at().ctx, P, asking(busy(), gone).ask)).resolves.toBeUndefined();
    await expect(whenFree(at().ctx, P, asking(gone).ask)).rejects.toBe(gone);
    const bug = new Error('DBInstanceNotFound');
    await expect(whenFree(at().ctx, P, asking(busy(), bug).ask)).rejects.toBe(bug);
    const denied = busy('AccessDenied');
    await expect(whenFree(at().ctx, P, asking(busy(), denied).ask)).rejects.toBe(denied);
  });

  it('a change names the instance, and ends with the run', async () => {
    const { ctx, calls, signal } = at();
    await modifyWhenFree(ctx, P, { MultiAZ: true });
    expect(calls.map(({ region, operation, input }) => [region, operation, input])).toEqual([[SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: 'orders', MultiAZ: true }]]);
    expect(calls[0]?.signal).toBe(signal);
  });
});

describe('ready for a change', () => {
  it.each<[string, object | undefined]>([
    ['available', undefined],
    ['modifying', { state: 'pending', because: 'orders is modifying', waitingFor: 'aws' }],
    ['rebooting', { state: 'pending', because: 'orders is rebooting', waitingFor: 'aws' }],
    ['storage-full', { state: 'pending', because: 'orders is storage-full', waitingFor: 'aws' }],
    ['a-new-status', { state: 'pending', because: expect.stringContaining('orders is ') as string, waitingFor: 'aws' }],
    ['stopped', { state: 'impossible', because: 'orders is stopped: no' }],
  ])('%s', (status, seen) => {
    expect(notReady('orders', dbInstanceState(status), ': no')).toEqual(seen);
    expect(isAvailable({ DBInstanceStatus: status })).toBe(seen === undefined);
  });

  it('not where there is none', () => {
    expect(isAvailable(undefined)).toBe(false);
    expect(notReady('orders', dbInstanceState('failed'))).toEqual({ state: 'impossible', because: 'orders is failed' });
  });
});
