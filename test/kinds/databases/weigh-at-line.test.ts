import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { SEOUL, simulation, TOKYO } from '../../engine/simulated.ts';
import { type AtHand, stepOf } from '../context.ts';
import { stepIn } from '../world.ts';

const bound = { database: 'orders', method: 'replica-lag', boundMs: 20_000, lagMs: 19_000, sampledAt: 99_000, ageMs: 1_000, outageAt: 100_000, because: 'measured' };
/** Before the impact: it adds nothing to the bound. */
const known = { verdict: 'fenced', because: '', at: 99_000 };
const fence = { verdict: 'fenced', because: '', at: 131_000 };

/** The promotion's last look before its call: what it says, and what it has recorded. */
async function atLine(rpo: Json, more: AtHand & { params?: Record<string, Json> } = {}) {
  const sim = await simulation();
  const facts = { 'fence.orders': known, ...(rpo === null ? {} : { 'rpo.orders': rpo }), ...more.facts };
  const step = await stepIn(sim, 'databases.orders.promote', { ...more, params: { rpoMs: 30_000, ...more.params }, facts });
  return { seen: await step.observe(), recorded: step.recorded };
}

describe('what a promotion would lose, weighed once more right before it', () => {
  it('passes within the RPO, up to the last millisecond', async () => {
    const { seen, recorded } = await atLine({ ...bound, boundMs: 30_000 });
    expect(seen).toEqual({ state: 'absent', because: 'shop-orders-tokyo is still a replica' });
    expect(recorded).not.toHaveProperty('rpo.orders');
  });

  it('is refused above it, with the bound, its age and the command', async () => {
    const { seen, recorded } = await atLine({ ...bound, boundMs: 30_001, outageAt: 99_500 });
    expect(seen).toEqual({
      state: 'refused',
      refusal: {
        rule: 'rpo-gate',
        observed: 'at most 30 s of writes would be lost (measured)',
        ageMs: 1_000,
        threshold: 'RPO 30 s',
        consequence: 'up to 30 s of acknowledged writes of orders would be lost',
        override: '--accept-data-loss 90s --reason "…"',
      },
    });
    expect(recorded).toEqual({});
  });

  it('is refused without a verdict on the old writer, whatever is accepted, and in a planned move too', async () => {
    const refusal = {
      rule: 'fence',
      observed: 'no step of this run has said whether the old writer of orders takes writes',
      threshold: 'a verdict on the old writer',
      consequence: 'two writers may accept orders at once after a promotion, and their data can no longer be joined',
      override: 'none: start again, so that the old writer is asked',
    };
    const facts = (fact: Json) => ({ facts: { 'fence.orders': fact }, acceptances: { dataLossSeconds: 'unknown' as const, sourceDown: 'kim' } });
    expect((await atLine(bound, facts(null))).seen).toEqual({ state: 'refused', refusal });
    for (const verdict of ['undone', 'closed']) {
      const open = await atLine(bound, facts({ verdict, because: 'its sessions continue' }));
      expect(open.seen).toEqual({ state: 'refused', refusal: { ...refusal, observed: 'the old writer of orders may take writes: its sessions continue' } });
    }
    // A word that nobody knows is no verdict.
    expect((await atLine(bound, facts({ verdict: 'fine', because: '', at: 0 }))).seen).toEqual({ state: 'refused', refusal: { ...refusal, observed: 'the old writer of orders may take writes: the recorded verdict cannot be read' } });

    const sim = await simulation();
    const params = { name: 'orders', region: TOKYO, id: 'shop-orders-tokyo', source: { region: SEOUL, id: 'shop-orders' }, planned: true };
    expect(await (await stepOf('rds-read-replica.promote', params, { clock: sim.clock, effects: sim.effects, facts: {} })).observe()).toEqual({ state: 'refused', refusal });
  });

  it('counts the seconds until the fence, and records them before anything is promoted', async () => {
    const late = await atLine(bound, { facts: { 'fence.orders': fence } });
    expect(late.recorded).toEqual({ 'rpo.orders': { ...bound, boundMs: 51_000, outageAt: 131_000, because: 'as measured before the fence, and every second until the old writer was cut off' } });
    expect(late.seen).toMatchObject({ state: 'refused', refusal: { observed: 'at most 51 s of writes would be lost (as measured before the fence, and every second until the old writer was cut off)' } });
    const soon = await atLine(bound, { facts: { 'fence.orders': { ...fence, at: 110_000 } } });
    expect([soon.seen.state, soon.recorded['rpo.orders']]).toMatchObject(['absent', { boundMs: 30_000, outageAt: 110_000 }]);
  });

  it('goes by what is accepted now, and no longer by what the run began with', async () => {
    const over = { ...bound, boundMs: 60_001 };
    const accepted = (dataLossSeconds: number | 'unknown') => atLine(over, { acceptances: { dataLossSeconds, reason: 'decided' } });
    expect([(await accepted(60)).seen.state, (await accepted(61)).seen.state, (await accepted('unknown')).seen.state]).toEqual(['refused', 'absent', 'absent']);
  });

  it.each([[undefined], [null], ['a lot']])('an unknown bound (%s) is refused, and passes only as unknown', async (boundMs) => {
    const unknown = JSON.parse(JSON.stringify({ ...bound, boundMs, because: 'no lag sample was found' })) as Json;
    const refusal = {
      rule: 'rpo-gate',
      observed: 'the lag of shop-orders-tokyo is unknown: no lag sample was found',
      consequence: 'a promotion would lose an unknown amount of acknowledged writes of orders, silently',
      override: '--accept-data-loss unknown --reason "…"',
    };
    expect((await atLine(unknown)).seen).toMatchObject({ state: 'refused', refusal });
    expect((await atLine(unknown, { acceptances: { dataLossSeconds: 7_200 } })).seen).toMatchObject({ state: 'refused', refusal });
    expect((await atLine(unknown, { acceptances: { dataLossSeconds: 'unknown' } })).seen).toMatchObject({ state: 'absent' });
  });

  it('what no gate has measured is unknown, too', async () => {
    expect((await atLine(null)).seen).toMatchObject({ state: 'refused', refusal: { observed: 'the lag of shop-orders-tokyo is unknown: no gate of this run has measured it', override: '--accept-data-loss unknown --reason "…"' } });
    expect((await atLine(null, { acceptances: { dataLossSeconds: 'unknown' } })).seen).toMatchObject({ state: 'absent' });
  });

  it('weighs nothing in a planned move, where nothing is lost', async () => {
    const sim = await simulation();
    const params = { name: 'orders', region: TOKYO, id: 'shop-orders-tokyo', source: { region: SEOUL, id: 'shop-orders' }, planned: true };
    const step = await stepOf('rds-read-replica.promote', params, { clock: sim.clock, effects: sim.effects, facts: { 'fence.orders': { verdict: 'read-only', because: '' }, 'rpo.orders': { ...bound, boundMs: 9_999_999 } } });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
  });

  it('refuses in a planned move a writer that somebody else has made: that it holds every write cannot be proven', async () => {
    const sim = await simulation();
    const madeBy = (run?: string) => ({ moves: () => Promise.resolve(run === undefined ? [] : [{ run, verb: 'switchover', source: SEOUL, target: TOKYO, at: 0, complete: false, by: 'kim', changed: [{ resource: `rds:${SEOUL}:shop-orders`, field: 'role' }] }]), madeBy: () => Promise.resolve(undefined) });
    const params = { name: 'orders', region: SEOUL, id: 'shop-orders', source: { region: SEOUL, id: 'shop-orders' }, planned: true };
    const at = async (run?: string) => (await stepOf('rds-read-replica.promote', params, { clock: sim.clock, effects: { ...sim.effects, history: madeBy(run) }, facts: { 'fence.orders': { verdict: 'read-only', because: '' } } })).observe();
    expect(await at()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'rpo-gate',
        observed: `shop-orders is already a writer, this run did not promote it, and this run moves users away from ${SEOUL}; it is a standalone primary, so whose data it holds cannot be proven`,
        threshold: 'a replica that has replayed every write',
        consequence: 'users would get what is in it, without an unknown amount of acknowledged writes of orders',
        override: 'none: make it a replica again; a failover may accept the loss by name',
      },
    });
    expect(await at('R7')).toMatchObject({ refusal: { override: 'dr resume R7, which began the promotion' } });
  });
});
