import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwsRequest } from '../../../src/aws/caller.ts';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemIds } from '../../../src/base/ids.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import type { ObserveContext, PlanContext, ResourceKind } from '../../../src/model/kind.ts';
import type { Verb } from '../../../src/model/verb.ts';
import { knownKind } from '../../../src/kinds/registry.ts';
import type { StepContext, StepKind } from '../../../src/model/step.ts';
import { type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { loadRunbook } from '../../../src/runbook/load.ts';
import type { RunbookResource } from '../../../src/runbook/runbook.ts';
import { simulatedEffects } from '../../../src/simulator/effects.ts';
import { World } from '../../../src/simulator/world.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../../lab/wire/environment.ts';
import { RUN_FACTS } from '../context.ts';

/*
 * The kinds of active-active.yaml, and a pair, through the real SDK against the lab's endpoints.
 */

const TICKETS = fileURLToPath(new URL('../../../runbooks/active-active.yaml', import.meta.url));
const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const REGIONS = [SEOUL, TOKYO];

let world: World;
let server: WireServer;
let effects: Effects;
let resources: readonly RunbookResource[];
const defects: unknown[] = [];

beforeEach(async () => {
  world = new World({ clock: systemClock, seed: 1, regions: REGIONS, timings: { callMs: 0, insyncMs: 300, instanceWarmUpMs: 0 } });
  const { runbook } = await loadRunbook(TICKETS);
  const pair = {
    section: 'traffic' as const,
    name: 'pair',
    kind: 'route53-failover',
    resource: { kind: 'route53-failover', zone: 'Z0PAIR', record: { name: 'pair.example.org', type: 'A' }, sets: { [SEOUL]: 'p-seoul', [TOKYO]: 'p-tokyo' }, switch: 'health-check' },
  };
  resources = [...runbook.resources, pair];
  for (const { name, kind, resource } of resources) (await kindOf(kind)).simulate(world, name, resource, SEOUL, 'active-active');
  for (const region of REGIONS) world.addApplication({ region, address: region === SEOUL ? '127.0.0.2' : '127.0.0.3' });
  server = await wireServer({
    handle: ({ service, region, operation, input, signal }) => world.call({ service, region, operation, input, signal } as unknown as AwsRequest) as Promise<{ output: object }>,
    onDefect: (error) => defects.push(error),
  });
  useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: TOKYO }));
  effects = { ...simulatedEffects(world), aws: reliableCaller(sdkCaller(), { clock: systemClock, ids: systemIds }) };
});

afterEach(async () => {
  await server.close();
  restoreEnvironment();
  expect(defects.splice(0)).toEqual([]);
});

async function kindOf(name: string): Promise<ResourceKind<unknown>> {
  return await knownKind(name);
}

function resourceOf(name: string): RunbookResource {
  const found = resources.find((r) => r.name === name);
  if (found === undefined) throw new Error(`no resource ${name}`);
  return found;
}

async function activeIn(name: string, verb: Verb = 'failover', target = TOKYO) {
  const { kind, resource } = resourceOf(name);
  const context: ObserveContext = { effects, verb, strategy: 'active-active', target, regions: REGIONS };
  return (await kindOf(kind)).observe(context, resource);
}

