import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from '../../src/app/observe.ts';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import type { AwsRequest } from '../../src/aws/caller.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { systemIds } from '../../src/base/ids.ts';
import type { Json } from '../../src/base/json.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { knownKind } from '../../src/kinds/registry.ts';
import { signalSchema } from '../../src/model/signals.ts';
import type { Observation } from '../../src/model/step.ts';
import { type WireServer, wireServer } from '../../src/lab/wire/server.ts';
import { compilePlan } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/model/plan.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { simulatedEffects } from '../../src/simulator/effects.ts';
import { World } from '../../src/simulator/world.ts';
import { SEOUL, SHOP, TOKYO } from '../engine/simulated.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../lab/wire/environment.ts';
import { stepOf } from './context.ts';

/*
 * The kinds through the AWS SDK, over HTTP on loopback, against the simulated world: in real time, with AWS in a hurry.
 */

const HURRY = { callMs: 0, promotionMs: 400, modifyMs: 200, rebootMs: 1_500, instanceWarmUpMs: 100, insyncMs: 1_500, metricPeriodMs: 1_000 };
let world: World;
let server: WireServer;
let effects: Effects;
let plan: Plan;
const defects: unknown[] = [];

beforeAll(async () => {
  const loaded = await loadRunbook(SHOP);
  world = new World({ clock: systemClock, seed: 1, regions: [SEOUL, TOKYO], timings: HURRY });
  for (const { kind, name, resource } of loaded.runbook.resources) {
    const code = await knownKind(kind);
    code.simulate(world, name, resource, loaded.runbook.home, loaded.runbook.strategy);
  }
  world.addTopic({ region: TOKYO, arn: 'arn:aws:sns:ap-northeast-1:111122223333:dr' });
  server = await wireServer({
    handle: ({ service, region, operation, input, signal }) =>
      world.call({ service, region, operation, input, signal } as unknown as AwsRequest) as Promise<{ output: object }>,
    onDefect: (error) => defects.push(error),
  });
  useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: TOKYO }));
  effects = { ...simulatedEffects(world), clock: systemClock, ids: systemIds, aws: reliableCaller(sdkCaller(), { clock: systemClock, ids: systemIds }) };
  const observed = await observe(effects, loaded, { verb: 'failover', region: TOKYO });
  plan = compilePlan({ loaded, verb: 'failover', source: observed.source, target: observed.target, account: observed.account, now: Date.now(), resources: observed.resources });
});

afterAll(async () => {
  await server.close();
  restoreEnvironment();
  expect(defects).toEqual([]);
});

/** What the clock of the steps is ahead of the machine's, milliseconds. */
let ahead = 0;

async function step(id: string, facts: Record<string, Json> = {}, intends: readonly string[] = []) {
  const found = plan.steps.find((s) => s.id === id);
  if (found === undefined) throw new Error(`no step ${id}`);
  const clock: Clock = { sleep: (ms, signal) => systemClock.sleep(ms, signal), now: () => systemClock.now() + ahead };
  const made = await stepOf(found.kind, found.params, { effects: { ...effects, clock }, facts, intends });
  const look = () => made.direct('observe') as Promise<Observation>;
  /** Looks again until it is there. */
  const reached = async (isIt = (seen: Observation): boolean => seen.state !== 'pending' && seen.state !== 'absent'): Promise<Observation[]> => {
    const seen: Observation[] = [];
    for (let i = 0; i < 200; i++) {
      const last = await look();
      seen.push(last);
      if (isIt(last)) return seen;
      await systemClock.sleep(20);
    }
    throw new Error(`${id} was not reached: ${JSON.stringify(seen.at(-1))}`);
  };
  return { ...made, look, reached };
}

