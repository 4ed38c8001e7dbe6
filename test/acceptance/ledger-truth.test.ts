import pg from 'pg';
import { expect, it } from 'vitest';
import { until } from '../lab/helpers.ts';
import { APPROVED, envelopeOf, SEOUL, stage, TOKYO } from './stage.ts';

/*
 * What the ledger calls lost, against the rows of the database that survived.
 */

it('counts as lost exactly the acknowledged orders that the surviving database does not have', { timeout: 120_000 }, async () => {
  const on = await stage();
  try {
    await until('orders', async () => (await on.lab.ledger()).acknowledged >= 40);
    // Some are to be lost, whatever the moment.
    await on.lab.cutNetwork(SEOUL);
    const before = (await on.lab.ledger()).acknowledged;
    await until('orders that do not get through', async () => (await on.lab.ledger()).acknowledged >= before + 5, 30_000);
    const impact = await on.breakSeoul();
    const atBreak = await on.lab.ledger();
    const ran = await on.dr(['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED, '--impact-at', impact, '--json']);
    expect(envelopeOf(ran).exit).toBe('ok');
    await until('served by Tokyo', async () => (await on.lab.ledger()).lastGood?.region === TOKYO);

    const earlier = await on.lab.ledger();
    const rows = await ordersIn(TOKYO);
    const after = await on.lab.ledger();
    const { loss } = after;
    if (loss === undefined) throw new Error(after.lossUnknown);
    expect(loss).toMatchObject({ region: TOKYO, notChecked: 0 });
    // Some had not got through when Seoul died; all that are named are shown, and none is there.
    expect(loss.lost).toBeGreaterThan(0);
    expect(loss.lostIds).toHaveLength(Math.min(loss.lost, 20));
    expect(loss.lostIds.filter((id) => rows.has(id))).toEqual([]);
    // Every other acknowledged one is there. What else is there was stored, and its user never heard of it.
    expect(rows.size).toBeGreaterThanOrEqual(earlier.acknowledged - loss.lost);
    expect(rows.size).toBeLessThanOrEqual(after.acknowledged - loss.lost + after.failed);
    expect(loss.lost).toBeLessThanOrEqual(atBreak.acknowledged);
    expect(atBreak.brokenAt[SEOUL]).toBeDefined();
  } finally {
    await on.close();
  }

  async function ordersIn(region: string): Promise<Set<string>> {
    const database = (await on.lab.status()).world.databases.find((d) => d.region === region);
    const { SHOP_DB_USER: user, SHOP_DB_PASSWORD: password } = on.env;
    const client = new pg.Client({ host: database?.endpoint.address, port: database?.endpoint.port, user, password, database: 'shop' });
    await client.connect();
    try {
      return new Set((await client.query<{ id: string }>('select id from orders')).rows.map(({ id }) => id));
    } finally {
      await client.end();
    }
  }
});
