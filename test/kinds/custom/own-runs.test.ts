import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Effects } from '../../../src/effects/effects.ts';
import { execute } from '../../../src/engine/execute.ts';
import { Journal } from '../../../src/journal/journal.ts';
import { MemoryStore } from '../../../src/journal/memory-store.ts';
import { loadStepKind } from '../../../src/kinds/registry.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { APPROVED, OPERATOR, planOf, resumeRun, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';

/** Custom steps in whole failovers, in virtual time. */

const CANARY = 'canary-Zq8!"é/ value';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-own-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;

/** The shop with these custom steps, Seoul dead. */
async function shopWith(steps: string, change: (sim: Simulation) => Partial<Effects> = () => ({})): Promise<Simulation> {
  const path = join(folder, `shop-${count++}.yaml`);
  await writeFile(path, `${await readFile(SHOP, 'utf8')}\nsteps:\n${steps}\n`);
  const sim = await simulation({ path });
  const { env } = sim.effects;
  const effects = { ...sim.effects, env: (name: string) => (name === 'JOB_TOKEN' ? CANARY : env(name)), ...change(sim) };
  sim.world.addFunction({ region: TOKYO, name: 'fill', answer: { filled: 3 } });
  sim.world.breakRegion(SEOUL);
  return { ...sim, effects };
}

const afterOf = (plan: Plan, id: string) => plan.steps.find((step) => step.id === id)?.after ?? [];
const stepOf = (plan: Plan, id: string) => plan.steps.find((step) => step.id === id);

describe('custom steps in a plan', () => {
  it('stand before or after all the others of their phase, in the order of the runbook', async () => {
    const sim = await shopWith(`
  one: { kind: wait, before: traffic, for: 1s, limit: 2s }
  two: { kind: wait, before: traffic, for: 1s, limit: 2s }
  three: { kind: wait, after: data, for: 1s, limit: 2s }
  last: { kind: wait, after: protect, for: 1s, limit: 2s }
`);
    const plan = await planOf(sim, TOKYO);
    expect(afterOf(plan, 'own.one')).toEqual(expect.arrayContaining(['own.three', 'databases.orders.promote', 'compute.api.scaleOut']));
    expect(afterOf(plan, 'own.two')).toContain('own.one');
    const flip = plan.steps.find((step) => step.phase === 'traffic' && step.changes.length > 0 && !step.id.startsWith('own.'));
    expect(flip?.after).toEqual(expect.arrayContaining(['own.one', 'own.two']));
    expect(afterOf(plan, 'own.three')).toEqual(expect.arrayContaining(['databases.orders.promote', 'databases.orders.canary']));
    expect(afterOf(plan, 'own.last')).toEqual(expect.arrayContaining(['notify.sns-1', 'verify.home-page']));
    expect(afterOf(plan, 'databases.orders.promote')).not.toContain('own.three');
  });

  it('say in full what they may do, and whether it can be taken back', async () => {
    const sim = await shopWith(`
  job: { kind: command, before: traffic, limit: 30s, run: [./job, --in, "{target}", "a b"], env: [JOB_TOKEN], undo: { run: [./job, --undo, "{source}"] } }
  warm: { kind: http-request, after: compute, limit: 5s, takes: 2s, url: "https://ops.example.com/{runbook}/{verb}", changes: nothing }
  fill: { kind: lambda-invoke, after: data, limit: 10s, functions: { ap-northeast-2: f, ap-northeast-1: fill }, payload: { in: "{target}" } }
`);
    const plan = await planOf(sim, TOKYO);
    expect(stepOf(plan, 'own.job')).toMatchObject({
      kind: 'own.command',
      title: 'job: run ./job --in ap-northeast-1 "a b" with JOB_TOKEN',
      phase: 'traffic',
      reversibility: 'compensable',
      changes: [{ resource: 'own:job', field: 'command', before: 'undo: run ./job --undo ap-northeast-2', after: 'run ./job --in ap-northeast-1 "a b" with JOB_TOKEN' }],
    });
    expect(stepOf(plan, 'own.warm')).toMatchObject({ reversibility: 'reversible', title: 'warm: GET https://ops.example.com/shop/failover', estimate: { p50: 2, p95: 5 } });
    expect(stepOf(plan, 'own.fill')).toMatchObject({
      reversibility: 'point-of-no-return',
      changes: [{ before: 'no way back', after: 'invoke fill in ap-northeast-1 with {"in":"ap-northeast-1"}' }],
      permissions: [{ actions: ['lambda:InvokeFunction'], resources: ['arn:aws:lambda:ap-northeast-1:000000000000:function:fill'] }],
    });
  });
});

