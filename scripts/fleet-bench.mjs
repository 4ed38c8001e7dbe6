// What many applications, and large plans, cost. Printed, not judged: `npm run bench:fleet`. Needs Node 22.18 or later.
import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { systemClock } from '../src/base/clock.ts';
import { execute } from '../src/engine/execute.ts';
import { Journal } from '../src/journal/journal.ts';
import { linkSteps, planProblems } from '../src/plan/graph.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');
const heap = () => {
  gc();
  return memoryUsage().heapUsed;
};
const say = (text) => process.stdout.write(`${text}\n`);
const round = (value, digits = 0) => value.toFixed(digits);

/** A plan of `count` steps in all phases: one in ten past the line, one in a hundred a gate. */
function largePlan(count) {
  const share = { assess: 0.1, fence: 0.1, data: 0.3, compute: 0.2, traffic: 0.15, verify: 0.1, protect: 0.05 };
  const steps = Object.entries(share).flatMap(([phase, part]) =>
    Array.from({ length: Math.round(count * part) }, (_, i) => ({
      id: `${phase}.resource-${i}.step`,
      kind: phase === 'assess' ? 'test.look' : 'test.act',
      title: `Step ${i} of ${phase}`,
      phase,
      reversibility: phase === 'data' && i % 3 === 0 ? 'point-of-no-return' : 'reversible',
      gate: phase === 'assess' && i % 10 === 0,
      optional: false,
      // Within a resource steps wait for each other.
      after: i % 5 === 0 ? [] : [`${phase}.resource-${i - 1}.step`],
      params: { name: `resource-${i}`, region: 'ap-northeast-1' },
      controlPlanes: [],
      permissions: [],
      estimate: { p50: 1, p95: 2, basis: 'none' },
      limitMs: 60_000,
      changes: [{ resource: `test:${i}`, field: 'state', before: 'off', after: 'on' }],
    })),
  );
  return linkSteps(steps);
}

function kinds() {
  const there = new Set();
  const OK = { state: 'ok', because: 'fine' };
  const REACHED = { state: 'reached', because: 'it is there' };
  const ABSENT = { state: 'absent', because: 'it is missing' };
  const params = z.strictObject({ name: z.string().optional(), region: z.string().optional() });
  const look = { params, check: () => Promise.resolve(OK), observe: () => Promise.resolve(REACHED) };
  let made = 0;
  const act = {
    ...look,
    observe: (ctx) => Promise.resolve(there.has(ctx.signal) ? REACHED : ABSENT),
    act: async (ctx) => {
      made += 1;
      await ctx.effects.aws.call({ service: 'sns', region: 'ap-northeast-1', operation: 'Publish', input: {} });
    },
    verify: () => Promise.resolve(REACHED),
  };
  return { stepKind: (name) => Promise.resolve(name === 'test.act' ? act : look), made: () => made };
}

async function largeRun(count) {
  gc();
  const t0 = performance.now();
  const steps = largePlan(count);
  const linked = performance.now() - t0;
  const links = steps.reduce((sum, step) => sum + step.after.length, 0);
  const t1 = performance.now();
  const problems = planProblems(steps);
  const checked = performance.now() - t1;
  if (problems.length > 0) throw new Error(problems[0]);
  const plan = {
    schema: 'dr.plan/3', runbook: { name: 'bench', sha256: '', path: '' }, verb: 'failover', strategy: 'warm-standby', source: 'a', target: 'b',
    account: '000000000000', madeAt: '', objectives: { rpoMs: 1, rtoMs: 1 }, probes: [], steps, fingerprint: '', hash: '',
  };
  let records = 0;
  let bytes = 0;
  let peak = 0;
  // Records are dropped: what stays in memory is the state that is folded from them.
  const store = {
    read: () => Promise.resolve([]),
    append: (record) => {
      records += 1;
      if (record.type !== 'run.started') bytes += JSON.stringify(record).length;
      if (records % 500 === 0) peak = Math.max(peak, memoryUsage().heapUsed);
      return Promise.resolve();
    },
  };
  const operator = { identity: 'arn', user: 'u', host: 'h', pid: 1 };
  const journal = new Journal({ store, clock: systemClock, run: 'bench', term: 1 });
  const { stepKind, made } = kinds();
  const none = () => Promise.reject(new Error('nobody is asked'));
  const effects = {
    clock: systemClock, ids: { hex: () => '00' }, env: () => undefined,
    aws: { call: () => Promise.resolve({ output: {}, requestId: 'c2f8a3de-6a2c-4b4e-9d52-6c0c7d8a1f10' }) }, http: { request: none }, dns: { resolve: none }, sql: { canary: none, statement: none }, process: { run: none },
  };
  const before = heap();
  peak = before;
  const t2 = performance.now();
  await journal.append({
    type: 'run.started', plan, operator, tool: { name: 'bench', version: '0', node: '0' }, mode: 'simulated', declaredAt: Date.now(), confirmedBy: 'flag',
    acceptances: { approvedBy: [] }, endpoints: [],
  });
  const cpu = process.cpuUsage();
  const outcome = await execute({ journal, effects, stepKind, operator, drain: new AbortController().signal });
  const used = process.cpuUsage(cpu);
  const took = performance.now() - t2;
  const kept = heap() - before;
  say(`${count} steps (${links} links, ${made()} acts, ${journal.state.records} records): ${outcome}`);
  say(`  linked in ${round(linked)} ms, checked for soundness in ${round(checked)} ms`);
  say(`  run in ${round(took)} ms: ${round(took / count, 3)} ms a step (CPU ${round((used.user + used.system) / 1000 / count, 3)} ms), ${records} records of ${round(bytes / records)} bytes`);
  say(`  memory: ${round(kept / count / 1024, 1)} KB a step kept, ${round((peak - before) / count / 1024, 1)} KB a step at the peak, garbage included`);
}

