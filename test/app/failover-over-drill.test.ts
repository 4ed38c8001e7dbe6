import { describe, expect, it } from 'vitest';
import type { DrError } from '../../src/base/errors.ts';
import { cleanDrill } from '../../src/app/sweep-drills.ts';
import { endpointOverrides } from '../../src/app/live-effects.ts';
import { leaseAll, lockName } from '../../src/app/locks.ts';
import { previewRun } from '../../src/app/preview.ts';
import { standingOf } from '../../src/app/standing.ts';
import type { RunResult } from '../../src/app/run-to-the-end.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { Lease } from '../../src/journal/lease.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { DRILL, keepBackups, STANDBY, twinsIn } from '../engine/drills.ts';
import { APPROVED, planOf, SEOUL, TOKYO } from '../engine/simulated.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { bench, type Bench, refusalOf, stopAt } from './fixture.ts';

const DRAIN = new AbortController().signal;

/** A bench in which a drill can be made: its standby keeps backups. */
async function drillBench(): Promise<Bench> {
  const b = await bench({ alive: true });
  await keepBackups(b.sim);
  const plan = await planOf(b.sim, DRILL);
  await Promise.all(plan.steps.map((step) => loadStepKind(step.kind)));
  return b;
}

const ELSEWHERE = '20261129T204500Z-shop-drill-1a2b3c';
const ELSEWHERE_BY = { identity: 'arn', user: 'ben', host: 'elsewhere', pid: 7 };

/** A drill of the shop on another machine, which is not known to be gone. */
function drillElsewhere(b: Bench, account: string): Promise<Lease> {
  return new LocalState(b.state).lease({ lock: lockName('shop', account, endpointOverrides()), run: ELSEWHERE, operator: ELSEWHERE_BY, now: 1, ids: new SeededIds(9) });
}

/** A drill that loses its application to a failover at the first record that fits; the region is lost at that moment. */
async function taken(b: Bench, fits: (record: JournalRecord) => boolean) {
  const drilled: JournalRecord[] = [];
  const said: string[] = [];
  let failover: Promise<RunResult> | undefined;
  let begunAt = 0;
  const onRecord = (record: JournalRecord): void => {
    drilled.push(record);
    if (failover !== undefined || !fits(record)) return;
    b.sim.world.breakRegion(SEOUL);
    begunAt = b.sim.clock.now();
    failover = b.start({ onMessage: (text) => void said.push(text) });
    failover.catch(() => undefined);
  };
  const drill = await refusalOf(b.start({ ...DRILL, onRecord }));
  const result = await (failover ?? Promise.reject(new Error('no record fits')));
  return { drilled, said, drill, result, begunAt };
}

const STAGES: [string, (record: JournalRecord) => boolean][] = [
  ['intends to make its first twin', (record) => record.type === 'step.intent' && record.step.includes('twin')],
  ['has asked for it', (record) => record.type === 'step.acted' && record.step.includes('twin')],
  ['deletes its twins', (record) => record.type === 'undo.intent'],
];

