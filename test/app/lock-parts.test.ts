import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { givesWay, heldByOthers, heldOf, leaseAll, lockName, resourceLocks, resourcesOf, stoppedDrills } from '../../src/app/locks.ts';
import { DrError } from '../../src/base/errors.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { type Lease, type LeaseRequest, type LockRecord, superseded } from '../../src/journal/lease.ts';
import type { StateStore } from '../../src/journal/state-store.ts';
import type { Verb } from '../../src/model/verb.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { OPERATOR, planStep, planWith } from '../journal/fixture.ts';

/* What a run takes and gives back, in which order, by a state that notes all of it. */

const LIVE = '111122223333';
const change = (resource: string) => ({ resource, field: 'size', before: '1', after: '2' });
const FAILOVER = '20261120T000000Z-shop-failover-000001';
const DRILL = '20261120T000000Z-shop-drill-000002';
const STEPS = [planStep('a', { changes: [change('rds:eu-west-1:Copy'), change('rds:eu-west-1:copy')] }), planStep('own.b', { changes: [change('x')] }), planStep('c', { oldWriter: 'rds:eu-central-1:old' })];
const planOf = (verb: Verb = 'failover') => planWith(STEPS, { verb });
const holder = (run: string): LockRecord => ({ run, term: 1, token: 't', user: 'ben', host: 'elsewhere', pid: 7, since: '2026-11-20T00:00:00.000Z' });

interface Kept {
  held?: Record<string, LockRecord>;
  last?: (run: string) => Promise<JournalRecord | undefined>;
  lease?: (request: LeaseRequest) => Partial<Lease>;
}

function stateWith({ held = {}, last = () => Promise.resolve(undefined), lease = () => ({}) }: Kept = {}) {
  const log: string[] = [];
  const asked: LeaseRequest[] = [];
  const state = {
    lockOf: (lock: string) => Promise.resolve(held[lock]),
    run: (run: string) => ({ last: () => (log.push(`last ${run}`), last(run)) }),
    lease: (request: LeaseRequest) => {
      log.push(`take ${request.lock}`);
      asked.push(request);
      return Promise.resolve({ term: asked.length, assertHeld: () => (log.push(`ask ${request.lock}`), Promise.resolve()), release: () => (log.push(`give ${request.lock}`), Promise.resolve()), ...lease(request) });
    },
  } as unknown as StateStore;
  return { state, log, asked };
}

const APP = `shop-${LIVE}`;
const RESOURCES = [`rds_eu-central-1_old-${LIVE}`, `rds_eu-west-1_copy-${LIVE}`];

describe('the names of locks', () => {
  it('are those of application and account; each lab has its own, by its endpoints', () => {
    const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);
    expect(lockName('shop', LIVE, ['a'])).toBe(APP);
    expect(lockName('shop', '000000000000', ['a', 'b'])).toBe(`shop-lab-${digest('a\nb')}`);
  });

  it('are of what a plan changes and of the writer that it leaves, once each, in one order; what a custom step changes has no name at AWS', () => {
    expect(resourcesOf({ steps: STEPS })).toEqual(['rds:eu-central-1:old', 'rds:eu-west-1:copy']);
    expect(resourceLocks(planOf(), [])).toEqual(RESOURCES);
  });

  it('are names of files, and not too long for one', () => {
    const lockOf = (resource: string) => resourceLocks(planWith([planStep('a', { changes: [change(resource)] })]), [])[0] ?? '';
    expect(lockOf('asg:eu-west-1:a b/c.d')).toBe(`asg_eu-west-1_a_b_c_d-${LIVE}`);
    const longest = `asg:${'x'.repeat(120 - 4 - LIVE.length - 1)}`;
    expect(lockOf(longest)).toBe(`${longest.replace(':', '_')}-${LIVE}`);
    const cut = lockOf(`${longest}y`);
    expect(cut).toMatch(/^asg_[0-9a-f]{32}$/);
    expect(lockOf(`${longest}z`)).not.toBe(cut);
  });
});