const wanted = process.argv.slice(2);
if (wanted.length === 0 || wanted.includes('plan')) {
  for (const count of [1_000, 10_000]) await largeRun(count);
  await largeRun(10_000);
}

/* ── 200 applications × 5 resources × 3 regions ─────────────────────────────────────────────────────────────────── */

const HOME = 'ap-northeast-2';
const TARGET = 'ap-northeast-1';
const THIRD = 'ap-southeast-1';
const REGIONS = [HOME, TARGET, THIRD];

const ip = (region, n) => `10.${REGIONS.indexOf(region)}.${Math.floor(n / 250)}.${(n % 250) + 1}`;
const each = (value) => `{ ${REGIONS.map((region) => `${region}: ${value(region)}`).join(', ')} }`;

/**
 * A database, two groups, two records; two in five depend on the one before, in chains of three. Switched by objects that
 * health checks watch, which needs no control plane, or by changes of the records.
 */
function runbookText(n, how) {
  const name = `app-${n}`;
  const other = (region) => (region === HOME ? TARGET : HOME);
  const object = `
    object: ${each((region) => `{ in: ${other(region)}, bucket: switch-${other(region)}, key: ${name}/${'${part}'}/${region}-is-out }`)}`;
  const traffic = (part) => `
  ${part}:
    kind: route53-weighted
    zone: Z0123456789ABCDEFGHIJ
    record: { name: ${part}.${name}.example.com, type: A }
    sets: ${each((region) => `${name}-${part}-${region}`)}
    weights: ${each(() => 100)}
    capacity: ${each(() => `{ autoScalingGroup: ${name}-api, healthy: 1 }`)}
    answers: ${each((region) => `{ ttl: 60, values: [${ip(region, n)}] }`)}
    switch: ${how}${how === 'object' ? object.replaceAll('${part}', part) : ''}`;
  const depends = n % 5 === 1 || n % 5 === 2 ? `dependsOn: [app-${n - 1}]\n` : '';
  return `runbook: ${name}
owner: team@example.com
strategy: warm-standby
objectives: { rpo: 30m, rto: 1h }
regions:
  ${HOME}: { name: Seoul, home: true }
  ${TARGET}: { name: Tokyo }
  ${THIRD}: { name: Singapore }
databases:
  main: { kind: rds-read-replica, instances: ${each((region) => `${name}-${REGIONS.indexOf(region)}`)} }
compute:
  api: { kind: auto-scaling-group, groups: ${each(() => `${name}-api`)}, active: { min: 2, desired: 4, max: 8 }, standby: { min: 1, desired: 1, max: 8 } }
  jobs: { kind: auto-scaling-group, groups: ${each(() => `${name}-jobs`)}, active: { min: 1, desired: 2, max: 4 }, standby: { min: 1, desired: 1, max: 4 } }
traffic:${traffic('www')}${traffic('api')}
probes:
  home: { http: "http://www.${name}.example.com/healthz", every: 10s, hold: 30s }
${depends}`;
}