describe('through the AWS SDK', () => {
  it('plans: where the application is active, and its account', () => {
    expect(plan).toMatchObject({ source: SEOUL, target: TOKYO, account: '000000000000' });
    expect(plan.steps.map((s) => s.id)).toContain('databases.orders.promote');
  });

  it('every check of the plan but those of users is made', async () => {
    for (const { id } of plan.steps.filter((s) => /^(databases|compute|traffic)\./.test(s.id) && !s.id.endsWith('rpoGate'))) {
      const made = await step(id);
      expect(await made.direct('check'), id).toMatchObject({ state: 'ok' });
    }
  });

  it('the signals of a region that answers', async () => {
    const api = await step('databases.orders.assessSourceApi');
    await api.look();
    expect(signalSchema.safeParse(api.recorded['signal.rds-api.orders']).data).toMatchObject({ says: 'up', because: 'shop-orders is available' });
    const checkers = await step('traffic.storefront.assessHealthCheck');
    await checkers.look();
    expect(signalSchema.safeParse(checkers.recorded['signal.health-check.storefront']).data).toMatchObject({ vantage: 'health-checkers', because: expect.stringMatching(/^\d+ of \d+ checkers reach it$/) as string });
  });

  it('rds-read-replica: the lag is read, the writer fenced, the replica promoted', async () => {
    const gate = await step('databases.orders.rpoGate');
    // CloudWatch has its first value after a period.
    let seen = await gate.look();
    for (let i = 0; i < 100 && seen.state === 'refused'; i++) {
      await systemClock.sleep(50);
      seen = await gate.look();
    }
    expect(seen.state).toBe('reached');
    expect(gate.recorded['rpo.orders']).toMatchObject({ method: 'replica-lag', boundMs: expect.any(Number) as number });
    const fence = await step('databases.orders.fence');
    expect((await fence.look()).state).toBe('absent');
    await fence.direct('act');
    expect((await fence.reached((seen) => seen.state === 'absent' && seen.further === true)).at(-1)).toMatchObject({ because: expect.stringContaining('Sessions from before it may still write') as string });
    await fence.direct('act');
    expect(world.snapshot().databases.find((d) => d.id === 'shop-orders')?.status).toBe('rebooting');
    // Nothing is believed of a reboot for ten seconds.
    ahead = 11_000;
    expect((await fence.reached()).at(-1)).toMatchObject({ state: 'reached', because: expect.stringContaining('a reboot has ended every session') as string });
    ahead = 0;
    const promote = await step('databases.orders.promote', { 'rpo.orders': gate.recorded['rpo.orders'] ?? null, 'fence.orders': fence.recorded['fence.orders'] ?? null }, [`rds:${TOKYO}:shop-orders-tokyo role`]);
    expect((await promote.look()).state).toBe('absent');
    await promote.direct('act');
    expect((await promote.reached()).at(-1)).toMatchObject({ state: 'reached' });
    expect(promote.calls().find((c) => c.operation === 'PromoteReadReplica')?.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(world.acceptsWrites({ region: TOKYO, id: 'shop-orders-tokyo' })).toBe(true);
    expect(world.acceptsWrites({ region: SEOUL, id: 'shop-orders' })).toBe(false);
  });

  it('auto-scaling-group: grown, and healthy', async () => {
    const scale = await step('compute.api.scaleOut');
    expect(await scale.look()).toMatchObject({ state: 'absent' });
    await scale.direct('act');
    expect((await scale.reached()).at(-1)).toEqual({ state: 'reached', because: '6 instances are in service and healthy' });
  });

  it('route53-failover: flipped, INSYNC, and answered from outside', async () => {
    const flip = await step('traffic.storefront.flip');
    expect(await flip.look()).toMatchObject({ state: 'absent' });
    await flip.direct('act');
    const states = (await flip.reached()).map((s) => s.state);
    expect(states).toContain('pending');
    expect(states.at(-1)).toBe('reached');
    expect(world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
  });

  it('a notification, and a region that is dead', async () => {
    const sns = await step('notify.sns-1');
    await sns.direct('act');
    expect(world.state.published).toHaveLength(1);
    world.breakRegion(SEOUL);
    const api = await step('databases.orders.assessSourceApi');
    await api.look();
    expect(signalSchema.safeParse(api.recorded['signal.rds-api.orders']).data).toMatchObject({ says: 'down', silent: true });
  });
});