describe('what others hold', () => {
  const outcome = (run: string, parts: object) => (asked: string) => Promise.resolve(asked === run ? (parts as JournalRecord) : undefined);

  it('is named by lock and run, of the application and of each resource', async () => {
    const { state } = stateWith({ held: { [APP]: holder(FAILOVER), [RESOURCES[1] ?? '']: holder(DRILL) } });
    expect(await heldByOthers(state, planOf(), [], OPERATOR)).toEqual([{ lock: APP, holder: holder(FAILOVER) }, { lock: RESOURCES[1], holder: holder(DRILL) }]);
    expect(await heldByOthers(stateWith().state, planOf(), [], OPERATOR)).toEqual([]);
  });

  it('is nothing of a run that is over, or of a lock that was given back; what cannot be read is respected', async () => {
    const held = { x: holder(FAILOVER) };
    const of = async (kept: Kept) => (await heldOf(stateWith(kept).state, ['x'], OPERATOR)).length;
    expect(await of({ held, last: outcome(FAILOVER, { type: 'run.finished', outcome: 'succeeded' }) })).toBe(0);
    expect(await of({ held, last: outcome(FAILOVER, { type: 'run.finished', outcome: 'failed' }) })).toBe(1);
    expect(await of({ held, last: () => Promise.reject(new Error('damaged')) })).toBe(1);
    expect(await of({ held: { x: { ...holder(FAILOVER), released: true } } })).toBe(0);
    const odd = stateWith({ held: { x: holder('unknown') } });
    expect([(await heldOf(odd.state, ['x'], OPERATOR)).length, odd.log]).toEqual([1, []]);
  });
});