describe('custom steps in a run', () => {
  it('run in their place, with no secret in the journal', async () => {
    const sim = await shopWith(
      `
  job: { kind: command, after: data, limit: 30s, run: [./job, "{target}"], env: [JOB_TOKEN] }
  tell:
    kind: http-request
    before: traffic
    limit: 5s
    method: POST
    url: http://shop.example.com/healthz
    headersEnv: { Authorization: JOB_TOKEN }
    expect: { status: 200, body: ok }
    changes: nothing
  fill: { kind: lambda-invoke, after: data, limit: 10s, functions: { ap-northeast-2: f, ap-northeast-1: fill } }
  seq:
    kind: sql
    after: data
    limit: 10s
    instances: { ap-northeast-2: shop-orders, ap-northeast-1: shop-orders-tokyo }
    database: shop
    userEnv: SHOP_DB_USER
    passwordEnv: SHOP_DB_PASSWORD
    statement: SELECT setval('orders_id', 1000000)
  rest: { kind: wait, after: traffic, for: 30s, limit: 1m }
`,
      ({ effects, world }) => ({
        http: {
          request: (request) =>
            request.method === 'POST'
              ? Promise.resolve({ status: 200, address: '127.0.0.1', ms: 1, body: `ok, you sent ${request.headers?.['Authorization'] ?? ''}` })
              : effects.http.request(request),
        },
        env: (name) => {
          world.ran.answer = ({ env }) => ({ output: `token=${env['JOB_TOKEN'] ?? ''} ${Buffer.from(env['JOB_TOKEN'] ?? '').toString('base64')} done\u001b[31m` });
          return name === 'JOB_TOKEN' ? CANARY : effects.env(name);
        },
      }),
    );
    const { state, records, outcome } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('succeeded');
    expect(sim.world.ran.commands).toMatchObject([
      { argv: ['./job', TOKYO], env: { JOB_TOKEN: CANARY, DR_RUNBOOK: 'shop', DR_VERB: 'failover', DR_SOURCE: SEOUL, DR_TARGET: TOKYO } },
    ]);
    expect(Object.keys(sim.world.ran.commands[0]?.env ?? {})).toHaveLength(5);
    expect(sim.world.ran.statements).toMatchObject([{ id: 'shop-orders-tokyo', text: "SELECT setval('orders_id', 1000000)" }]);
    expect(sim.world.state.invocations).toMatchObject([{ name: 'fill', payload: '{}' }]);
    expect(state.steps.get('own.job')?.because).toBe('exit code 0; it said: token=[JOB_TOKEN] [JOB_TOKEN] done');
    expect(state.steps.get('own.tell')?.because).toBe('status 200: ok, you sent [JOB_TOKEN]');
    expect(state.steps.get('own.fill')?.because).toBe('fill answered {"filled":3}');
    expect((state.steps.get('own.rest')?.endedAt ?? 0) - (state.steps.get('own.rest')?.startedAt ?? 0)).toBe(30_000);
    const journal = JSON.stringify(records);
    for (const secret of [CANARY, JSON.stringify(CANARY).slice(1, -1), Buffer.from(CANARY).toString('base64'), 'secret-canary']) expect(journal).not.toContain(secret);
  });

  it('a failure ends the run; a resume runs the step again, and no other', async () => {
    const sim = await shopWith('  job: { kind: command, after: data, limit: 30s, run: [./job] }');
    sim.world.ran.answer = () => ({ code: 3, output: 'no disk' });
    const first = await runPlan(sim, await planOf(sim, TOKYO));
    expect(first.outcome).toBe('failed');
    expect(first.state.steps.get('own.job')).toMatchObject({ state: 'failed', error: { code: 'OWN_STEP_FAILED', message: 'exit code 3; it said: no disk' } });
    sim.world.ran.answer = () => ({});
    const second = await resumeRun(sim, first.records);
    expect(second.outcome).toBe('succeeded');
    expect(sim.world.ran.commands).toHaveLength(2);
  });

  it('a command over its limit may have run: only a person can say, by --done or --again', async () => {
    const steps = '  job: { kind: command, after: data, limit: 30s, run: [./job] }';
    for (const [acceptances, runs, outcome] of [[{}, 1, 'failed'], [{ done: ['job'] }, 1, 'succeeded'], [{ again: ['shop:job'] }, 2, 'succeeded']] as const) {
      const sim = await shopWith(steps);
      sim.world.ran.answer = () => ({ ms: 60_000 });
      const first = await runPlan(sim, await planOf(sim, TOKYO));
      expect(first.state.steps.get('own.job')).toMatchObject({ state: 'failed', error: { code: 'OWN_STEP_UNKNOWN' } });
      expect((first.state.steps.get('own.job')?.endedAt ?? 0) - (first.state.steps.get('own.job')?.startedAt ?? 0)).toBe(30_000);
      sim.world.ran.answer = () => ({});
      const second = await resumeRun(sim, first.records, { ...APPROVED, ...acceptances });
      expect([second.outcome, sim.world.ran.commands.length]).toEqual([outcome, runs]);
    }
  });

  it('a crash during a command leaves it unknown; one that does no harm twice is run again', async () => {
    for (const [extra, runs, outcome] of [['', 1, 'failed'], [', repeatable: true', 2, 'succeeded']] as const) {
      const sim = await shopWith(`  job: { kind: command, after: data, limit: 30s, run: [./job]${extra} }`);
      const { records } = await runPlan(sim, await planOf(sim, TOKYO));
      const intent = records.findIndex((record) => record.type === 'step.intent' && record.step === 'own.job');
      const after = await resumeRun(sim, records.slice(0, intent + 1));
      expect([after.outcome, sim.world.ran.commands.length]).toEqual([outcome, runs]);
    }
  });

  it('a manual step without a terminal pauses; the rest that can run continues; --done continues it', async () => {
    const sim = await shopWith(`
  bank: { kind: manual, before: fence, limit: 1h, instruction: "Call the bank about {target}.", changes: nothing }
  rest: { kind: wait, after: compute, for: 10s, limit: 20s }
`);
    const first = await runPlan(sim, await planOf(sim, TOKYO));
    expect(first.outcome).toBe('interrupted');
    expect(first.records.at(-1)).toMatchObject({ type: 'run.interrupted', signal: 'a person is needed for own.bank' });
    expect(first.state.steps.get('own.bank')).toMatchObject({
      state: 'paused',
      because: 'a person is needed: Call the bank about ap-northeast-1. Then: dr resume RUN --done bank',
      warnings: ['nobody is at a terminal: the run pauses here until dr resume RUN --done bank'],
    });
    expect(first.state.steps.get('own.rest')?.state).toBe('done');
    expect(first.state.steps.get('databases.orders.fence')?.state).toBe('waiting');
    expect((await resumeRun(sim, first.records)).outcome).toBe('interrupted');
    const second = await resumeRun(sim, first.records, { ...APPROVED, done: ['bank'] });
    expect(second.outcome).toBe('succeeded');
    expect(second.state.steps.get('own.bank')?.because).toContain('--done bank');
  });

  it('a manual step asks the person at the terminal, and waits', async () => {
    const asked: string[] = [];
    const sim = await shopWith('  bank: { kind: manual, after: traffic, limit: 1h, instruction: Call the bank. }', ({ clock }) => ({
      person: {
        confirm: async (word, what, signal) => {
          asked.push(`${word}: ${what}`);
          await clock.sleep(90_000, signal);
        },
      },
    }));
    const { outcome, state } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('succeeded');
    expect(asked).toEqual(['bank: Call the bank.']);
    expect(state.steps.get('own.bank')?.waits).toMatchObject([{ cause: 'person' }]);
  });

  it('what has an undo is undone when the run is rolled back; what changes nothing has nothing to undo', async () => {
    const sim = await shopWith(`
  job: { kind: command, after: assess, limit: 30s, run: [./job], undo: { run: [./job, --undo, "{target}"] } }
  look: { kind: command, after: assess, limit: 30s, run: [./look], changes: nothing }
  rest: { kind: wait, after: assess, for: 1s, limit: 2s }
`);
    const stop = new AbortController();
    const { records } = await runPlan(sim, await planOf(sim, TOKYO), {
      drain: stop.signal,
      onRecord: (record) => record.type === 'step.done' && record.step === 'own.rest' && stop.abort(new Error('a test')),
    });
    const store = new MemoryStore();
    store.records.push(...records);
    const journal = new Journal({ store, clock: sim.clock, run: records[0]?.run ?? '', term: 2, records: store.records.slice() });
    const outcome = await sim.clock.run(async () => {
      await journal.append({ type: 'run.resumed', operator: OPERATOR, acceptances: APPROVED });
      await journal.append({ type: 'undo.started', because: 'a test', operator: OPERATOR });
      return execute({ journal, effects: sim.effects, stepKind: loadStepKind, operator: OPERATOR, drain: new AbortController().signal });
    });
    expect(outcome).toBe('aborted');
    expect(sim.world.ran.commands.map(({ argv }) => argv)).toEqual([['./job'], ['./look'], ['./job', '--undo', TOKYO]]);
    expect([...journal.state.steps.values()].filter((s) => s.state === 'undone').map((s) => s.id)).toEqual(expect.arrayContaining(['own.job', 'own.look', 'own.rest']));
    expect([...journal.state.steps.values()].filter((s) => s.notUndone !== undefined)).toEqual([]);
  });

  it('what cannot run is refused before anything is changed', async () => {
    const sim = await shopWith(`
  job: { kind: command, after: data, limit: 30s, run: [./job], env: [NOT_SET] }
  gone: { kind: lambda-invoke, after: data, limit: 10s, functions: { ap-northeast-2: f, ap-northeast-1: gone } }
`);
    const { outcome, state, records } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('refused');
    expect(state.steps.get('own.job')?.refusal).toEqual({
      rule: 'own-step',
      observed: 'NOT_SET not set',
      threshold: 'the environment variables that the custom step job names',
      consequence: 'job could not run when its turn comes',
      override: 'export NOT_SET=…, or --done job if it is done already',
    });
    expect(state.steps.get('own.gone')?.refusal?.observed).toContain('Function not found');
    expect(records.some((record) => record.type === 'step.intent')).toBe(false);
  });
});
