import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { until } from '../lab/helpers.ts';
import { openDoor, ordersIn } from './orders.ts';
import { APPROVED, runsIn, SEOUL, stage, TOKYO } from './stage.ts';
import { streaming } from './streaming.ts';

/*
 * Seoul dies, its copy is promoted, and then Seoul is there again as its disks say: a writer, with users led to it, before
 * traffic is switched. The guard closes it, and what it took meanwhile is given.
 */

const TIMEOUT_MS = 180_000;
const FLIP = /^POST \/2013-04-01\/hostedzone/;

it('a primary that returns writable in the middle of the run is closed, and what it took meanwhile is given', { timeout: TIMEOUT_MS }, async () => {
  const on = await stage();
  try {
    await until('orders', async () => (await on.lab.ledger()).acknowledged >= 40, 30_000);
    const impact = await on.breakSeoul();
    // Traffic is not switched before Seoul is back: Route 53 takes no changes until then.
    const mend = on.proxy.lay(({ operation }) => FLIP.test(operation), 'hang');
    const run = streaming(on, ['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED, '--impact-at', impact]);
    const promoted = await run.until((r) => r.type === 'step.done' && r.step === 'databases.orders.promote');
    await on.lab.heal(SEOUL);
    const healedAt = Date.now();
    const closed = await run.until((r) => r.type === 'step.done' && r.step === 'databases.orders.fenceAgain');
    mend();
    const ran = await run.ended;
    // It has succeeded, and not every figure of it is known.
    expect(ran.code).toBe(EXIT.notMeasured);
    await until('Tokyo serves', async () => (await on.lab.ledger()).lastGood?.region === TOKYO, 30_000);
    const databases = (await on.lab.status()).databases.map(({ region, state, door }) => [region, state, door]);
    expect(databases).toEqual([[SEOUL, 'writer', 'closed'], [TOKYO, 'writer', 'open']]);

    // The order of things, by the journal and by the proxy.
    const flipped = run.records.find((r) => r.type === 'step.done' && r.step === 'traffic.storefront.flip');
    expect(promoted.at).toBeLessThanOrEqual(healedAt);
    expect(closed.at).toBeLessThan(flipped?.at ?? Number.NaN);
    expect(on.proxy.accepted('ModifyDBInstance').filter(({ region }) => region === SEOUL)).toHaveLength(1);

    // What Seoul took after the break is in no other instance: all of it lies in the time that the report names.
    const [id = ''] = await runsIn(on.state);
    const evidence = JSON.parse(await readFile(`${on.state}/runs/${id}/report.json`, 'utf8')) as Evidence;
    const fence = evidence.databases[0]?.fence;
    expect(fence?.verdict).toBe('fenced');
    const { loss, brokenAt: broken } = await on.lab.ledger();
    const openedAt = await openDoor(on, SEOUL);
    const [there, here] = await Promise.all([ordersIn(on, SEOUL), ordersIn(on, TOKYO)]);
    const known = new Set(here.map(({ id }) => id));
    // Seoul's application may write again once this test has opened the door.
    const onlyThere = there.filter(({ id, at }) => !known.has(id) && at < openedAt);
    // Of the time between it has what the dying region was still storing, and no more.
    const brokenAt = broken[SEOUL] ?? Number.NaN;
    expect(onlyThere.filter((order) => order.at > brokenAt + 1_000 && order.at <= promoted.at)).toEqual([]);
    const late = onlyThere.filter((order) => order.at > promoted.at);
    console.log(`returning writer: ${onlyThere.length - late.length} orders lost with the region, ${late.length} taken by the old writer after it was back, for ${late.length === 0 ? 0 : Math.max(...late.map((o) => o.at)) - Math.min(...late.map((o) => o.at))} ms; ${fence?.because}`);
    expect(loss?.lost).toBeLessThanOrEqual(onlyThere.length);
    const ids = new Set(onlyThere.map(({ id }) => id));
    expect(loss?.lostIds.filter((id) => !ids.has(id))).toEqual([]);
    // The promotion's bound does not count them, so that nobody may call the RPO met.
    expect(fence?.because).toMatch(/It answered again at \S+, after its copy had taken over: what it took until \S+ is in no other instance$/);
    expect(ran.stderr).toMatch(/^ {2}and what the old writer of orders took when it was back at \S+: in no other instance$/m);
    expect(evidence.objectives.find(({ name }) => name === 'RPO')).toMatchObject({ verdict: 'not measured', because: expect.stringContaining('what the old writer of orders took when it was back') });
    expect(evidence.next).toContain(fence?.because);
    if (late.length > 0) {
      const closedAt = Date.parse(/took until (\S+) is in no other instance/.exec(fence?.because ?? '')?.[1] ?? '');
      expect(Math.max(...late.map((order) => order.at))).toBeLessThanOrEqual(closedAt);
    }
  } finally {
    await on.close();
  }
});
