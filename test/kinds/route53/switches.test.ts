import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Acceptances } from '../../../src/model/step.ts';
import type { ObserveContext } from '../../../src/model/kind.ts';
import type { Verb } from '../../../src/model/verb.ts';
import { knownKind } from '../../../src/kinds/registry.ts';
import { compilePlan, type ObservedResource } from '../../../src/plan/compile.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { APPROVED, planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';

const NAME = 'shop.example.com';
const OBJECT = { Bucket: 'shop-dr-tokyo', Key: 'shop-active' };
const WATCHED = `object: { ${TOKYO}: { bucket: ${OBJECT.Bucket}, key: ${OBJECT.Key} } }`;

/** shop without a database: traffic alone, so that a run is about nothing else. */
async function shopSwitchedBy(lines: string): Promise<Simulation> {
  const text = await readFile(SHOP, 'utf8');
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text.replace('switch: record', lines).replace(/^approvals:\n( .*\n)+/m, ''));
  return simulation({ path });
}

const ATTESTED: Acceptances = { ...APPROVED, sourceDown: 'alice', reason: 'seen' };

/** A plan of the traffic alone. */
async function trafficPlan(sim: Simulation, verb: Verb, source: string, target: string): Promise<Plan> {
  const { effects, loaded } = sim;
  const { strategy, regions } = loaded.runbook;
  const context: ObserveContext = { effects, verb, strategy, target, regions: regions.map((r) => r.id) };
  const resources: ObservedResource[] = [];
  for (const resource of loaded.runbook.resources.filter((r) => r.section === 'traffic')) {
    const kind = await knownKind(resource.kind);
    const state = await sim.clock.run(() => kind.observe(context, resource.resource));
    resources.push({ ...resource, state, draft: (ctx) => kind.plan(ctx, resource.name, resource.resource, state) });
  }
  return compilePlan({ loaded, verb, source, target, account: '000000000000', now: sim.clock.now(), resources });
}

const users = (sim: Simulation) => sim.world.resolve(NAME, 'A').values;

function trouble(state: Awaited<ReturnType<typeof runPlan>>['state']) {
  return [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => ({ id: s.id, state: s.state, because: s.because, refusal: s.refusal, error: s.error }));
}

async function settled(sim: Simulation, ms = 600_000): Promise<void> {
  await sim.clock.run(() => sim.clock.sleep(ms));
}

async function check(sim: Simulation, id: string) {
  const { output } = await sim.clock.run(() => sim.world.call({ service: 'route53', region: 'us-east-1', operation: 'GetHealthCheck', input: { HealthCheckId: id } }));
  const { HealthCheckVersion: version, HealthCheckConfig: config } = output.HealthCheck ?? {};
  return { version, disabled: config?.Disabled, inverted: config?.Inverted };
}

describe('a pair switched by its health check', () => {
  it('moves out, stays there when the lost region comes back, and moves home', async () => {
    const sim = await shopSwitchedBy('switch: health-check');
    sim.world.breakRegion(SEOUL);
    const out = await planOf(sim, TOKYO);
    expect(out.steps.find((s) => s.id === 'traffic.storefront.shiftChecks')?.controlPlanes).toEqual(['route53@us-east-1']);
    const first = await runPlan(sim, out);
    expect(trouble(first.state)).toEqual([]);
    expect(users(sim)).toEqual(['127.0.0.3']);
    expect(await check(sim, 'hc-seoul')).toEqual({ version: 2, disabled: true, inverted: true });
    sim.world.healRegion(SEOUL);
    await settled(sim);
    expect(users(sim)).toEqual(['127.0.0.3']);
    await expect(planOf(sim, TOKYO)).rejects.toMatchObject({ code: 'ALREADY_ACTIVE' });
    const home = await runPlan(sim, await trafficPlan(sim, 'failover', TOKYO, SEOUL), { acceptances: ATTESTED });
    expect(trouble(home.state)).toEqual([]);
    expect(users(sim)).toEqual(['127.0.0.2']);
    expect(await check(sim, 'hc-seoul')).toEqual({ version: 3, disabled: false, inverted: false });
  });

  it('updates only the version that it read, and reads again when somebody else was faster', async () => {
    const sim = await shopSwitchedBy('switch: health-check');
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    const conflict = { kind: 'error', httpStatus: 409, code: 'HealthCheckVersionMismatch' } as const;
    sim.world.addFault({ service: 'route53', operation: 'UpdateHealthCheck', effect: conflict, times: 2 });
    const { state, outcome } = await runPlan(sim, plan);
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(state.steps.get('traffic.storefront.shiftChecks')?.attempts).toBe(1);
  });

  it('refuses a check that two sets share', async () => {
    const sim = await shopSwitchedBy('switch: health-check');
    const sets = (await sim.clock.run(() => sim.world.call({ service: 'route53', region: 'us-east-1', operation: 'ListResourceRecordSets', input: { HostedZoneId: 'Z0123456789ABCDEFGHIJ' } }))).output.ResourceRecordSets ?? [];
    const tokyo = sets.find((set) => set.SetIdentifier === 'tokyo');
    const Changes = [{ Action: 'UPSERT' as const, ResourceRecordSet: { ...tokyo, Name: NAME, Type: 'A' as const, HealthCheckId: 'hc-seoul' } }];
    await sim.clock.run(() => sim.world.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input: { HostedZoneId: 'Z0123456789ABCDEFGHIJ', ChangeBatch: { Changes } } }));
    sim.world.breakRegion(SEOUL);
    const { outcome, state } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('refused');
    expect(state.steps.get('traffic.storefront.shiftChecks')?.refusal).toEqual({
      rule: 'health-check',
      observed: 'health check hc-seoul belongs to seoul and tokyo: it would take all of them out',
      threshold: 'each set has a health check of its own that is not inverted, of a type that can be disabled and inverted',
      consequence: 'switching it would take out too much, or nothing',
      override: 'give each set its own health check, or set `switch: record`',
    });
  });
});

