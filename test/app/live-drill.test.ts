import { describe, expect, it } from 'vitest';
import { passedDrill } from '../../src/app/due-drill.ts';
import { type LivePlan, liveDrill, type LiveDrillRequest } from '../../src/app/live-drill.ts';
import { offlinePlans } from '../../src/app/offline-plan.ts';
import { listAllRuns } from '../../src/app/runs.ts';
import type { RunWatchers } from '../../src/app/run-to-the-end.ts';
import { confirmLive, liveText } from '../../src/cli/confirm.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/state.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { traitsOf } from '../../src/model/verb.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { APPROVED, SEOUL, SHOP, TOKYO } from '../engine/simulated.ts';
import { type Bench, bench, refusalOf } from './fixture.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

interface Going {
  /** Told of every record; true: Ctrl-C. */
  stop?: (record: JournalRecord, state: RunState) => boolean;
  /** Before each run of it. */
  before?: (n: number) => Promise<void> | void;
  backWithinMs?: number;
}

async function benchOf(name = 'shop'): Promise<Bench> {
  const runbook = SHOP.replace('shop.yaml', `${name}.yaml`);
  const b = await bench({ alive: true, runbook });
  const loaded = await loadRunbook(runbook);
  for (const verb of ['switchover', 'reprotect'] as const) for (const region of [SEOUL, TOKYO]) for (const { steps } of (await offlinePlans(loaded, verb, region)).plans) await Promise.all(steps.map(({ kind }) => loadStepKind(kind)));
  return b;
}

/** There and back. */
async function live(b: Bench, { stop, before, backWithinMs = 12 * HOUR }: Going = {}, more: Partial<LiveDrillRequest> = {}) {
  let asked: LivePlan | undefined;
  const said: string[] = [];
  let n = 0;
  const drain = new AbortController();
  const onRecord = (record: JournalRecord, state: RunState) => {
    if (stop?.(record, state) === true) drain.abort(new Error('SIGINT'));
  };
  const watch: RunWatchers = { onRecord, drain: drain.signal };
  const each = async <T>(run: (watch: RunWatchers) => Promise<T>): Promise<T> => {
    await before?.((n += 1));
    return run(watch);
  };
  const result = await b.sim.clock.run(() => liveDrill({ region: TOKYO, runbooks: b.runbooks, state: { folder: b.state }, acceptances: APPROVED, effects: b.sim.effects, backWithinMs, confirm: (plan) => Promise.resolve(void (asked = plan)).then(() => 'flag' as const), each, onMessage: (text) => said.push(text), ...more }));
  return { result, asked, said };
}

const runsOf = async (b: Bench) => (await listAllRuns({ folder: b.state })).runs.toReversed();
const due = (b: Bench) => passedDrill({ runbooks: b.runbooks, region: TOKYO, state: { folder: b.state }, mode: 'lab', withinMs: 30 * 24 * HOUR, now: b.sim.clock.now() });

/** Where the writers are, and who answers. */
function stands(b: Bench) {
  b.sim.world.tick();
  const { databases, records } = b.sim.world.snapshot();
  return { writers: databases.filter(({ acceptsWrites }) => acceptsWrites).map(({ region }) => region), answered: records.filter(({ answered }) => answered).map(({ setIdentifier, failover }) => setIdentifier ?? failover) };
}

