import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { abort } from '../../src/app/abort.ts';
import type { Direction } from '../../src/app/observe.ts';
import { lockName } from '../../src/app/locks.ts';
import { resume } from '../../src/app/resume.ts';
import { DrError } from '../../src/base/errors.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { APPROVED, planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { withPlanSchema } from '../journal/fixture.ts';

const HOME = { region: SEOUL, id: 'shop-orders' };
const RUN = '20261120T000000Z-shop-failover-000001';

/** A run that was stopped at a record, as it lies in a state folder. */
async function stopped(sim: Simulation, direction: Direction, at: (record: JournalRecord) => boolean, acceptances = APPROVED): Promise<string> {
  const drain = new AbortController();
  const plan = await planOf(sim, direction);
  const { records, outcome } = await runPlan(sim, plan, {
    acceptances,
    drain: drain.signal,
    onRecord: (record) => {
      if (at(record)) drain.abort(new Error('stop requested'));
    },
  });
  expect(outcome).toBe('interrupted');
  const state = await mkdtemp(join(tmpdir(), 'dr-test-'));
  await mkdir(join(state, 'runs', RUN), { recursive: true });
  await writeFile(join(state, 'runs', RUN, 'journal.jsonl'), records.map((r) => `${JSON.stringify(r)}\n`).join(''));
  return state;
}

function aborting(sim: Simulation, state: string, asked: string[] = [], { meanwhile, ...more }: { run?: string; takeOver?: boolean; reason?: string | undefined; meanwhile?: () => Promise<unknown> } = {}) {
  return sim.clock.run(() =>
    abort({
      reason: 'changed our minds',
      ...more,
      state: { folder: state },
      effects: sim.effects,
      drain: new AbortController().signal,
      onRecord: () => undefined,
      confirm: async (_state, acted) => {
        asked.push(...acted.map((step) => step.id));
        await meanwhile?.();
      },
    }),
  );
}

async function errorOf(work: Promise<unknown>): Promise<DrError> {
  const error = await work.then(() => undefined, (e: unknown) => e);
  expect(error).toBeInstanceOf(DrError);
  return error as DrError;
}

const done = (step: string) => (record: JournalRecord) => record.type === 'step.done' && record.step === step;

