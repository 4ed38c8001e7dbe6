import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connected } from './helpers.ts';
import { Journey, trouble } from './journey.ts';

const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const SHOP = fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url));

/** Seoul lives, and a named person says that it is to be left: the old writer has to be fenced, with users connected to it. */
describe('a session that was open before the fence', { timeout: 120_000 }, () => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await Journey.begin(SHOP);
    await journey.servedIn(SEOUL);
  }, 60_000);
  afterAll(() => journey.end());

  it('writes on through the quarantine, and not after the verdict', async () => {
    const [host = '', port = ''] = (await journey.lab.status()).databases.find((db) => db.region === SEOUL)?.endpoint.split(':') ?? [];
    const { SHOP_DB_USER: user = '', SHOP_DB_PASSWORD: password = '' } = journey.lab.env;
    const session = await connected(host, Number(port), { user, password, database: 'shop' });
    /** Which of the fence's changes was the last when an order was tried, and what became of it. */
    const tried: { after: number; was: string }[] = [];
    let [acted, fenced, over] = [0, false, false];
    const writing = (async () => {
      for (let n = 0; !over; n++) {
        const [after, before] = [acted, fenced];
        const was = await session.write(`session-${n}`);
        tried.push({ after, was: before ? `fenced: ${was}` : was });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const result = await journey.run({ verb: 'failover', region: TOKYO }, {
      acceptances: { sourceDown: 'alice', dataLossSeconds: 'unknown', reason: 'the test' },
      seen: (record) => {
        if (record.type === 'step.intent' && record.step === 'databases.orders.fence') acted = record.attempt;
        if (record.type === 'step.done' && record.step === 'databases.orders.fence') fenced = true;
      },
    });
    over = true;
    await writing;
    await session.end();
    expect(trouble(result)).toEqual([]);
    // The reboot is the second change: until then the quarantine was in force, and the session wrote.
    expect(acted).toBe(2);
    expect(tried.filter(({ after, was }) => after === 1 && was === 'written').length).toBeGreaterThan(2);
    const late = tried.filter(({ was }) => was.startsWith('fenced: '));
    expect(late.length).toBeGreaterThan(0);
    expect(late.filter(({ was }) => was === 'fenced: written')).toEqual([]);
  });
});