describe('a run that needs an application', () => {
  const request = { run: FAILOVER, operator: OPERATOR, now: 5, ids: new SeededIds(1) };

  it('takes it, then its resources, and gives them back in the other order, once', async () => {
    const { state, log, asked } = stateWith();
    const lease = await leaseAll(state, planOf(), [], { ...request, above: 7 });
    expect(lease.term).toBe(1);
    expect(asked.map(({ above, run, now }) => [above, run, now])).toEqual([[7, FAILOVER, 5], [undefined, FAILOVER, 5], [undefined, FAILOVER, 5]]);
    expect(Object.keys(asked[1] ?? {})).not.toContain('above');
    await lease.release();
    await lease.release();
    const all = [APP, ...RESOURCES];
    expect(log).toEqual([...all.map((lock) => `take ${lock}`), ...all.toReversed().map((lock) => `give ${lock}`)]);
    const fresh = stateWith();
    await leaseAll(fresh.state, planOf(), [], request);
    expect(Object.keys(fresh.asked[0] ?? {})).not.toContain('above');
  });

  it('gives back what it has where it does not get all, and says why it did not', async () => {
    const { state, log } = stateWith({ lease: ({ lock }) => { if (lock === RESOURCES[1]) throw new Error('busy'); return lock === APP ? { release: () => Promise.reject(new Error('away')) } : {}; } });
    await expect(leaseAll(state, planOf(), [], request)).rejects.toThrow('busy');
    expect(log.slice(-1)).toEqual([`give ${RESOURCES[0] ?? ''}`]);
  });

  it('says what could not be given back first, and gives back the rest', async () => {
    const { state, log } = stateWith({ lease: ({ lock }) => (lock === APP ? {} : { release: () => Promise.reject(new Error(`${lock} is away`)) }) });
    const lease = await leaseAll(state, planOf(), [], request);
    await expect(lease.release()).rejects.toThrow(`${RESOURCES[1] ?? ''} is away`);
    expect(log.at(-1)).toBe(`give ${APP}`);
  });

  it('asks for its application to write, and for all that it holds to change anything', async () => {
    const { state, log } = stateWith();
    const lease = await leaseAll(state, planOf(), [], request);
    log.length = 0;
    await lease.guard(false);
    expect(log).toEqual([`ask ${APP}`]);
    await lease.guard(true);
    await lease.assertHeld();
    const all = [APP, ...RESOURCES].map((lock) => `ask ${lock}`);
    expect(log).toEqual([`ask ${APP}`, ...all, ...all]);
  });

  it('that is superseded says so; a drill says how its twins are deleted', async () => {
    const lostAs = async (verb: Verb, run: string, thrown: Error) => {
      const { state } = stateWith({ lease: () => ({ assertHeld: () => Promise.reject(thrown) }) });
      const lease = await leaseAll(state, planOf(verb), [], { ...request, run });
      return lease.guard(false).then(() => undefined, (error: unknown) => error);
    };
    const gone = superseded('shop', undefined, 'By somebody.');
    expect(await lostAs('failover', FAILOVER, gone)).toBe(gone);
    expect(await lostAs('drill', DRILL, gone)).toMatchObject({ code: 'SUPERSEDED', exit: 'busy', message: gone.message, detail: 'By somebody.', next: [`dr drill clean ${DRILL}    deletes its twins, when the other run is over`], cause: gone });
    const bare = new DrError({ code: 'SUPERSEDED', exit: 'busy', title: 'gone' });
    expect((await lostAs('drill', DRILL, bare)) as DrError).toMatchObject({ message: 'gone', detail: undefined });
    for (const other of [new DrError({ code: 'STATE_UNUSABLE', exit: 'journal', title: 'full' }), new Error('silent')]) expect(await lostAs('drill', DRILL, other)).toBe(other);
    expect(await lostAs('drill', DRILL, 'text' as unknown as Error)).toEqual(new Error('text'));
  });

  it('forces nobody without a decision; a take-over is from that same run only', async () => {
    const forced = async (more: object, held: LockRecord, verb: Verb = 'failover') => {
      const { state, asked } = stateWith();
      await leaseAll(state, planOf(verb), [], { ...request, ...more });
      return asked.map(({ force }) => typeof force === 'function' && force(held));
    };
    expect(await forced({}, holder(FAILOVER))).toEqual([false, false, false]);
    expect(await forced({ takeOver: true }, holder(FAILOVER))).toEqual([true, true, true]);
    expect(await forced({ takeOver: true }, holder(DRILL))).toEqual([false, false, false]);
    expect(await forced({}, holder(DRILL))).toEqual([false, false, false]);
    const left: string[] = [];
    const onPreempted = (run: string) => void left.push(run);
    expect(await forced({ onPreempted }, holder(DRILL))).toEqual([true, true, true]);
    expect(left).toEqual([DRILL, DRILL, DRILL]);
    expect(await forced({ onPreempted }, holder('20261120T000000Z-shop-failover-000003'))).toEqual([false, false, false]);
    expect(await forced({ onPreempted }, holder(DRILL), 'drill')).toEqual([false, false, false]);
    expect(left).toHaveLength(3);
  });

  it('is given way by a drill, and by nobody whose verb is not known', () => {
    expect([givesWay('failover', holder(DRILL)), givesWay('drill', holder(DRILL)), givesWay('failover', holder(FAILOVER)), givesWay('failover', holder('unknown'))]).toEqual([true, false, false, false]);
  });
});

it('a drill that gives way is said once, and is known to the run that takes its place', () => {
  const said: string[] = [];
  const { stopped, onPreempted } = stoppedDrills((text) => void said.push(text));
  expect(stopped()).toEqual({});
  for (const run of [DRILL, DRILL, 'other']) onPreempted(run);
  expect(stopped()).toEqual({ stoppedDrills: [DRILL, 'other'] });
  expect(said).toEqual([DRILL, 'other'].map((run) => `The drill ${run} holds this application, and gives way: it stops before its next change. Its twins stay; delete them afterwards: dr drill clean ${run}`));
  const silent = stoppedDrills();
  silent.onPreempted(DRILL);
  expect(silent.stopped()).toEqual({ stoppedDrills: [DRILL] });
});