describe('a failover while a drill runs', () => {
  it.each(STAGES)('takes the application from a drill that %s, and does not wait for its twins', async (_stage, fits) => {
    const b = await drillBench();
    const { drilled, said, drill, result } = await taken(b, fits);
    const run = drilled[0]?.run ?? '';
    expect(drill).toMatchObject({ code: 'SUPERSEDED', exit: 'busy', next: [`dr drill clean ${run}    deletes its twins, when the other run is over`] });
    expect(result.state.outcome).toBe('succeeded');
    expect(result.state.stoppedDrills).toEqual([run]);
    expect(said.join('\n')).toContain(`dr drill clean ${run}`);
    expect(drilled.filter(({ at, type }) => at > result.state.startedAt && /intent|acted/.test(type))).toEqual([]);
    const left = twinsIn(b.sim);
    const line = result.summary.find((one) => one.startsWith(`Drill ${run}: `)) ?? '';
    expect(line).toContain(`dr drill clean ${run}`);
    for (const name of left.filter((one) => !one.includes('owner'))) expect(line).toContain(name.split('.')[0]);
    expect(b.sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
    const view = await standingOf({ folder: b.state }, result.state.run, b.sim.clock.now());
    expect(view.left?.map((one) => one.run)).toEqual([run]);
    const cleaned = await b.sim.clock.run(() => cleanDrill({ run, state: { folder: b.state }, effects: b.sim.effects, drain: DRAIN, onRecord: () => undefined }));
    expect([twinsIn(b.sim), cleaned.exit]).toEqual([[], 'failed']);
    expect((await standingOf({ folder: b.state }, result.state.run, b.sim.clock.now())).left).toEqual([]);
  });

  it('waits out a backup of the standby, of which a twin may be the reason', async () => {
    const b = await drillBench();
    b.sim.world.setDbStatus(STANDBY, 'backing-up');
    b.sim.world.breakRegion(SEOUL);
    const from = b.sim.clock.now();
    b.sim.clock.sleep(200_000).then(() => b.sim.world.setDbStatus(STANDBY, 'available'), () => undefined);
    const { state } = await b.start();
    expect(state.outcome).toBe('succeeded');
    expect(state.lastAt - from).toBeGreaterThan(200_000);
  });

  it('is refused by nothing of the drill before it begins', async () => {
    const b = await drillBench();
    const plan = await planOf(b.sim, TOKYO);
    await drillElsewhere(b, plan.account);
    const seen = await b.sim.clock.run(() => previewRun({ plan, identity: 'arn', effects: b.sim.effects, state: { folder: b.state }, acceptances: APPROVED }));
    expect(seen.refusals.filter(({ step }) => step === 'lock')).toEqual([]);
  });

  it('takes it from a drill on another machine of which nothing can be read, and names that drill', async () => {
    const b = await drillBench();
    const plan = await planOf(b.sim, TOKYO);
    const lease = await drillElsewhere(b, plan.account);
    b.sim.world.breakRegion(SEOUL);
    const result = await b.start();
    expect(result.state.outcome).toBe('succeeded');
    expect(result.summary).toContain(`Drill ${ELSEWHERE}: its twins may be there. Delete what is left, once this is over: dr drill clean ${ELSEWHERE}`);
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED' });
  });

  it('takes it when it is resumed, too', async () => {
    const b = await drillBench();
    b.sim.world.breakRegion(SEOUL);
    const first = await b.start(stopAt((record) => record.type === 'checks.green'));
    expect(first.exit).toBe('interrupted');
    await drillElsewhere(b, first.state.plan.account);
    const second = await b.goOn({ acceptances: APPROVED });
    expect([second.state.outcome, second.state.stoppedDrills]).toEqual(['succeeded', [ELSEWHERE]]);
  });

  it('of two at once, one takes it, and never from the other', async () => {
    const b = await drillBench();
    const plan = await planOf(b.sim, TOKYO);
    await drillElsewhere(b, plan.account);
    const state = new LocalState(b.state);
    const ask = (n: number) => leaseAll(state, plan, endpointOverrides(), { run: `20261129T21000${n}Z-shop-failover-00000${n}`, operator: ELSEWHERE_BY, now: 2, ids: new SeededIds(n), onPreempted: () => undefined });
    const ends = await Promise.allSettled([ask(3), ask(4), ask(5)]);
    const [got] = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    await got?.assertHeld();
  });
});

describe('what does not go before a drill', () => {
  it('a switchover is shown the command that stops it', async () => {
    const b = await drillBench();
    await drillElsewhere(b, (await planOf(b.sim, TOKYO)).account);
    const busy = await refusalOf(b.start({ verb: 'switchover' }));
    expect(busy).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy' });
    expect(busy.next).toContain(`dr drill clean ${ELSEWHERE} --takeover    stops that drill, and deletes its twins`);
  });

  it('a drill is refused while a failover runs, and another drill while a drill runs', async () => {
    const b = await drillBench();
    for (const verb of ['drill', 'failover'] as const) {
      const refused: Promise<DrError>[] = [];
      if (verb === 'failover') b.sim.world.breakRegion(SEOUL);
      const result = await b.start({ verb, onRecord: ({ type }) => type === 'checks.green' && refused.push(refusalOf(b.start(DRILL))) });
      expect(result.state.outcome).toBe('succeeded');
      expect(await refused[0]).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy' });
    }
  });
});
