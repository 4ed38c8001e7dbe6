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
    schema: 'dr.plan/1', runbook: { name: 'bench', sha256: '', path: '' }, verb: 'failover', strategy: 'warm-standby', source: 'a', target: 'b',
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
