import { describe, expect, it } from 'vitest';
import type { AwsRequest } from '../../../src/aws/caller.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { World } from '../../../src/simulator/world.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

const ZONE = 'Z0123456789ABCDEFGHIJ';
const SETS = ['seoul', 'tokyo', 'sydney'];
const OUT: Json = { zone: ZONE, records: [{ name: 'shop.example.com', type: 'A' }], out: ['seoul'], in: ['tokyo'] };
const HOME: Json = { ...(OUT as object), out: [], in: ['seoul'] };

interface Setup {
  /** What GetHealthCheck calls the type of a check. */
  types?: Record<string, string>;
  /** The health check of a set; default: one of its own. */
  checks?: Record<string, string>;
  states?: Record<string, { disabled: boolean; inverted: boolean }>;
}

/** Three weighted sets, each with a health check; `step` asks the step that switches by them. */
function zone({ types = {}, checks = {}, states = {} }: Setup = {}) {
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: [SEOUL, TOKYO] });
  const records = SETS.map((set, i) => ({ name: 'shop.example.com', type: 'A', ttl: 60, values: [`192.0.2.${i}`], setIdentifier: set, weight: 1, healthCheckId: checks[set] ?? `hc-${set}` }));
  world.addHostedZone({ id: ZONE, name: 'example.com', records });
  for (const id of new Set(records.map((record) => record.healthCheckId))) {
    world.addHealthCheck({ id, watches: { kind: 'region-endpoint', region: SEOUL, shallow: true }, intervalSeconds: 10, failureThreshold: 3, ...states[id] });
  }
  const updates: string[] = [];
  const call = async (request: AwsRequest) => {
    if (request.operation === 'UpdateHealthCheck') updates.push((request.input as { HealthCheckId: string }).HealthCheckId);
    const answer = await world.call(request as AwsRequest<'route53', 'GetHealthCheck'>);
    const check = answer.output.HealthCheck;
    const type = types[check?.Id ?? ''];
    if (check?.HealthCheckConfig !== undefined && type !== undefined) check.HealthCheckConfig.Type = type as 'HTTP';
    return answer;
  };
  const effects = { aws: { call } as unknown as Effects['aws'] };
  const step = (params: Json, facts: Record<string, Json> = {}) => stepOf('route53-weighted.shiftChecks', params, { clock, effects, facts });
  const stateOf = async (id: string) => {
    const { output } = await clock.run(() => world.call({ service: 'route53', region: TOKYO, operation: 'GetHealthCheck', input: { HealthCheckId: id } }));
    return { disabled: output.HealthCheck?.HealthCheckConfig?.Disabled, inverted: output.HealthCheck?.HealthCheckConfig?.Inverted };
  };
  return { step, stateOf, updates, clock };
}

const FORCED = { disabled: true, inverted: true };

describe('a switch by health checks', () => {
  it.each([
    ['RECOVERY_CONTROL', 'which Route 53 does not let anybody disable or invert', 'update-routing-control-state'],
    ['QUANTUM', 'of which dr does not know whether it can be disabled and inverted', 'switch: record'],
  ])('refuses the type %s before anything is changed', async (type, observed, instead) => {
    const { step, updates } = zone({ types: { 'hc-seoul': type } });
    const verdict = await (await step(OUT)).check();
    expect(verdict).toMatchObject({ state: 'refused', refusal: { rule: 'health-check', observed: expect.stringContaining(observed) as string, override: expect.stringContaining(instead) as string } });
    expect(updates).toEqual([]);
  });

  it.each(['HTTP', 'HTTPS', 'HTTP_STR_MATCH', 'HTTPS_STR_MATCH', 'TCP', 'CALCULATED', 'CLOUDWATCH_METRIC'])('takes the type %s', async (type) => {
    expect(await (await zone({ types: { 'hc-seoul': type } }).step(OUT)).check()).toEqual({ state: 'ok', because: '2 health checks can be switched', warnings: [] });
  });

  it('warns if traffic could not leave the target again', async () => {
    expect(await (await zone({ types: { 'hc-tokyo': 'RECOVERY_CONTROL' } }).step(OUT)).check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'routing-control', observed: expect.stringContaining('Route 53 answers with tokyo only while that is On') as string }, { observed: expect.stringContaining('traffic could not leave it again') as string }] });
  });

  it.each([
    ['that stays, when it would be taken out', { sydney: 'hc-seoul' }, {}, OUT],
    ['that is out too, when it would be brought back', { sydney: 'hc-seoul' }, { 'hc-seoul': FORCED }, HOME],
  ])('refuses a check that is shared with a region %s', async (_what, checks, states, params) => {
    const verdict = await (await zone({ checks, states }).step(params)).check();
    expect(verdict).toMatchObject({ state: 'refused', refusal: { observed: expect.stringContaining('hc-seoul belongs to seoul and sydney') as string } });
  });

  it.each([
    ['enabled', { disabled: false, inverted: false }, []],
    ['disabled already', { disabled: true, inverted: false }, [{ rule: 'health-check-disabled', observed: expect.stringContaining('is disabled already') as string }]],
  ])('a rollback makes a check %s what it was', async (_what, before, warnings) => {
    const { step, stateOf, updates } = zone({ states: { 'hc-seoul': before } });
    const out = await step(OUT);
    expect(await out.check()).toMatchObject({ state: 'ok', warnings });
    expect(await out.observe()).toMatchObject({ state: 'absent' });
    await out.act();
    expect(await stateOf('hc-seoul')).toEqual(FORCED);
    expect(await out.observe()).toMatchObject({ state: 'reached' });
    await out.undo();
    expect(await stateOf('hc-seoul')).toEqual(before);
    expect(updates).toEqual(['hc-seoul', 'hc-seoul']);
  });

  it('a rollback of the way home takes out again what was out', async () => {
    const { step, stateOf } = zone({ states: { 'hc-seoul': FORCED } });
    const home = await step(HOME);
    await home.observe();
    await home.act();
    expect(await stateOf('hc-seoul')).toEqual({ disabled: false, inverted: false });
    await home.undo();
    expect(await stateOf('hc-seoul')).toEqual(FORCED);
  });
});