describe('a live drill', () => {
  it('moves users there and back by four runs, each of which says what it is part of; it counts as a drill', async () => {
    const b = await benchOf();
    const before = stands(b);
    expect(await due(b)).toBeUndefined();
    const { result, asked, said } = await live(b);
    expect(result.state.outcome).toBe('succeeded');
    expect(asked?.steps.map(({ part, verb }) => `${part} ${verb}`)).toEqual(['out switchover', 'rebuild reprotect', 'home switchover', 'protect reprotect']);
    expect(said).toHaveLength(3);
    const runs = await runsOf(b);
    expect(runs.map(({ live: of, outcome }) => `${of?.part ?? ''} ${outcome ?? ''}`)).toEqual(['out succeeded', 'rebuild succeeded', 'home succeeded', 'protect succeeded']);
    expect(new Set(runs.map(({ live: of }) => of?.id)).size).toBe(1);
    expect(stands(b)).toEqual(before);
    expect(result.summary.slice(0, 2)).toEqual(['LIVE DRILL of shop: users were moved there and back.', 'Users are in ap-northeast-2 (Seoul).']);
    expect(result.summary[2]).toMatch(/^Users were back at .*, within the window\.$/);
    expect((await due(b))?.run).toBe(runs[2]?.run);
    const [first] = runs;
    if (first === undefined) throw new Error('no run');
    const evidence = buildEvidence(first, []);
    expect([evidence.test.live?.part, evidence.test.scenario.replaceAll(/live-[0-9a-f]+/g, 'live-ID')]).toEqual(['out', 'Live drill live-ID, the way out. A planned move: shop leaves ap-northeast-2 (Seoul), which is healthy, for ap-northeast-1 (Tokyo).']);
  });

  it.each(['billing', 'archive', 'active-active'])('of %s comes back, too', async (name) => {
    const b = await benchOf(name);
    const before = stands(b).writers;
    const { result } = await live(b, { backWithinMs: 24 * HOUR });
    expect(result.summary[0]).toContain('users were moved there and back');
    expect((await runsOf(b)).every(({ outcome }) => outcome === 'succeeded')).toBe(true);
    expect(stands(b).writers).toEqual(before);
    expect(await due(b)).toBeDefined();
  });

  it('is refused where the way there and back may take longer than the window, before anything is begun', async () => {
    const b = await benchOf();
    const refusal = await refusalOf(live(b, { backWithinMs: 2 * HOUR }));
    expect([refusal.code, refusal.exit]).toEqual(['LIVE_WINDOW', 'refused']);
    expect(refusal.message).toMatch(/^Users would not be back within 2h in a slow case: there and back takes up to 3h 41m/);
    expect(refusal.next[0]).toMatch(/^--back-within 222m /);
    expect(await runsOf(b)).toEqual([]);
  });

  it('begins nothing when nobody confirms it', async () => {
    const b = await benchOf();
    await expect(live(b, {}, { confirm: () => Promise.reject(new Error('declined')) })).rejects.toThrow('declined');
    expect(await runsOf(b)).toEqual([]);
  });

  it('that a person stops on the way home is finished by dr resume, and counts then', async () => {
    const b = await benchOf();
    const { result } = await live(b, { stop: (record, { live: of }) => of?.part === 'home' && record.type === 'step.intent' && record.step === 'databases.orders.promote' });
    const runs = await runsOf(b);
    const home = runs.find(({ live: of }) => of?.part === 'home');
    expect(home?.outcome).toBeUndefined();
    expect(result.summary.join('\n')).toContain(`Users are on the way between ap-northeast-2 (Seoul) and ap-northeast-1 (Tokyo): dr status ${home?.run ?? ''}`);
    expect(result.summary).toContain(`  dr resume ${home?.run ?? ''}`);
    expect(result.summary).toContain('  dr reprotect --region ap-northeast-2 --standby ap-northeast-1 --runbook shop');
    expect(await due(b)).toBeUndefined();
    const resumed = await b.goOn({ run: home?.run ?? '' });
    expect([resumed.state.outcome, stands(b).writers]).toEqual(['succeeded', [SEOUL]]);
    expect((await due(b))?.run).toBe(home?.run);
  });

  it('begins no way home after the window, and says where users are and what to do', async () => {
    const b = await benchOf();
    const late = await live(b, { before: (n) => (n === 3 ? b.sim.clock.sleep(12 * HOUR) : undefined) }, {});
    // The third run had begun to be shown when the time was up: it is late, and said so.
    expect(late.result.summary.join('\n')).toContain('after the window');
    expect(late.result.exit).toBe('objectiveMissed');
    expect(await due(b)).toBeUndefined();
    const other = await benchOf();
    const slow = await live(other, { before: (n) => (n === 2 ? other.sim.clock.sleep(12 * HOUR) : undefined) });
    expect(slow.result.exit).toBe('failed');
    expect(slow.result.summary.slice(1, 3)).toEqual([expect.stringMatching(/^The window ends at .*, and the way home takes up to 25m 28s: it is not begun\.$/), 'Users are in ap-northeast-1 (Tokyo).']);
    expect(slow.result.summary).toContain('  dr switchover --region ap-northeast-2 --runbook shop --acknowledge-flap NAME --reason "the way home of a live drill"');
    expect(stands(other).writers).toEqual([TOKYO]);
  });

  it('whose way out is rolled back ends at home, with nothing to continue', async () => {
    const b = await benchOf();
    const { result } = await live(b, { before: () => b.sim.world.addFault({ service: 'rds', operation: 'PromoteReadReplica', effect: { kind: 'error', httpStatus: 400, code: 'InvalidParameterCombination', message: 'no' } }) as never });
    expect(result.summary.slice(0, 2)).toEqual(['LIVE DRILL of shop: users were not moved.', 'Users are in ap-northeast-2 (Seoul).']);
    expect(result.summary).not.toContain('To continue:');
    expect(await runsOf(b)).toHaveLength(1);
    expect(stands(b).writers).toEqual([SEOUL]);
  });
});

describe('its confirmation', () => {
  const io = (typed: string, tty = true) => {
    const shown: string[] = [];
    return { shown, io: { tty, write: (text: string) => void shown.push(text), ask: (question: string) => Promise.resolve(void shown.push(question)).then(() => typed) } };
  };
  async function asked(given: string | undefined, typed = '', tty = true) {
    const loaded = await loadRunbook(SHOP);
    const [plan] = (await offlinePlans(loaded, 'switchover', TOKYO)).plans;
    if (plan === undefined) throw new Error('no plan');
    expect(traitsOf(plan.verb).movesUsers).toBe(true);
    const live: LivePlan = { home: SEOUL, away: TOKYO, backP95: 100, steps: [{ part: 'out', verb: 'switchover', region: TOKYO, other: SEOUL, expected: { p50: 60, p95: 100 } }] };
    const at = io(typed, tty);
    return { at, live, answer: await confirmLive({ live, plan, given, acceptances: { approvedBy: [] }, backWithinMs: 30 * MINUTE }, at.io).catch((error: unknown) => (error as Error).message) };
  }

  it('is by words of its own: the name of the runbook alone does not do', async () => {
    expect((await asked('live shop')).answer).toBe('flag');
    expect((await asked('shop')).answer).toBe('--confirm says "shop", but what needs to be said is "live shop". Nothing was done.');
    expect((await asked(undefined, 'live shop')).answer).toBe('typed');
    expect((await asked(undefined, 'shop')).answer).toContain('"shop" is not "live shop"');
    expect((await asked(undefined, '', false)).answer).toContain('A live drill needs a confirmation');
  });

  it('shows both ways and the window', async () => {
    const { live } = await asked('live shop');
    expect(liveText(live, 30 * MINUTE)).toMatchInlineSnapshot(`
      "LIVE DRILL: users are really moved from Seoul (ap-northeast-2) to Tokyo (ap-northeast-1), and home again. Writes stop for a moment in each move.
      1. the way out  switchover  about 1m, 1m 40s in a slow case
      Back within 30m of now; in a slow case it takes 1m 40s. After that no way home is begun by itself."
    `);
  });
});
