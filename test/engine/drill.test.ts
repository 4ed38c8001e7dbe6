import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AwsError, NO_ANSWER } from '../../src/aws/errors.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { isOver, leftBehind } from '../../src/journal/state.ts';
import { MUTATIONS } from '../../src/aws/operations.ts';
import { DRILL, drillable, isDryRun, keepBackups, namesChanged, STANDBY, twinsIn } from './drills.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { planOf, runPlan, SEOUL, SHOP, type Simulation, simulation } from './simulated.ts';
import { BRISK, endState } from './sweep.ts';

/** Everything that a drill asked AWS to change, by name of what was changed. */
function asked(sim: Simulation): { sim: Simulation; names: string[] } {
  const names: string[] = [];
  const { aws } = sim.effects;
  const watched: Simulation = {
    ...sim,
    effects: {
      ...sim.effects,
      aws: {
        call: (request) => {
          if (MUTATIONS.has(`${request.service}.${request.operation}`) && !isDryRun(request.input)) names.push(`${request.operation} ${namesChanged(sim.world, request).join(' ')}`);
          return aws.call(request);
        },
      },
    },
  };
  return { sim: watched, names };
}

describe('a drill', () => {
  it('promotes a twin of the standby, writes to it, makes a record, and leaves nothing; production is as it was', async () => {
    const { sim, names } = asked(await drillable());
    const before = await endState(sim);
    const { state, outcome } = await runPlan(sim, await planOf(sim, DRILL));
    expect(outcome).toBe('succeeded');
    expect(isOver(state)).toBe(true);
    expect(leftBehind(state)).toEqual([]);
    expect(await endState(sim)).toEqual(before);
    expect(twinsIn(sim)).toEqual([]);
    // The standby answers, and not as an active region: that is not shown, and not green. No message says that users have moved.
    expect(state.steps.get('verify.home-page')?.because).toMatch(/^not judged: .* answers with status 503, not 200/);
    expect(sim.world.state.published.map(({ subject }) => subject)).toEqual([`dr: drill of shop in ${STANDBY.region}`]);
    const own = names.filter((name) => !name.startsWith('Publish'));
    expect(own.every((name) => name.includes('dr-drill-'))).toBe(true);
    expect(own.map((name) => name.replaceAll(/dr-drill-[0-9a-f]{8}/g, 'dr-drill-M'))).toMatchInlineSnapshot(`
      [
        "DeleteDBInstance dr-drill-M-nobody",
        "DeleteAutoScalingGroup dr-drill-M-nobody",
        "ChangeResourceRecordSets dr-drill-M-nobody.shop.example.com",
        "CreateDBInstanceReadReplica dr-drill-M-shop-orders-tokyo",
        "PromoteReadReplica dr-drill-M-shop-orders-tokyo",
        "CreateAutoScalingGroup dr-drill-M-shop-api",
        "ChangeResourceRecordSets dr-drill-M-a.shop.example.com dr-drill-M-a-owner.shop.example.com",
        "ChangeResourceRecordSets dr-drill-M-a.shop.example.com. dr-drill-M-a-owner.shop.example.com.",
        "DeleteAutoScalingGroup dr-drill-M-shop-api",
        "DeleteDBInstance dr-drill-M-shop-orders-tokyo",
      ]
    `);
  });

  it('is rolled back when a step of it fails, and says so', async () => {
    const sim = await drillable();
    const before = await endState(sim);
    const plan = await planOf(sim, DRILL);
    sim.world.addFault({ service: 'rds', operation: 'PromoteReadReplica', effect: { kind: 'error', httpStatus: 400, code: 'InvalidParameterValue', message: 'no' } });
    const { state, outcome } = await runPlan(sim, plan);
    expect(outcome).toBe('failed');
    expect(state.leadingBack?.ended).toBe('failed');
    expect(isOver(state)).toBe(true);
    expect(await endState(sim)).toEqual(before);
    expect(twinsIn(sim)).toEqual([]);
  });

  it('is rolled back when a person stops it', async () => {
    const sim = await drillable();
    const before = await endState(sim);
    const stop = new AbortController();
    const onRecord = (record: JournalRecord) => {
      if (record.type === 'step.acted' && record.step === 'databases.orders.promote') stop.abort(new Error('Ctrl-C'));
    };
    const { state, outcome } = await runPlan(sim, await planOf(sim, DRILL), { drain: stop.signal, onRecord });
    expect(outcome).toBe('aborted');
    expect(state.leadingBack?.ended).toBe('interrupted');
    expect(isOver(state)).toBe(true);
    expect(await endState(sim)).toEqual(before);
  });

  it('that cannot delete its twin says that it is left, and is not over', async () => {
    const sim = await drillable();
    const plan = await planOf(sim, DRILL);
    const onRecord = (record: JournalRecord) => {
      if (record.type === 'undo.started') sim.world.addFault({ service: 'rds', operation: 'DeleteDBInstance', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied', message: 'not you' } });
    };
    const { state, outcome } = await runPlan(sim, plan, { onRecord });
    expect(outcome).toBe('failed');
    expect(leftBehind(state).map(({ id }) => id)).toEqual(['databases.orders.twin', 'databases.orders.promote']);
    expect(isOver(state)).toBe(false);
    expect(twinsIn(sim)).toHaveLength(1);
  });

  it('fails when production is not as it was, no matter who changed it, and leaves nothing', async () => {
    const sim = await drillable();
    const onRecord = (record: JournalRecord) => {
      if (record.type === 'step.acted' && record.step === 'databases.orders.promote') void sim.effects.aws.call({ service: 'autoscaling', region: STANDBY.region, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: 'shop-api', MaxSize: 99 } });
    };
    const { state, outcome } = await runPlan(sim, await planOf(sim, DRILL), { onRecord });
    expect(outcome).toBe('failed');
    expect(state.steps.get('compute.api.production')?.notUndone).toMatchObject({ code: 'PRODUCTION_CHANGED', message: expect.stringContaining('max was') as string });
    expect(leftBehind(state)).toEqual([]);
    expect(isOver(state)).toBe(true);
    expect(twinsIn(sim)).toEqual([]);
  });

  it('says which part of production gave no answer and was not compared', async () => {
    const sim = await drillable();
    const plan = await planOf(sim, DRILL);
    const { aws } = sim.effects;
    const silent: typeof aws = { call: (request) => (request.service === 'rds' && request.region === SEOUL ? Promise.reject(new AwsError({ ...request, code: NO_ANSWER, message: 'no answer' })) : aws.call(request)) };
    const { state, records, outcome } = await runPlan({ ...sim, effects: { ...sim.effects, aws: silent } }, plan);
    expect(outcome).toBe('succeeded');
    expect(buildEvidence(state, records).verdict.sentence).toMatch(/Not compared, for it gave no answer: .*shop-orders/);
    const all = await runPlan(await drillable(), plan);
    expect(buildEvidence(all.state, all.records).verdict.sentence).not.toContain('Not compared');
  });

  it('deletes nothing that only has the name of its twin', async () => {
    const sim = await drillable();
    const plan = await planOf(sim, DRILL);
    const id = `dr-drill-${plan.drill?.mark ?? ''}-shop-orders-tokyo`;
    // Somebody makes one of that name between the check and the request.
    const onRecord = (record: JournalRecord) => {
      if (record.type === 'checks.green') sim.world.addDbInstance({ region: STANDBY.region, id });
    };
    const { state, outcome } = await runPlan(sim, plan, { onRecord });
    expect(outcome).toBe('refused');
    expect(state.steps.get('databases.orders.twin')?.refusal?.rule).toBe('twin-name');
    expect(twinsIn(sim)).toEqual([id]);
  });
});

describe('a probe with a status for the standby', () => {
  const drillWith = async (standby: number) => {
    const path = join(await mkdtemp(join(tmpdir(), 'dr-drill-probe-')), 'shop.yaml');
    await writeFile(path, (await readFile(SHOP, 'utf8')).replace('expect: { status: 200 }', `expect: { status: 200, standby: ${standby} }`));
    const sim = await simulation({ path, timings: BRISK });
    await keepBackups(sim);
    const { state, outcome } = await runPlan(sim, await planOf(sim, DRILL));
    return { outcome, probe: state.steps.get('verify.home-page'), left: twinsIn(sim) };
  };

  it('is judged: the drill passes at that status', async () => {
    const { outcome, probe, left } = await drillWith(503);
    expect([outcome, probe?.because, left]).toEqual(['succeeded', expect.stringMatching(/ answers with status 503, as the runbook expects of the standby$/), []]);
  });

  it('fails the drill at another one, and nothing is left', async () => {
    const { outcome, probe, left } = await drillWith(418);
    expect([outcome, probe?.state, left]).toEqual(['failed', 'failed', []]);
    expect(JSON.stringify(probe?.error)).toContain('answers with status 503, and the runbook expects 418 of the standby');
  });
});

describe('the drill of every example', () => {
  it.each(['shop', 'billing', 'archive', 'active-active'])('%s passes, and leaves nothing', async (runbook) => {
    const { sim, names } = asked(await drillable(runbook));
    const before = await endState(sim);
    const { state, outcome } = await runPlan(sim, await planOf(sim, DRILL));
    expect([...state.steps.values()].flatMap(({ id, error, refusal, notUndone }) => (error ?? refusal ?? notUndone) === undefined || notUndone?.code === 'NO_UNDO' ? [] : [{ id, error, refusal, notUndone }])).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(await endState(sim)).toEqual(before);
    expect(twinsIn(sim)).toEqual([]);
    expect(names.filter((name) => !name.startsWith('Publish') && !name.includes('dr-drill-'))).toEqual([]);
    expect(state.plan.drill?.skipped.filter((name) => name.startsWith('databases.') || name.startsWith('traffic.'))).toEqual([]);
  });

  it('is refused by the engine if its plan would change what is no twin', async () => {
    const sim = await drillable();
    const plan = await planOf(sim, DRILL);
    const steps = plan.steps.map((step) => (step.id === 'databases.orders.promote' ? { ...step, changes: [{ ...step.changes[0], resource: `rds:${STANDBY.region}:${STANDBY.id}`, field: 'role', before: 'replica', after: 'writer' }] } : step));
    await expect(runPlan(sim, { ...plan, steps })).rejects.toThrow(/would change role of rds:ap-northeast-1:shop-orders-tokyo, which is no twin/);
  });
});

describe('assertions about what the standby answers', () => {
  async function drillWith(assertion: string) {
    const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
    await writeFile(path, `${await readFile(SHOP, 'utf8')}\ndrill: { assertions: [{ name: page, ${assertion} }] }\n`);
    const sim = await simulation({ path, timings: BRISK });
    await keepBackups(sim);
    const asked: { url: string; at: string | undefined }[] = [];
    const { http } = sim.effects;
    const request: typeof http.request = async (one) => {
      asked.push({ url: one.url, at: one.at });
      return { ...(await http.request(one)), headers: { 'x-region': 'tokyo', 'content-type': 'text/plain' } };
    };
    const { state, outcome } = await runPlan({ ...sim, effects: { ...sim.effects, http: { request } } }, await planOf(sim, DRILL));
    return { outcome, left: twinsIn(sim), step: state.steps.get('verify.assert-page'), asked };
  }

  it.each([
    ['that hold', 'http: "https://shop.example.com/", status: 503, contains: unavail, headers: { X-Region: tokyo }', 'succeeded', 'page holds: 127.0.0.3 answers with status 503'],
    ['of another status', 'http: "https://shop.example.com/", status: 200', 'failed', 'the assertion page does not hold: of 127.0.0.3 the status is 503, not 200'],
    ['of another body', 'http: "https://shop.example.com/", contains: welcome', 'failed', 'the answer (status 503) does not contain "welcome"'],
    ['of another header', 'http: "https://shop.example.com/", headers: { X-Region: seoul }', 'failed', 'the header X-Region is "tokyo", not "seoul"'],
    ['of a header that is not there', 'http: "https://shop.example.com/", headers: { X-Other: "1" }', 'failed', 'the header X-Other is not there'],
    ['that cannot be asked', 'http: "https://other.example.com/", status: 200', 'refused', 'no record of this drill leads to the standby for other.example.com'],
  ])('%s', async (_name, assertion, outcome, said) => {
    const end = await drillWith(assertion);
    expect([end.outcome, end.left]).toEqual([outcome, []]);
    expect(`${end.step?.because ?? ''} ${end.step?.error?.message ?? ''} ${end.step?.refusal?.observed ?? ''}`).toContain(said);
    // The name that users ask for, at the address of the standby.
    if (outcome === 'succeeded') expect(end.asked).toContainEqual({ url: 'https://shop.example.com/', at: '127.0.0.3' });
  });
});

describe('a value of production that a drill must not change', () => {
  it.each([
    ['stays', ['7', '7'], 'succeeded', undefined],
    ['moves', ['7', '8'], 'failed', 'orders of shop-orders-tokyo: was "7", is "8"'],
    ['is not answered again', ['7', 'SILENT'], 'failed', 'gave no answer again'],
    ['was not answered', ['SILENT', '8'], 'succeeded', undefined],
    ['cannot be asked', ['ERROR no such table', '8'], 'failed', undefined],
  ])('%s', async (_name, answers, outcome, said) => {
    const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
    await writeFile(path, (await readFile(SHOP, 'utf8')).replace(/( +)canary:/, '$1drill: { assertions: [{ name: orders, sql: "select count(*) from orders", unchanged: true }] }\n$1canary:'));
    const sim = await simulation({ path, timings: BRISK });
    await keepBackups(sim);
    let over = false;
    const { sql } = sim.effects;
    const statement: typeof sql.statement = () => {
      const text = answers[over ? 1 : 0] ?? '';
      if (text === 'SILENT') return Promise.resolve({ state: 'unknown', error: 'no answer' });
      return Promise.resolve(text.startsWith('ERROR') ? { state: 'refused', error: text } : { state: 'done', text: `SELECT 1: {"value":"${text}"}` });
    };
    const onRecord = (record: JournalRecord) => void (over ||= record.type === 'undo.started');
    const { state, outcome: end } = await runPlan({ ...sim, effects: { ...sim.effects, sql: { ...sql, statement } } }, await planOf(sim, DRILL), { onRecord });
    expect([end, twinsIn(sim)]).toEqual([outcome, []]);
    if (said !== undefined) expect(state.steps.get('databases.orders.production')?.notUndone?.message).toContain(said);
  });
});

describe('assertions about the data of a drill', () => {
  /** A world whose databases answer a question with that. */
  async function answering(text: string, assertion = '{ name: orders, sql: "select count(*) from orders", atLeast: 100 }'): Promise<Simulation> {
    const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
    await writeFile(path, (await readFile(SHOP, 'utf8')).replace(/( +)canary:/, `$1drill: { assertions: [${assertion}] }\n$1canary:`));
    const sim = await simulation({ path });
    await keepBackups(sim);
    return { ...sim, effects: { ...sim.effects, sql: { ...sim.effects.sql, statement: () => Promise.resolve(text.startsWith('ERROR') ? { state: 'refused', error: text } : { state: 'done', text }) } } };
  }

  it.each([
    ['that hold', 'SELECT 1: {"value":"123"}', 'succeeded', undefined],
    ['that do not hold', 'SELECT 1: {"value":"99"}', 'failed', 'the assertion orders does not hold: it is 99, less than 100'],
    ['of nothing', 'SELECT 1: {"value":""}', 'failed', 'the assertion orders does not hold: it is nothing: no number that could be compared'],
    ['that cannot be asked', 'ERROR: relation "orders" does not exist', 'refused', undefined],
  ])('%s', async (_what, said, wanted, why) => {
    const sim = await answering(said);
    const { state, outcome } = await runPlan(sim, await planOf(sim, DRILL));
    const step = state.steps.get('databases.orders.assert-orders');
    expect(outcome).toBe(wanted);
    expect(step?.error?.message).toBe(why);
    if (wanted === 'refused') expect(step?.refusal?.rule).toBe('drill-assertion');
    expect(twinsIn(sim)).toEqual([]);
  });

  it('of a time are about its age', async () => {
    const sim = await answering('SELECT 1: {"value":"7200.5"}', '{ name: newest, sql: "select max(placed_at) from orders", youngerThan: 1h }');
    const { state, outcome } = await runPlan(sim, await planOf(sim, DRILL));
    expect(outcome).toBe('failed');
    expect(state.steps.get('databases.orders.assert-newest')?.error?.message).toContain('old, more than 1h');
  });
});