async function fleetRun(count, how, only) {
  const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const { fleetFailover } = await import('../src/app/fleet/fleet.ts');
  const { reliableCaller } = await import('../src/aws/reliable-caller.ts');
  const { loadKind, loadStepKind } = await import('../src/kinds/registry.ts');
  const { loadRunbook } = await import('../src/runbook/load.ts');
  const { simulatedEffects } = await import('../src/simulator/effects.ts');
  const { SeededIds } = await import('../src/simulator/random.ts');
  const { VirtualClock } = await import('../src/simulator/virtual-clock.ts');
  const { World } = await import('../src/simulator/world.ts');
  const folder = await mkdtemp(join(tmpdir(), 'dr-bench-'));
  try {
    const clock = new VirtualClock();
    const world = new World({ clock, seed: 1, regions: [...REGIONS, 'us-east-1'] });
    for (let n = 0; n < count; n++) {
      const path = join(folder, `app-${n}.yaml`);
      await writeFile(path, runbookText(n, how));
      const { runbook } = await loadRunbook(path);
      for (const { kind, name, resource } of runbook.resources) {
        const key = kind === 'route53-weighted' ? `${runbook.name}-${name}` : name;
        (await loadKind(kind)).simulate(world, key, resource, runbook.home, runbook.strategy);
      }
      for (const region of REGIONS) world.addApplication({ region, address: ip(region, n), group: `app-${n}-api` });
    }
    for (const step of ['assess-users', 'judge-source', 'hold-probe', 'gather']) await loadStepKind(`run.${step}`);
    await import('../src/report/write.ts');
    let calls = 0;
    let throttled = 0;
    const byOperation = new Map();
    const onAttempt = ({ service, operation, error }) => {
      calls += 1;
      const name = `${service}.${operation}`;
      byOperation.set(name, (byOperation.get(name) ?? 0) + 1);
      if (error !== undefined && /Throttl|TooMany/.test(error.code)) throttled += 1;
    };
    const aws = reliableCaller(world, { clock, ids: new SeededIds(7), onAttempt });
    await clock.run(() => clock.sleep(600_000));
    world.breakRegion(HOME);
    const began = performance.now();
    let confirmed = 0;
    let planCalls = 0;
    const result = await clock.run(() =>
      fleetFailover({
        runbooks: folder, region: TARGET, from: HOME, state: join(folder, 'state'), acceptances: { approvedBy: [] }, effects: { ...simulatedEffects(world), aws },
        drain: new AbortController().signal, onRecord: () => undefined, gitOf: () => Promise.resolve(undefined), ...(only === undefined ? {} : { only }),
        confirm: () => {
          confirmed = clock.now();
          planCalls = calls;
          return Promise.resolve('flag');
        },
      }),
    );
    const bad = result.outcomes.filter((o) => o.because !== 'succeeded');
    for (const o of bad.slice(0, 3)) {
      const step = [...(o.result?.state.steps.values() ?? [])].find((s) => s.error ?? s.refusal);
      say(`  ${o.name}: ${o.standing}, ${o.because}: ${step?.id ?? ''} ${step?.error?.message ?? step?.refusal?.observed ?? ''}`);
    }
    const ends = result.outcomes.map((o) => o.result?.state.lastAt ?? 0);
    return { result, good: result.outcomes.length - bad.length, makespan: Math.max(...ends) - confirmed, real: performance.now() - began, calls, planCalls, throttled, byOperation };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(count, how) {
  const alone = await fleetRun(3, how, ['app-0', 'app-1', 'app-2']);
  say(`by ${how}: three applications that depend on each other, alone: ${alone.good} of 3 moved in ${round(alone.makespan / 1000, 1)} s of simulated time, ${alone.calls} calls`);
  const all = await fleetRun(count, how);
  const over = all.makespan / alone.makespan - 1;
  say(`by ${how}: ${count} applications × 5 resources × 3 regions: ${all.good} moved in ${round(all.makespan / 1000, 1)} s of simulated time`);
  say(`  critical path ${round(alone.makespan / 1000, 1)} s: ${round(100 * over, 1)} % over it; ${all.calls} calls (${all.planCalls} to plan), ${all.throttled} throttled; ${round(all.real / 1000, 1)} s of real time`);
  say(`  ${[...all.byOperation].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${n} ${name}`).join(', ')}`);
}

if (wanted.length === 0 || wanted.includes('fleet')) {
  const count = Number(wanted[1] ?? 200);
  for (const how of wanted[2] === undefined ? ['object', 'record'] : [wanted[2]]) await compare(count, how);
}
