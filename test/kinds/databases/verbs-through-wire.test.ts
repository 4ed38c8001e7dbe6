import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Direction, observe } from '../../../src/app/observe.ts';
import type { AwsRequest } from '../../../src/aws/caller.ts';
import { findDbInstance } from '../../../src/aws/rds.ts';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemIds } from '../../../src/base/ids.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import { execute } from '../../../src/engine/execute.ts';
import { Journal } from '../../../src/journal/journal.ts';
import { MemoryStore } from '../../../src/journal/memory-store.ts';
import { knownKind, loadStepKind } from '../../../src/kinds/registry.ts';
import { type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { compilePlan } from '../../../src/plan/compile.ts';
import { loadRunbook } from '../../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../../src/runbook/runbook.ts';
import { simulatedEffects } from '../../../src/simulator/effects.ts';
import { World } from '../../../src/simulator/world.ts';
import { APPROVED, OPERATOR, SEOUL, SHOP, TOKYO } from '../../engine/simulated.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../../lab/wire/environment.ts';

/*
 * Switchover and reprotect as they are run, through the AWS SDK and over HTTP on loopback, against the simulated world in
 * real time, with AWS in a hurry.
 */

const HURRY = { callMs: 0, promotionMs: 400, modifyMs: 100, renameMs: 200, rebootMs: 100, replicaMs: 400, instanceWarmUpMs: 100, insyncMs: 100, metricPeriodMs: 1_000 };
const TIMEOUT_MS = 60_000;
let world: World;
let server: WireServer;
let effects: Effects;
let loaded: LoadedRunbook;
const seen: { operation: string; input: Record<string, unknown> }[] = [];
const defects: unknown[] = [];

beforeAll(async () => {
  const text = (await readFile(SHOP, 'utf8')).replace('hold: 5s', 'hold: 500ms').replace(/^traffic:[\s\S]*?(?=^# What users see)/m, '').replace('shop.example.com/healthz', '127.0.0.2/healthz').replace(/^notify:[\s\S]*/m, '');
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text);
  loaded = await loadRunbook(path);
  world = new World({ clock: systemClock, seed: 1, regions: [SEOUL, TOKYO], timings: HURRY });
  for (const { kind, name, resource } of loaded.runbook.resources) {
    const code = await knownKind(kind);
    code.simulate(world, name, resource, loaded.runbook.home, loaded.runbook.strategy);
  }
  world.setReplication({ region: TOKYO, id: 'shop-orders-tokyo' }, { lagMs: 50 });
  // One page for both sides, so that no traffic need be moved here.
  world.addApplication({ region: TOKYO, address: '127.0.0.2' });
  server = await wireServer({
    handle: ({ service, region, operation, input, signal }) => {
      seen.push({ operation, input: input });
      return world.call({ service, region, operation, input, signal } as unknown as AwsRequest) as Promise<{ output: object }>;
    },
    onDefect: (error) => defects.push(error),
  });
  useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: TOKYO }));
  effects = { ...simulatedEffects(world), clock: systemClock, ids: systemIds, aws: reliableCaller(sdkCaller(), { clock: systemClock, ids: systemIds }) };
  // CloudWatch has its first value after a period.
  await systemClock.sleep(1_200);
});

afterAll(async () => {
  await server.close();
  restoreEnvironment();
  expect(defects).toEqual([]);
});

async function run(direction: Direction) {
  const { source, target, account, resources, rebuild } = await observe(effects, loaded, direction);
  const plan = compilePlan({ loaded, verb: direction.verb, source, target, account, now: Date.now(), resources, ...(rebuild === undefined ? {} : { rebuild }) });
  const journal = new Journal({ store: new MemoryStore(), clock: systemClock, run: '20261120T000000Z-shop-wire-000001', term: 1 });
  const tool = { name: 'test', version: '0', node: '0' };
  await journal.append({ type: 'run.started', plan, operator: OPERATOR, tool, mode: 'simulated', declaredAt: Date.now(), confirmedBy: 'flag', acceptances: APPROVED, endpoints: [] });
  const outcome = await execute({ journal, effects, stepKind: loadStepKind, operator: OPERATOR, drain: new AbortController().signal });
  expect([...journal.state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.because, s.refusal, s.error])).toEqual([]);
  expect(outcome).toBe('succeeded');
  return journal.state;
}

it('a switchover and a reprotect, there and home again', { timeout: TIMEOUT_MS }, async () => {
  await run({ verb: 'switchover', region: TOKYO });
  expect(world.lossOf({ region: TOKYO, id: 'shop-orders-tokyo' })?.commits).toBe(0);
  const state = await run({ verb: 'reprotect', region: TOKYO });
  expect(state.steps.get('databases.orders.keepOld')?.calls.find((c) => c.operation === 'ModifyDBInstance')?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  const rebuilt = await findDbInstance(effects.aws, SEOUL, 'shop-orders');
  expect(rebuilt).toMatchObject({ DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${TOKYO}:000000000000:db:shop-orders-tokyo` });
  // The SDK has signed the request to the source's region by itself: an encrypted source needs it.
  const made = seen.find((call) => call.operation === 'CreateDBInstanceReadReplica')?.input;
  expect(made?.PreSignedUrl).toMatch(/^https:\/\/rds\.ap-northeast-1\.amazonaws\.com(:\d+)?\/\?.*Action=CreateDBInstanceReadReplica.*X-Amz-Signature=/);
  expect(made).toMatchObject({ KmsKeyId: expect.stringContaining(`:kms:${SEOUL}:`) as string, VpcSecurityGroupIds: ['sg-0cccccccccccccccc'], MultiAZ: false });
  await run({ verb: 'switchover', region: SEOUL });
  expect(world.acceptsWrites({ region: SEOUL, id: 'shop-orders' })).toBe(true);
  const missing = world.ledgerOf({ region: SEOUL, id: 'shop-orders' }).filter((entry) => entry.acknowledged > entry.held);
  expect(missing).toEqual([]);
});
