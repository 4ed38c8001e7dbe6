import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { PastMove } from '../../../src/effects/effects.ts';
import { APPROVED, planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';
import type { AtHand } from '../context.ts';
import { stepIn, wait } from '../world.ts';

const ID = 'shop-orders-tokyo';
const INTENT = `rds:${TOKYO}:${ID} role`;

/** Somebody promotes the replica by hand, and users continue writing to Seoul. */
async function promotedByHand(ms: number): Promise<Simulation> {
  const sim = await simulation();
  await sim.clock.run(() => sim.effects.aws.call({ service: 'rds', region: TOKYO, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: ID } }));
  await wait(sim, ms);
  return sim;
}

const MINUTES = 12 * 60_000;
const DAY = 86_400_000;
const gate = (sim: Simulation, at: AtHand & { params?: Record<string, Json> } = {}) => stepIn(sim, 'databases.orders.rpoGate', at);
const accepting = (dataLossSeconds: number | 'unknown') => ({ acceptances: { dataLossSeconds, reason: 'decided' } });

describe('a target that is a writer already, which this run did not promote', () => {
  it('is shown by the plan as what it is: data and traffic disagree', async () => {
    const plan = await planOf(await promotedByHand(MINUTES), TOKYO);
    expect(plan.findings).toEqual([expect.stringMatching(/^databases\.orders: shop-orders-tokyo in ap-northeast-1 is not a replica, but traffic leads users to ap-northeast-2\./) as string]);
    expect(plan.steps.flatMap((s) => s.changes).find((c) => c.field === 'role')?.before).toBe('a writer already, by whose hand is not known');
    expect((await planOf(await simulation(), TOKYO)).findings).toBeUndefined();
  });

  it('is refused, and says what is seen; a loss that was measured is accepted by its seconds', async () => {
    const sim = await promotedByHand(MINUTES);
    const seen = await (await gate(sim)).check();
    expect(seen).toMatchObject({
      state: 'refused',
      refusal: {
        rule: 'rpo-gate',
        observed: expect.stringMatching(
          /^shop-orders-tokyo is already a writer, this run did not promote it, and users are still led to ap-northeast-2; it is a standalone primary, so whose data it holds cannot be proven; at most 1\dm( \d+s)? of writes/,
        ) as string,
        override: expect.stringMatching(/^--accept-data-loss \d+s --reason/) as string,
      },
    });
    const accepted = await gate(sim, accepting(1_000));
    expect([await accepted.check(), await accepted.observe()]).toMatchObject([{ state: 'ok' }, { state: 'reached', because: expect.stringContaining('accepted: decided') as string }]);
  });

  it('is refused also where the loss is within the RPO: whose data it holds is not proven', async () => {
    const sim = await promotedByHand(MINUTES);
    expect(await (await gate(sim, { params: { rpoMs: DAY } })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate' } });
  });

  it('has lost an unknown amount after a day, which only "unknown" accepts', async () => {
    const sim = await promotedByHand(DAY);
    expect(await (await gate(sim, accepting(1e9))).check()).toMatchObject({ refusal: { override: '--accept-data-loss unknown --reason "…"' } });
    expect(await (await gate(sim, accepting('unknown'))).check()).toMatchObject({ state: 'ok' });
  });

  it('is not measured by a sample that is older than the instance', async () => {
    const sim = await promotedByHand(MINUTES);
    const call = (async (request: { operation: string }) => {
      const answer = (await sim.effects.aws.call(request as never)) as { output: { DBInstances?: object[] } };
      if (request.operation !== 'DescribeDBInstances') return answer;
      return { ...answer, output: { DBInstances: answer.output.DBInstances?.map((i) => ({ ...i, InstanceCreateTime: new Date(sim.clock.now()) })) } };
    }) as unknown as typeof sim.effects.aws.call;
    expect(await (await gate(sim, { effects: { aws: { call } } })).check()).toMatchObject({ refusal: { override: '--accept-data-loss unknown --reason "…"' } });
  });

  it('names the unfinished run that began the promotion', async () => {
    const sim = await promotedByHand(MINUTES);
    const move: PastMove = { run: 'R7', verb: 'failover', source: SEOUL, target: TOKYO, at: 0, complete: false, by: 'kim@host', changed: [{ resource: `rds:${TOKYO}:${ID}`, field: 'role' }] };
    const after = async (past: PastMove) => (await gate(sim, { effects: { history: { moves: () => Promise.resolve([past]), madeBy: () => Promise.resolve(undefined) } } })).check();
    expect(await after(move)).toMatchObject({ refusal: { override: expect.stringMatching(/^dr resume R7, which began the promotion; or --accept-data-loss/) as string } });
    for (const other of [{ ...move, complete: true }, { ...move, target: SEOUL }, { ...move, changed: [] }]) {
      expect(await after(other)).toMatchObject({ refusal: { override: expect.stringMatching(/^--accept-data-loss/) as string } });
    }
    const silent = await gate(sim, { effects: { history: { moves: () => Promise.reject(new Error('damaged')), madeBy: () => Promise.resolve(undefined) } } });
    expect(await silent.check()).toMatchObject({ refusal: { observed: expect.stringContaining('earlier runs cannot be read: damaged') as string } });
  });
});

describe('the promotion itself, right before the line', () => {
  const facts = { 'fence.orders': { verdict: 'fenced', because: '', at: 0 }, 'rpo.orders': { database: 'orders', method: 'replica-lag', boundMs: 0, lagMs: 0, sampledAt: 0, ageMs: 0, outageAt: 0, because: 'measured' } };
  const promote = (sim: Simulation, at: AtHand = {}) => stepIn(sim, 'databases.orders.promote', { facts, ...at });

  it('takes a writer for its own only where the journal holds the intent', async () => {
    const sim = await promotedByHand(MINUTES);
    expect(await (await promote(sim)).observe()).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate' } });
    expect(await (await promote(sim, accepting(180))).observe()).toMatchObject({ state: 'reached', because: expect.stringContaining('this run did not promote it') as string });
    expect(await (await promote(sim, { intends: [INTENT] })).observe()).toMatchObject({ state: 'reached', because: expect.stringContaining('a standalone primary') as string });
  });

  it('cannot accept it in a planned move, which loses nothing', async () => {
    const sim = await promotedByHand(MINUTES);
    const planned = await stepIn(sim, 'databases.orders.promote', { to: { verb: 'switchover', region: TOKYO }, facts, ...accepting('unknown') });
    expect(await planned.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate', override: expect.stringMatching(/^none: /) as string } });
  });
});

describe('a failover whose target is a writer already', () => {
  it('is refused before anything is changed; when it is accepted by name it moves users, and its bound says what is lost', async () => {
    const sim = await promotedByHand(MINUTES);
    sim.world.breakRegion(SEOUL);
    await wait(sim, 300_000);
    const plan = await planOf(sim, TOKYO);
    const { outcome, state } = await runPlan(sim, plan);
    expect([outcome, state.steps.get('databases.orders.rpoGate')?.refusal?.rule]).toEqual(['refused', 'rpo-gate']);
    const accepted = await runPlan(sim, plan, { acceptances: { ...APPROVED, dataLossSeconds: 'unknown', reason: 'decided' } });
    expect(accepted.outcome).toBe('succeeded');
    expect((accepted.state.facts.get('rpo.orders') as { boundMs: number }).boundMs).toBeGreaterThan(MINUTES - 60_000);
  });
});
