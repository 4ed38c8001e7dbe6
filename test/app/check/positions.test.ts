import { describe, expect, it } from 'vitest';
import { checkText } from '../../../src/cli/check-view.ts';
import { APPROVED, planOf, runPlan, TOKYO } from '../../engine/simulated.ts';
import { answering, refusedLogin } from './examples.ts';
import { AT_COPY, COPY, NOTES } from './troubles.ts';
import { checkIn, shortly, sleep, worldOf } from './world.ts';

const plain = (_style: unknown, words: string): string => words;
const said = (result: Awaited<ReturnType<typeof checkIn>>): string[] => shortly(result).filter((one) => !NOTES.has(one));

describe('up to where the replica has its data', () => {
  it('from inside of it, where there is a login', async () => {
    const sim = await worldOf('shop');
    const at = sim.clock.now() - 2_000;
    const position = { role: 'replica' as const, at: (5n << 32n) + 0x3000148n, replayedAt: at, readOnly: true, mayChange: true };
    const result = await checkIn(sim, { effects: { sql: answering(sim, () => Promise.resolve(position)) } });
    expect(said(result)).toEqual([]);
    expect(result.ways[0]?.positions).toMatchObject([{ resource: 'databases.orders', position: expect.stringMatching(/^shop-orders-tokyo has replayed up to 5\/3000148; the newest commit that it has is \S+ s old \(asked of it\)$/) as string }]);
    expect(checkText(result, plain, undefined)).toMatch(/\n {4}databases\.orders: shop-orders-tokyo has replayed up to 5\/3000148/);
  });

  it('else what CloudWatch shows: without a login in the runbook, and without its variables', async () => {
    const sim = await worldOf('shop', (text) => text.replace(/ {4}canary: .*\n/, ''));
    sim.world.setReplication(COPY, { lagMs: 90_000 });
    await sleep(sim, 600_000);
    expect((await checkIn(sim)).ways[0]?.positions).toMatchObject([{ position: expect.stringMatching(/^shop-orders-tokyo was 1m 30s behind \S.* ago \(CloudWatch\)$/) as string }]);
    const bare = await worldOf('shop');
    let asked = 0;
    const sql = answering(bare, () => ((asked += 1), refusedLogin()));
    const result = await checkIn(bare, { effects: { sql, env: () => undefined } });
    expect([asked, result.ways[0]?.positions?.[0]?.position]).toEqual([0, expect.stringContaining('(CloudWatch)')]);
    expect(said(result)).toEqual(['error open-writes databases.orders', `error canary ${AT_COPY}`]);
  });

  it('a login that the database refuses is found before the promotion, and nothing else', async () => {
    const sim = await worldOf('shop');
    const result = await checkIn(sim, { effects: { sql: answering(sim, refusedLogin) } });
    expect(said(result)).toEqual([`error canary ${AT_COPY}`]);
    expect(result.findings[0]?.observed).toBe('shop-orders-tokyo refuses the login of SHOP_DB_USER: password authentication failed for user "dr"');
    expect(result.ways[0]?.positions?.[0]?.position).toContain('(CloudWatch)');
  });

  it('and the run refuses it, too, before anything is changed', async () => {
    const sim = await worldOf('shop');
    sim.effects.sql = answering(sim, refusedLogin);
    const { state, outcome } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: { ...APPROVED, sourceDown: 'a person', reason: 'a test' } });
    expect([outcome, state.steps.get('databases.orders.canary')?.refusal?.observed, sim.world.acceptsWrites(COPY)]).toEqual(['refused', 'shop-orders-tokyo refuses the login of SHOP_DB_USER: password authentication failed for user "dr"', false]);
  });

  it('one that this machine does not reach is a warning: another machine may', async () => {
    const sim = await worldOf('shop');
    const result = await checkIn(sim, { effects: { sql: answering(sim, () => Promise.reject(Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }))) } });
    expect(said(result)).toEqual([`warning login ${AT_COPY}`]);
  });

  it('an instance that says itself that it is a writer is no replica, whatever RDS shows', async () => {
    const sim = await worldOf('shop');
    const result = await checkIn(sim, { effects: { sql: answering(sim, () => Promise.resolve({ role: 'writer', at: 1n, readOnly: false, mayChange: true })) } });
    expect(said(result)).toEqual([`error replica-role ${AT_COPY}`]);
  });

  it('a standby that does not answer has none, and its silence is said once', async () => {
    const sim = await worldOf('shop');
    sim.world.breakRegion(TOKYO);
    const result = await checkIn(sim);
    expect(result.ways[0]?.positions).toBeUndefined();
    expect(said(result).filter((one) => one === `error region-silent rds:${TOKYO}`)).toHaveLength(1);
  });
});