describe('a pair switched by a watched object', () => {
  it('a second run ends too, with the object there since long and the Route 53 API silent', async () => {
    const sim = await shopSwitchedBy(`switch: object\n    ${WATCHED}`);
    sim.world.breakRegion(SEOUL);
    sim.world.addFault({ service: 'route53', effect: { kind: 'hang' } });
    const plan = await planOf(sim, TOKYO);
    await runPlan(sim, plan);
    await settled(sim, 1_000_000);
    // The same plan once more, as after a run whose journal was lost: nothing proves who promoted the database, so a person accepts that.
    const { state, outcome } = await runPlan(sim, plan, { acceptances: { ...ATTESTED, dataLossSeconds: 'unknown', reason: 'the first run promoted it' } });
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(state.steps.get('traffic.storefront.flipObject')?.attempts).toBe(0);
    expect(users(sim)).toEqual(['127.0.0.3']);
  });

  it('a second run that comes right after the object was put waits until the switch must have been felt', async () => {
    const sim = await shopSwitchedBy(`switch: object\n    ${WATCHED}`);
    sim.world.breakRegion(SEOUL);
    sim.world.addFault({ service: 'route53', effect: { kind: 'hang' } });
    const plan = await planOf(sim, TOKYO);
    const began = sim.clock.now();
    await sim.clock.run(() => sim.world.call({ service: 's3', region: TOKYO, operation: 'PutObject', input: { ...OBJECT, Body: 'put by hand' } }));
    const { state, outcome } = await runPlan(sim, plan);
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(users(sim)).toEqual(['127.0.0.3']);
    expect(sim.clock.now() - began).toBeGreaterThan(30_000);
  });

  it('with the answers in the runbook the move is proven, not awaited', async () => {
    const answers = `answers: { ${SEOUL}: { values: [127.0.0.2], ttl: 1 }, ${TOKYO}: { values: [127.0.0.3], ttl: 1 } }`;
    const sim = await shopSwitchedBy(`switch: object\n    ${WATCHED}\n    ${answers}`);
    sim.world.breakRegion(SEOUL);
    sim.world.addFault({ service: 'route53', effect: { kind: 'hang' } });
    const { state, outcome } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('succeeded');
    expect(state.steps.get('traffic.storefront.settle')?.because).toBe(`${NAME} answers 127.0.0.3`);
  });

  it('goes home while the region that holds the object is dead, and a reprotect takes it away later', async () => {
    const sim = await shopSwitchedBy(`switch: object\n    ${WATCHED}`);
    // Tokyo is active, as after a failover; and now Tokyo is lost.
    await sim.clock.run(() => sim.world.call({ service: 's3', region: TOKYO, operation: 'PutObject', input: { ...OBJECT, Body: 'x' } }));
    await settled(sim);
    expect(users(sim)).toEqual(['127.0.0.3']);
    sim.world.breakRegion(TOKYO);
    await settled(sim, 60_000);
    const { state, outcome, records } = await runPlan(sim, await trafficPlan(sim, 'failover', TOKYO, SEOUL), { acceptances: ATTESTED });
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(state.steps.get('traffic.storefront.flipObject')?.because).toBe(
      `${TOKYO} does not answer for s3://${OBJECT.Bucket}/${OBJECT.Key}: what cannot be read does not count as there, for the health check either`,
    );
    expect(users(sim)).toEqual(['127.0.0.2']);
    const warned = records.find((r) => r.type === 'check.passed' && r.step === 'traffic.storefront.flipObject');
    expect(warned).toMatchObject({ warnings: [`take s3://${OBJECT.Bucket}/${OBJECT.Key} away before ${TOKYO} comes back: aws s3 rm s3://${OBJECT.Bucket}/${OBJECT.Key}, or dr reprotect`] });
    sim.world.healRegion(TOKYO);
    const again = await runPlan(sim, await trafficPlan(sim, 'reprotect', TOKYO, SEOUL));
    expect(again.outcome).toBe('succeeded');
    expect(sim.world.state.buckets.get(OBJECT.Bucket)?.objects.size).toBe(0);
    await settled(sim);
    expect(users(sim)).toEqual(['127.0.0.2']);
  });

  it('a planned move waits for the region that holds the object: in a moment it would lead users back', async () => {
    const sim = await shopSwitchedBy(`switch: object\n    ${WATCHED}`);
    await sim.clock.run(() => sim.world.call({ service: 's3', region: TOKYO, operation: 'PutObject', input: { ...OBJECT, Body: 'x' } }));
    await settled(sim);
    const plan = await trafficPlan(sim, 'switchover', TOKYO, SEOUL);
    sim.world.addFault({ service: 's3', region: TOKYO, effect: { kind: 'reset' } });
    const refused = await runPlan(sim, plan);
    expect(refused.outcome).toBe('refused');
    expect(refused.records.find((r) => r.type === 'check.refused')).toMatchObject({ refusal: { rule: 'watched-object' } });
  });

  it('says nothing of the source by a health check that watches the object', async () => {
    const sim = await shopSwitchedBy(`switch: object\n    ${WATCHED}`);
    const { state, outcome } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('refused');
    expect(state.facts.get('signal.health-check.storefront')).toMatchObject({ says: 'unknown' });
  });
});
