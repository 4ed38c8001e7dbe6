import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Journey, trouble } from './journey.ts';

const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const SHOP = fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url));

/** Out because Seoul is lost, and home again as planned, with users on it all the time and real databases where they run. */
describe('there and back in the lab', { timeout: 120_000 }, () => {
  let journey: Journey;
  let before: { roles: string[]; records: unknown; running: unknown };
  let lost: { lost: number; lostIds: readonly string[] };
  beforeAll(async () => {
    journey = await Journey.begin(SHOP);
    await journey.servedIn(SEOUL, 40);
    before = { roles: await journey.roles(), records: await journey.recordSets(), running: await journey.running() };
  }, 60_000);
  afterAll(() => journey.end());

  it('fails over to Tokyo while Seoul is dead', async () => {
    await journey.lab.breakRegion(SEOUL);
    const result = await journey.run({ verb: 'failover', region: TOKYO });
    expect(trouble(result)).toEqual([]);
    await journey.servedIn(TOKYO);
  });

  it('rebuilds Seoul as the standby, and keeps its old writer', async () => {
    await journey.lab.heal(SEOUL);
    const result = await journey.run({ verb: 'reprotect' });
    expect(trouble(result)).toEqual([]);
    const roles = await journey.roles();
    expect(roles.filter((role) => role.endsWith('replica'))).toEqual([`${SEOUL}/shop-orders: replica`]);
    expect(roles).toHaveLength(3);
    expect(await journey.keptDoors()).toEqual(['closed']);
    const { loss } = await journey.lab.ledger();
    lost = { lost: loss?.lost ?? Number.NaN, lostIds: loss?.lostIds ?? [] };
  });

  it('goes home as planned, and loses nothing', async () => {
    const { acknowledged } = await journey.lab.ledger();
    expect(acknowledged).toBeGreaterThan(60);
    const result = await journey.run({ verb: 'switchover', region: SEOUL });
    expect(trouble(result)).toEqual([]);
    await journey.servedIn(SEOUL);
    const after = await journey.lab.ledger();
    expect(after.loss).toMatchObject({ region: SEOUL, ...lost });
  });

  it('is then as it was: the same roles, the same records, every order of the survivors', async () => {
    const result = await journey.run({ verb: 'reprotect' });
    expect(trouble(result)).toEqual([]);
    const roles = await journey.roles();
    expect(roles).toEqual(expect.arrayContaining(before.roles));
    // Besides them only those that were kept.
    expect(roles.filter((role) => !before.roles.includes(role))).toEqual([expect.stringMatching(/\/shop-orders-tokyo-old-\d+: writer$/), expect.stringMatching(/\/shop-orders-old-\d+: writer$/)]);
    // Nobody reaches them, anyone who else is let in.
    expect(await journey.keptDoors()).toEqual(['closed', 'closed']);
    expect(await journey.recordSets()).toEqual(before.records);
    expect(await journey.running()).toEqual(before.running);
    await journey.servedIn(SEOUL);
    expect((await journey.lab.ledger()).loss).toMatchObject({ lost: lost.lost, notChecked: 0 });
  });
});
