import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Direction } from '../../src/app/observe.ts';
import { planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from './simulated.ts';

const OSAKA = 'ap-northeast-3';

/** shop in three regions: weighted records, of which only the active region has a weight. */
async function three(): Promise<Simulation> {
  const shop = await readFile(SHOP, 'utf8');
  const text = shop
    .replace('  ap-northeast-1: { name: Tokyo }', `  ap-northeast-1: { name: Tokyo }\n  ${OSAKA}: { name: Osaka }`)
    .replace('ap-northeast-1: shop-orders-tokyo }', `ap-northeast-1: shop-orders-tokyo, ${OSAKA}: shop-orders-osaka }`)
    .replace('ap-northeast-1: sg-0bbbbbbbbbbbbbbbb }', `ap-northeast-1: sg-0bbbbbbbbbbbbbbbb, ${OSAKA}: sg-0dddddddddddddddd }`)
    .replace('ap-northeast-1: shop-api }', `ap-northeast-1: shop-api, ${OSAKA}: shop-api }`)
    .replace(/ {2}storefront:[\s\S]*?\n\n/, [
      '  storefront:',
      '    kind: route53-weighted',
      '    zone: Z0123456789ABCDEFGHIJ',
      '    records: [{ name: shop.example.com, type: A }]',
      `    sets: { ap-northeast-2: seoul, ap-northeast-1: tokyo, ${OSAKA}: osaka }`,
      `    weights: { ap-northeast-2: 100, ap-northeast-1: 100, ${OSAKA}: 100 }`,
      '    switch: record',
      '',
      '',
    ].join('\n'))
    .replace('ap-northeast-1: "arn:aws:sns:ap-northeast-1:111122223333:dr"', `ap-northeast-1: "arn:aws:sns:ap-northeast-1:111122223333:dr"\n      ${OSAKA}: "arn:aws:sns:${OSAKA}:111122223333:dr"`);
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text);
  return simulation({ path });
}

async function done(sim: Simulation, direction: Direction) {
  const plan = await planOf(sim, direction);
  const { state, outcome } = await runPlan(sim, plan);
  expect([...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.state, s.because, s.refusal, s.error])).toEqual([]);
  expect(outcome).toBe('succeeded');
  return plan;
}

function roles(sim: Simulation) {
  return Object.fromEntries(sim.world.snapshot().databases.filter((d) => !d.id.includes('-old-')).map((d) => [d.region, d.role === 'writer' ? 'writer' : d.source]));
}

function kept(sim: Simulation) {
  return sim.world.snapshot().databases.map((d) => d.id).filter((id) => id.includes('-old-')).sort();
}

describe('three regions', () => {
  it('a lost home is left for either of the others, and then every other region is rebuilt', async () => {
    const sim = await three();
    sim.world.breakRegion(SEOUL);
    await done(sim, { verb: 'failover', region: OSAKA });
    expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.4']);
    expect(roles(sim)).toEqual({ [SEOUL]: 'writer', [TOKYO]: `${SEOUL}/shop-orders`, [OSAKA]: 'writer' });
    sim.world.healRegion(SEOUL);
    const plan = await done(sim, { verb: 'reprotect' });
    expect(plan).toMatchObject({ target: OSAKA, source: SEOUL });
    expect(plan.steps.map((s) => s.id)).toContain(`databases.orders.rebuild-${TOKYO}`);
    expect(roles(sim)).toEqual({ [SEOUL]: `${OSAKA}/shop-orders-osaka`, [TOKYO]: `${OSAKA}/shop-orders-osaka`, [OSAKA]: 'writer' });
    expect(kept(sim)).toEqual(['shop-orders-old-20261120', 'shop-orders-tokyo-old-20261120']);
    const ledger = sim.world.ledgerOf({ region: OSAKA, id: 'shop-orders-osaka' });
    expect(ledger.find((entry) => entry.origin.startsWith(OSAKA))).toMatchObject({ acknowledged: expect.any(Number) as number });
    await expect(planOf(sim, { verb: 'reprotect' })).rejects.toMatchObject({ code: 'ALREADY_PROTECTED' });
  });

  it('only the standby that a person names is rebuilt, and goes home with nothing lost', async () => {
    const sim = await three();
    const before = roles(sim);
    await done(sim, { verb: 'switchover', region: TOKYO });
    const plan = await done(sim, { verb: 'reprotect', standby: SEOUL });
    expect(plan).toMatchObject({ target: TOKYO, source: SEOUL, standby: SEOUL });
    // Osaka still follows the old primary, under its new name.
    expect(roles(sim)).toEqual({ [SEOUL]: `${TOKYO}/shop-orders-tokyo`, [TOKYO]: 'writer', [OSAKA]: `${SEOUL}/shop-orders-old-20261120` });
    await done(sim, { verb: 'reprotect' });
    expect(roles(sim)[OSAKA]).toBe(`${TOKYO}/shop-orders-tokyo`);
    await done(sim, { verb: 'switchover', region: SEOUL });
    await done(sim, { verb: 'reprotect' });
    expect(roles(sim)).toEqual(before);
    const lost = sim.world.ledgerOf({ region: SEOUL, id: 'shop-orders' }).filter((entry) => entry.acknowledged !== entry.held);
    expect(lost).toEqual([]);
  });

  it('a source that cannot be told is named with --from, and one that is not so is refused', async () => {
    const sim = await three();
    await expect(planOf(sim, { verb: 'failover', region: TOKYO, from: OSAKA })).rejects.toMatchObject({
      code: 'SOURCE_MISMATCH',
      message: `shop is not active in ${OSAKA}, but in ${SEOUL}.`,
      next: [`--from ${SEOUL}`],
    });
    await expect(planOf(sim, { verb: 'failover', region: TOKYO, from: TOKYO })).rejects.toMatchObject({ code: 'SAME_REGION' });
    expect(await planOf(sim, { verb: 'failover', region: TOKYO, from: SEOUL })).toMatchObject({ source: SEOUL });
    await expect(planOf(sim, { verb: 'reprotect', standby: SEOUL })).rejects.toMatchObject({ code: 'STANDBY_ACTIVE' });
  });
});
