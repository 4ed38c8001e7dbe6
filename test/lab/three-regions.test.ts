import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Journey, trouble } from './journey.ts';
import { OSAKA, SEOUL, shopInThree, TOKYO } from './three-regions.ts';

/** One writer and two replicas, each with an address, a door, an application and a link of its own. */
describe('three regions in the lab', { timeout: 120_000 }, () => {
  let folder: string;
  let journey: Journey;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dr-three-'));
    journey = await Journey.begin(await shopInThree(folder));
    await journey.servedIn(SEOUL, 40);
  }, 60_000);
  afterAll(async () => {
    await journey.end();
    await rm(folder, { recursive: true });
  });

  it('has a replica in each standby region, and users in one', async () => {
    expect(await journey.roles()).toEqual([`${TOKYO}/shop-orders-tokyo: replica`, `${SEOUL}/shop-orders: writer`, `${OSAKA}/shop-orders-osaka: replica`]);
    const { regions } = await journey.lab.status();
    expect(regions.map(({ id, address, application }) => [id, address, application])).toEqual([[SEOUL, '127.0.0.2', 'up'], [TOKYO, '127.0.0.3', 'up'], [OSAKA, '127.0.0.4', 'up']]);
  });

  it('fails over to the second standby, and counts what that one lacks', async () => {
    await journey.lab.breakRegion(SEOUL);
    expect(trouble(await journey.run({ verb: 'failover', region: OSAKA }))).toEqual([]);
    await journey.servedIn(OSAKA);
    expect((await journey.lab.ledger()).loss).toMatchObject({ region: OSAKA, notChecked: 0, unreachable: 0 });
    expect(await journey.roles()).toEqual([`${TOKYO}/shop-orders-tokyo: replica`, `${SEOUL}/shop-orders: dead`, `${OSAKA}/shop-orders-osaka: writer`]);
  });

  it('makes both other regions replicas of it, and loses nothing on the way home', async () => {
    await journey.lab.heal(SEOUL);
    expect(trouble(await journey.run({ verb: 'reprotect' }))).toEqual([]);
    const before = (await journey.lab.ledger()).loss?.lost;
    expect(trouble(await journey.run({ verb: 'switchover', region: SEOUL }))).toEqual([]);
    await journey.servedIn(SEOUL);
    expect((await journey.lab.ledger()).loss).toMatchObject({ region: SEOUL, lost: before });
    const named = (await journey.roles()).filter((role) => !role.includes('-old-'));
    expect(named).toEqual([`${TOKYO}/shop-orders-tokyo: replica`, `${SEOUL}/shop-orders: writer`, `${OSAKA}/shop-orders-osaka: writer`]);
  });
});
