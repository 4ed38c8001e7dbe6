import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { compilePlan, type CompileInput, type ObservedResource, planHash } from '../../src/plan/compile.ts';
import { planProblems } from '../../src/plan/graph.ts';
import type { Plan } from '../../src/model/plan.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';
import { observe } from '../../src/app/observe.ts';
import { SEOUL, SHOP, simulation, TOKYO } from '../engine/simulated.ts';
import { worldOf } from '../refusals/said.ts';

let input: CompileInput;
let loaded: LoadedRunbook;

beforeAll(async () => {
  loaded = await loadRunbook(SHOP);
  const sim = await simulation();
  const observed = await sim.clock.run(() => observe(sim.effects, loaded, { verb: 'failover', region: TOKYO }));
  input = { loaded, verb: 'failover', source: SEOUL, target: TOKYO, account: observed.account, now: sim.clock.now(), resources: observed.resources };
});

/** With other facts of one resource. */
function seen(name: string, change: (resource: ObservedResource) => ObservedResource): CompileInput {
  expect(input.resources.map((r) => r.name)).toContain(name);
  return { ...input, resources: input.resources.map((r) => (r.name === name ? change(r) : r)) };
}

describe('compilePlan', () => {
  it('makes the same plan of the same input, and a sound one', () => {
    const plan = compilePlan(input);
    expect(compilePlan(input)).toEqual(plan);
    expect(planProblems(plan.steps)).toEqual([]);
    expect(plan).toMatchObject({ schema: 'dr.plan/3', verb: 'failover', strategy: 'warm-standby', source: SEOUL, target: TOKYO, runbook: { name: 'shop', sha256: loaded.sha256 } });
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('names steps by section, resource and step, and every one that a failover of the example needs', () => {
    const ids = compilePlan(input).steps.map((s) => s.id);
    for (const id of [
      'assess.users', 'assess.source', 'assess.approval', 'databases.orders.assessSourceApi', 'databases.orders.assessReplication',
      'databases.orders.rpoGate', 'databases.orders.fence', 'databases.orders.promote', 'databases.orders.canary', 'compute.api.scaleOut',
      'traffic.storefront.assessHealthCheck', 'traffic.storefront.flip', 'traffic.storefront.settle', 'verify.home-page', 'notify.sns-1', 'notify.slack-2',
    ]) expect(ids).toContain(id);
    expect(ids.indexOf('databases.orders.fence')).toBeLessThan(ids.indexOf('databases.orders.promote'));
    expect(ids.indexOf('databases.orders.canary')).toBeLessThan(ids.indexOf('traffic.storefront.flip'));
  });

  it('weighs every signal that some step records', () => {
    const plan = compilePlan(input);
    const judge = plan.steps.find((s) => s.id === 'assess.source');
    expect((judge?.params as { signals: Json }).signals).toEqual(['users', 'rds-api.orders', 'replication.orders', 'health-check.storefront']);
    for (const step of plan.steps.filter((s) => s.phase === 'assess' && !s.gate)) expect(judge?.after).toContain(step.id);
  });

  it('asks users of the source where the runbook says that it answers, or waits for the look that finds it out', async () => {
    const users = (plan: Plan) => plan.steps.find((s) => s.id === 'assess.users');
    expect(users(compilePlan(input))).toMatchObject({ after: ['traffic.storefront.assessHealthCheck'], params: { answers: {} } });
    const answers = `answers: { ${SEOUL}: { values: [127.0.0.2] }, ${TOKYO}: { values: [127.0.0.3] } }`;
    const sim = await worldOf('shop', 'switch: record', `${answers}\n    switch: record`);
    const observed = await sim.clock.run(() => observe(sim.effects, sim.loaded, { verb: 'failover', region: TOKYO }));
    const plan = compilePlan({ ...input, loaded: sim.loaded, resources: observed.resources });
    expect(users(plan)).toMatchObject({ after: [], params: { answers: { 'shop.example.com': [{ values: ['127.0.0.2'], ttl: 60 }] }, zones: { 'shop.example.com': ['Z0123456789ABCDEFGHIJ'] } } });
    expect(plan.steps.find((s) => s.id === 'verify.home-page')).toMatchObject({ params: { zones: ['Z0123456789ABCDEFGHIJ'] } });
  });

  it('leaves nothing of the source region as needed: no control plane of it on the list', () => {
    for (const step of compilePlan(input).steps) {
      for (const plane of step.controlPlanes) expect(plane, step.id).not.toContain(SEOUL);
    }
  });

  it('has one approval step for each rule, and tells only topics of the target', () => {
    const two = { ...loaded, runbook: { ...loaded.runbook, approvals: [...loaded.runbook.approvals, ...loaded.runbook.approvals] } };
    const ids = compilePlan({ ...input, loaded: two }).steps.map((s) => s.id);
    expect(ids.filter((id) => id.startsWith('assess.approval'))).toEqual(['assess.approval-1', 'assess.approval-2']);
    const sns = compilePlan(input).steps.find((s) => s.id === 'notify.sns-1');
    expect(sns?.params).toEqual({ region: TOKYO, topic: 'arn:aws:sns:ap-northeast-1:111122223333:dr', news: `shop was moved from ${SEOUL} to ${TOKYO}` });
  });

  it('refuses a kind that looks at something and names no signal', () => {
    const silent = seen('orders', (r) => ({
      ...r,
      draft: (ctx) => r.draft(ctx)?.map((d) => (d.step === 'assessSourceApi' ? (({ signal: _, ...silenced }) => silenced)(d) : d)),
    }));
    expect(() => compilePlan(silent)).toThrow('rds-read-replica.assessSourceApi stands in the phase assess, and names no signal');
  });
});

describe('the fingerprint of a plan', () => {
  const same: [string, () => CompileInput][] = [
    ['the time', () => ({ ...input, now: input.now + 3_600_000 })],
    ['the words of an observation', () => seen('orders', (r) => ({ ...r, state: { ...r.state, because: 'said otherwise' } }))],
    ['the order in which facts were written', () => seen('orders', (r) => ({ ...r, state: { ...r.state, facts: Object.fromEntries(Object.entries(r.state.facts).reverse()) } }))],
  ];
  it.each(same)('does not change with %s', (_name, changed) => {
    expect(compilePlan(changed()).fingerprint).toBe(compilePlan(input).fingerprint);
  });

  const other: [string, () => CompileInput][] = [
    ['a fact of a resource', () => seen('orders', (r) => ({ ...r, state: { ...r.state, facts: { ...r.state.facts, role: 'writer' } } }))],
    ['a new fact', () => seen('api', (r) => ({ ...r, state: { ...r.state, facts: { ...r.state.facts, more: 1 } } }))],
    ['where a resource is active', () => seen('orders', (r) => ({ ...r, state: { ...r.state, activeIn: [TOKYO] } }))],
    ['the runbook', () => ({ ...input, loaded: { ...loaded, sha256: '0'.repeat(64) } })],
    ['the account', () => ({ ...input, account: '999999999999' })],
    ['the target', () => ({ ...input, target: SEOUL, source: TOKYO })],
    ['a resource less', () => ({ ...input, resources: input.resources.slice(1) })],
  ];
  it.each(other)('changes with %s', (_name, changed) => {
    expect(compilePlan(changed()).fingerprint).not.toBe(compilePlan(input).fingerprint);
  });
});

describe('the hash of a plan', () => {
  it('covers everything in it but itself', () => {
    const plan = compilePlan(input);
    expect(plan.hash).toBe(planHash(plan));
    expect(planHash(JSON.parse(JSON.stringify(plan)) as Plan)).toBe(plan.hash);
    expect(planHash({ ...plan, hash: 'x' })).toBe(plan.hash);
    const changes: Partial<Plan>[] = [
      { madeAt: '2026-01-01T00:00:00.000Z' },
      { target: SEOUL },
      { objectives: { ...plan.objectives, rpoMs: 1e9 } },
      { probes: [] },
      { fingerprint: 'x' },
      { steps: plan.steps.slice(1) },
      { steps: plan.steps.map((s) => ({ ...s, gate: false })) },
    ];
    for (const change of changes) expect(planHash({ ...plan, ...change }), JSON.stringify(change).slice(0, 60)).not.toBe(plan.hash);
  });
});