/** Runs the steps of a resource one by one, those that the filter names. */
async function run(name: string, verb: Verb, source: string, target: string, only: RegExp): Promise<string[]> {
  const { kind, resource } = resourceOf(name);
  const code = await kindOf(kind);
  const state = await activeIn(name, verb, target);
  const plan: PlanContext = { runbook: 'tickets', verb, strategy: 'active-active', source, target, survivors: [target], objectives: { rpoMs: 0, rtoMs: 0 }, account: '000000000000' };
  const facts = new Map<string, Json>();
  const context: StepContext = {
    effects,
    signal: new AbortController().signal,
    runbook: 'tickets',
    source,
    target,
    operator: 'test',
    run: RUN_FACTS,
    acceptances: { approvedBy: [] },
    impactAt: () => undefined,
    impactNamed: false,
    attempt: 1,
    askedBefore: false,
    intends: () => false,
    fact: (fact) => facts.get(fact),
    record: (fact, value) => void facts.set(fact, value),
    wait: (_cause, ms) => systemClock.sleep(Math.min(ms, 50)),
  };
  const done: string[] = [];
  for (const draft of code.plan(plan, name, resource, state).filter((d) => only.test(d.label ?? d.step))) {
    const step = code.steps[draft.step] as unknown as StepKind<Json>;
    const params = step.params.parse(draft.params);
    expect([draft.label ?? draft.step, (await step.check(context, params)).state]).toEqual([draft.label ?? draft.step, 'ok']);
    await step.act?.(context, params);
    for (let looks = 0; ; looks++) {
      const seen = await (step.verify ?? step.observe)(context, params);
      if (seen.state === 'reached') break;
      expect([draft.label ?? draft.step, seen.state, looks < 100]).toEqual([draft.label ?? draft.step, 'pending', true]);
      await systemClock.sleep(50);
    }
    done.push(draft.label ?? draft.step);
  }
  return done;
}

describe('through the SDK', { timeout: 30_000 }, () => {
  it('route53-weighted: out and back', async () => {
    expect((await activeIn('shop')).activeIn).toEqual(REGIONS);
    const input = { AutoScalingGroupName: 'tickets-web', MinSize: 4, DesiredCapacity: 6, MaxSize: 12 };
    await effects.aws.call({ service: 'autoscaling', region: TOKYO, operation: 'UpdateAutoScalingGroup', input });
    expect(await run('shop', 'failover', SEOUL, TOKYO, /^(shift|settle|carry)/)).toEqual(['carry', 'shift1', 'settle']);
    expect(await activeIn('shop')).toMatchObject({ activeIn: [TOKYO], because: `2 names lead to ${TOKYO}, not to ${SEOUL}` });
    expect(await run('shop', 'reprotect', SEOUL, TOKYO, /^shift/)).toEqual(['shift1', 'shift2', 'shift3', 'shift4']);
    expect((await activeIn('shop')).activeIn).toEqual(REGIONS);
  });

  it.each([['api', ['shift1']], ['invoices', ['shift1', 'shift2']]] as const)('%s: out and back', async (name, back) => {
    expect((await activeIn(name)).activeIn).toEqual(REGIONS);
    expect(await run(name, 'failover', SEOUL, TOKYO, /^(shift|settle)/)).toEqual(['shift1', 'settle']);
    expect((await activeIn(name)).activeIn).toEqual([TOKYO]);
    expect(await run(name, 'reprotect', SEOUL, TOKYO, /^shift/)).toEqual(back);
    expect((await activeIn(name)).activeIn).toEqual(REGIONS);
  });

  it('route53-failover by its health check: the pair moves', async () => {
    expect((await activeIn('pair')).activeIn).toEqual([SEOUL]);
    expect(await run('pair', 'failover', SEOUL, TOKYO, /^(shiftChecks|settle)/)).toEqual(['shiftChecks', 'settle']);
    expect(world.resolve('pair.example.org', 'A').values).toEqual(['127.0.0.3']);
    expect(await activeIn('pair')).toMatchObject({ activeIn: [TOKYO], because: 'the health check of p-seoul is disabled and inverted: it counts as unhealthy' });
  });

  it('rds-writers: keys are compared in the parameter groups of every region', async () => {
    expect(await run('tickets', 'switchover', SEOUL, TOKYO, /^(uniqueKeys|ready)/)).toEqual(['uniqueKeys', 'ready']);
    world.addDbParameterGroup({ region: TOKYO, name: 'tickets-writer', family: 'mysql8.4', parameters: { auto_increment_increment: '1' } });
    await expect(run('tickets', 'switchover', SEOUL, TOKYO, /^uniqueKeys/)).rejects.toThrow(/refused/);
  });
});
