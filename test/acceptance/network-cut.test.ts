import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import type { Outage } from '../../src/lab/ledger.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { until } from '../lab/helpers.ts';
import { openDoor, ordersIn } from './orders.ts';
import { APPROVED, envelopeOf, SEOUL, type Stage, stage, TOKYO } from './stage.ts';
import { told } from './told.ts';

/*
 * The network between the regions is cut, and both live: users are served by Seoul, and no write of theirs gets to Tokyo.
 */

const TIMEOUT_MS = 120_000;
const FAILOVER = ['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED] as const;
let on: Stage;

beforeAll(async () => {
  on = await stage();
}, TIMEOUT_MS);
afterAll(() => on.close(), TIMEOUT_MS);

/** Route 53 answers five requests a second: after that long it answers the next run, too. */
const NEXT_RUN_MS = 1_500;

const long = ({ downtimeMs }: Outage) => (downtimeMs ?? Number.POSITIVE_INFINITY) > 2_000;

/** What a refused failover says of why, masked. */
async function refusal(): Promise<string> {
  await sleep(NEXT_RUN_MS);
  const ran = await on.dr(FAILOVER);
  expect(ran.code).toBe(EXIT.refused);
  const rows = told(ran).split('\n').map((line) => line.trim());
  const from = rows.findIndex((row) => row.startsWith('rule '));
  return rows.slice(from, from + 5).join('\n').replaceAll(/\bN (ms|s)\b/g, 'N').replace(/ \((just now|N ago)\)$/m, '');
}

it('a failover is refused while users are served, also where the operator is on the wrong side of the cut', { timeout: TIMEOUT_MS }, async () => {
  await until('orders', async () => (await on.lab.ledger()).acknowledged >= 40, 30_000);
  const cut = await on.dr(['lab', 'break', SEOUL, '--network']);
  expect(cut.stdout).toContain('alive, cut off');
  await until('something is behind', async () => (await on.lab.status()).world.databases.some((d) => (d.lagMs ?? 0) > 2_000), 30_000);

  expect(await refusal()).toMatchInlineSnapshot(`
    "rule         source-down
    observed     0 of at least 2 independent signals say down. users: up (home-page: status 200 from 127.0.0.2 in N); source-api: up (shop-orders is available); replication: up (shop-orders-tokyo is replicating, lag N, N ago); health-checkers: up (8 of 8 checkers reach it)
    threshold    two independent signals that the source region is down
    consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
    override     --attest-source-down NAME --reason "who has seen it, and how""
  `);

  // Now the operator sees nothing of Seoul either, but what users see.
  const blind = on.proxy.lay(({ region }) => region === SEOUL, 'hang');
  expect(await refusal()).toMatchInlineSnapshot(`
    "rule         source-down
    observed     1 of at least 2 independent signals say down. users: up (home-page: status 200 from 127.0.0.2 in N); source-api: down (the RDS API of ap-northeast-2 gives no answer); replication: up (shop-orders-tokyo is replicating, lag N, N ago); health-checkers: up (8 of 8 checkers reach it)
    threshold    two independent signals that the source region is down
    consequence  a failover away from ap-northeast-2 while it works splits the data: both sides may take writes
    override     --attest-source-down NAME --reason "who has seen it, and how""
  `);
  blind();

  expect(on.proxy.mutations.filter(({ operation }) => operation !== 'Publish')).toEqual([]);
  const { users, databases } = await on.lab.status();
  expect(databases.map(({ region, state, door }) => [region, state, door])).toEqual([[SEOUL, 'writer', 'open'], [TOKYO, 'replica', 'open']]);
  // One order that was too slow is none.
  expect(users.outages.filter(long)).toEqual([]);
  expect(users.lastGood?.region).toBe(SEOUL);
});

it('attested, the old writer is closed before the copy is promoted, and what is lost is bounded', { timeout: TIMEOUT_MS }, async () => {
  const ran = await on.dr([...FAILOVER, '--attest-source-down', 'jane@example.com', '--reason', 'Seoul is cut off', '--json']);
  const { exit, result } = envelopeOf(ran);
  expect({ exit, standing: result.standing }).toEqual({ exit: 'ok', standing: 'succeeded' });
  await until('Tokyo serves', async () => (await on.lab.ledger()).lastGood?.region === TOKYO, 30_000);

  const evidence = JSON.parse(await readFile(result.report.json, 'utf8')) as Evidence;
  const [orders] = evidence.databases;
  expect(evidence.assessment.verdict).toBe('attested');
  expect(orders?.fence.verdict).toBe('fenced');
  const [closed] = on.proxy.accepted('ModifyDBInstance');
  const [promoted] = on.proxy.accepted('PromoteReadReplica');
  expect(closed).toMatchObject({ region: SEOUL });
  expect(closed?.at).toBeLessThan(promoted?.at ?? 0);

  const { loss, outages } = await on.lab.ledger();
  expect(outages.filter(long)).toHaveLength(1);
  expect(await on.lab.status()).toMatchObject({ databases: [{ state: 'writer', door: 'closed' }, { state: 'writer', door: 'open' }] });

  // In both servers: the last that the old one stored is older than the first that the new one did.
  const openedAt = await openDoor(on, SEOUL);
  const [found, here] = await Promise.all([ordersIn(on, SEOUL), ordersIn(on, TOKYO)]);
  // Seoul's application may write again once this test has opened the door.
  const there = found.filter(({ at }) => at < openedAt);
  const known = new Set(here.map(({ id }) => id));
  const onlyThere = there.filter(({ id }) => !known.has(id));
  const made = (stored: typeof here, region: string) => stored.filter((order) => order.region === region).map(({ at }) => at);
  expect(made(there, TOKYO)).toEqual([]);
  expect(Math.max(...made(there, SEOUL))).toBeLessThan(Math.min(...made(here, TOKYO)));

  // Nothing has vanished: what the new writer lacks is on the old one, and not more than the report says.
  expect(loss?.lost).toBeGreaterThan(0);
  expect(onlyThere.length).toBeGreaterThanOrEqual(loss?.lost ?? Number.NaN);
  const ids = new Set(onlyThere.map(({ id }) => id));
  expect(loss?.lostIds.filter((id) => !ids.has(id))).toEqual([]);
  const lostFor = Math.max(...onlyThere.map(({ at }) => at)) - Math.min(...onlyThere.map(({ at }) => at));
  const bound = orders?.rpo.boundMs ?? 0;
  console.log(`network cut: ${loss?.lost} acknowledged orders lost over ${lostFor} ms, bound ${bound} ms; ${Math.min(...made(here, TOKYO)) - Math.max(...made(there, SEOUL))} ms between the writers`);
  expect(lostFor).toBeLessThanOrEqual(bound);
});