describe('dr abort', () => {
  it('undoes what a switchover did before the line, newest first, and users are where they were', async () => {
    const sim = await simulation();
    const before = sim.world.snapshot().groups;
    const state = await stopped(sim, { verb: 'switchover', region: TOKYO }, done('databases.orders.quiesce'));
    expect(sim.world.acceptsWrites(HOME)).toBe(false);
    const asked: string[] = [];
    const result = await aborting(sim, state, asked);
    expect(asked).toEqual(['databases.orders.quiesce', 'compute.api.scaleOut']);
    expect(result.state.outcome).toBe('aborted');
    expect(result.exit).toBe('failed');
    expect(result.summary.slice(-3)).toEqual(['Rolled back:', '  undone      compute.api.scaleOut', '  undone      databases.orders.quiesce']);
    expect(sim.world.acceptsWrites(HOME)).toBe(true);
    expect(sim.world.snapshot().groups).toEqual(before);
    const records = await new LocalStore(state, RUN).read();
    expect(records.find(({ type }) => type === 'undo.started')).toMatchObject({ because: 'changed our minds' });
    const types = records.map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('undo.'))).toEqual(['undo.started', 'undo.intent', 'undo.done', 'undo.intent', 'undo.done']);
    expect(await errorOf(aborting(sim, state))).toMatchObject({ code: 'NOTHING_TO_RESUME', message: 'There is no run that could be rolled back.' });
    const resuming = sim.clock.run(() => resume({ run: RUN, state: { folder: state }, effects: sim.effects, acceptances: APPROVED, drain: new AbortController().signal, onRecord: () => undefined }));
    expect(await errorOf(resuming)).toMatchObject({ code: 'RUN_ENDED', message: `Run ${RUN} was rolled back: there is nothing to resume.` });
  });

  it('gives the old writer its security groups back', async () => {
    const sim = await simulation();
    const groups = () => sim.world.snapshot().databases.find((d) => d.id === HOME.id)?.securityGroups;
    const before = groups();
    const attested = { ...APPROVED, sourceDown: 'alice', reason: 'fire' };
    const state = await stopped(sim, { verb: 'failover', region: TOKYO }, done('databases.orders.fence'), attested);
    expect(groups()).not.toEqual(before);
    const { state: end, summary } = await aborting(sim, state);
    expect(summary.join('\n')).not.toContain('not undone');
    expect(end.outcome).toBe('aborted');
    expect(groups()).toEqual(before);
    expect(end.facts.get('fence.orders')).toMatchObject({ verdict: 'undone' });
  });

  it('says what cannot be undone, and that it is not over then', async () => {
    const sim = await simulation();
    const state = await stopped(sim, { verb: 'switchover', region: TOKYO }, done('databases.orders.quiesce'));
    sim.world.breakRegion(SEOUL);
    const { state: end, exit, summary } = await aborting(sim, state);
    expect([end.outcome, exit]).toEqual(['failed', 'failed']);
    expect(summary.join('\n')).toContain('not undone  databases.orders.quiesce: ');
    expect(end.steps.get('compute.api.scaleOut')?.state).toBe('undone');
    sim.world.healRegion(SEOUL);
    const again = await aborting(sim, state);
    expect(again.state.outcome).toBe('aborted');
    expect(sim.world.acceptsWrites(HOME)).toBe(true);
  });

  it('refuses a run whose plan is of another schema, and changes nothing', async () => {
    const sim = await simulation();
    const state = await stopped(sim, { verb: 'switchover', region: TOKYO }, done('databases.orders.quiesce'));
    const path = join(state, 'runs', RUN, 'journal.jsonl');
    const text = withPlanSchema(await new LocalStore(state, RUN).read(), 'dr.plan/1').map((record) => `${JSON.stringify(record)}\n`).join('');
    await writeFile(path, text);
    const asked: string[] = [];
    expect(await errorOf(aborting(sim, state, asked))).toMatchObject({
      code: 'PLAN_OF_OTHER_VERSION',
      exit: 'refused',
      message: `Run ${RUN} has a plan of the schema dr.plan/1; this version of dr runs dr.plan/3.`,
    });
    expect(asked).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(sim.world.acceptsWrites(HOME)).toBe(false);
  });

  it('refuses once the line is crossed, and says what to do instead', async () => {
    const sim = await simulation();
    const crossing = (record: JournalRecord) => record.type === 'step.intent' && record.step === 'databases.orders.promote';
    const state = await stopped(sim, { verb: 'switchover', region: TOKYO }, crossing);
    const error = await errorOf(aborting(sim, state));
    expect(error).toMatchObject({ code: 'LINE_CROSSED', exit: 'refused', message: `Run ${RUN} has passed the point of no return: it cannot be rolled back.` });
    expect(error.next).toEqual([`dr resume ${RUN}    continues to the end`, `then dr reprotect --standby ${SEOUL}`, `then dr switchover --region ${SEOUL}`]);
  });

  it('refuses where somebody continued the run while the person was asked: what the journal says under the lock counts', async () => {
    const sim = await simulation();
    const state = await stopped(sim, { verb: 'switchover', region: TOKYO }, done('databases.orders.quiesce'));
    const others = { state: { folder: state }, effects: sim.effects, onRecord: () => undefined };
    const crossing = new AbortController();
    const atLine = (record: JournalRecord): void => {
      if (record.type === 'step.acted' && record.step === 'databases.orders.promote') crossing.abort(new Error('stopped'));
    };
    const over = () => resume({ ...others, acceptances: APPROVED, onRecord: atLine, drain: crossing.signal });
    expect(await errorOf(aborting(sim, state, [], { meanwhile: over }))).toMatchObject({ code: 'LINE_CROSSED', exit: 'refused' });
    expect(sim.world.acceptsWrites(HOME)).toBe(false);
    const { state: end } = await sim.clock.run(() => resume({ ...others, acceptances: APPROVED, drain: new AbortController().signal }));
    expect(end.outcome).toBe('succeeded');
  });

  /** Users are in Tokyo, and Seoul is back with a writer that nobody could fence. */
  async function afterFailover(): Promise<Simulation> {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await runPlan(sim, await planOf(sim, TOKYO));
    sim.world.healRegion(SEOUL);
    expect(sim.world.acceptsWrites(HOME)).toBe(true);
    return sim;
  }

  it('renames the old primary back, and leaves it in quarantine: it would be a second writer', async () => {
    const sim = await afterFailover();
    const state = await stopped(sim, { verb: 'reprotect' }, done('databases.orders.keepOld'));
    const { state: end, summary } = await aborting(sim, state);
    expect(end.outcome).toBe('aborted');
    expect(sim.world.snapshot().databases.map((d) => d.id).sort()).toEqual(['shop-orders', 'shop-orders-tokyo']);
    expect(sim.world.acceptsWrites(HOME)).toBe(false);
    expect(end.steps.get('databases.orders.closeOld')?.notUndone).toMatchObject({ code: 'NO_UNDO' });
    expect(summary.join('\n')).toContain('shop-orders in ap-northeast-2 stays in quarantine: open again it would be a second writer. It had sg-0cccccccccccccccc');
    // Its groups cannot be told from it any more; the refusal says what to write where.
    const { state: later } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }));
    expect(later.steps.get('databases.orders.standbyGate')?.refusal).toMatchObject({ override: 'add to the database in the runbook: securityGroups: { ap-northeast-2: [sg-…] }' });
  });

  it('leaves a new replica where it is', async () => {
    const sim = await afterFailover();
    const late = await stopped(sim, { verb: 'reprotect' }, done('databases.orders.rebuild'));
    const { state: end, summary } = await aborting(sim, late);
    expect(end.outcome).toBe('failed');
    expect(summary.join('\n')).toContain('the name shop-orders is taken by the new replica; the old instance stays shop-orders-old-20261120');
    expect(end.steps.get('databases.orders.rebuild')?.notUndone).toMatchObject({ code: 'NO_UNDO' });
  });
});

it('a run that another machine holds is rolled back by anyone who takes it over, and by nobody else', async () => {
  const sim = await simulation();
  const state = await stopped(sim, { verb: 'switchover', region: TOKYO }, done('databases.orders.quiesce'));
  const application = lockName('shop', '000000000000', []);
  await new LocalState(state).lease({ lock: application, run: RUN, operator: { identity: 'arn:lee', user: 'lee', host: 'desk', pid: 7 }, now: 0, ids: new SeededIds(1) });
  const refused = await errorOf(aborting(sim, state, [], { run: RUN }));
  expect(refused).toMatchObject({ code: 'RUN_IN_PROGRESS', next: expect.arrayContaining([`dr takeover ${RUN}    if that runner is gone for good`]) as string[] });
  expect(sim.world.acceptsWrites(HOME)).toBe(false);
  expect((await aborting(sim, state, [], { run: RUN, takeOver: true, reason: undefined })).state).toMatchObject({ outcome: 'aborted', term: 2 });
  expect((await new LocalStore(state, RUN).read()).find(({ type }) => type === 'undo.started')).toMatchObject({ because: 'aborted by a person' });
  expect(sim.world.acceptsWrites(HOME)).toBe(true);
});
