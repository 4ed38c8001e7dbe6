import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { planHash } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/model/plan.ts';
import { nextSteps } from '../../src/report/next-steps.ts';
import { APPROVED, SEOUL, TOKYO, planOf, resumeRun, runPlan, simulation, type Simulation } from './simulated.ts';

const GUARD = 'databases.orders.fenceAgain';
const OLD = { region: SEOUL, id: 'shop-orders' };

const acted = (step: string) => (record: JournalRecord) => record.type === 'step.acted' && record.step === step;

/** A failover out of a dead region, with something that happens at a record. */
async function failover(sim: Simulation, at: (record: JournalRecord) => boolean, happens: () => void, change: (plan: Plan) => Plan = (plan) => plan) {
  sim.world.breakRegion(SEOUL);
  const plan = change(await planOf(sim, TOKYO));
  const drain = new AbortController();
  const run = await runPlan(sim, plan, {
    drain: drain.signal,
    onRecord: (record) => {
      if (at(record)) happens();
    },
  });
  return { ...run, plan, at: (type: string, step: string) => run.records.find((r) => r.type === type && 'step' in r && r.step === step)?.at ?? Number.NaN };
}

function without(guard: string): (plan: Plan) => Plan {
  return (plan) => {
    const rest = { ...plan, steps: plan.steps.filter((step) => step.id !== guard) };
    return { ...rest, hash: planHash(rest) };
  };
}

describe('the guard of an old writer', () => {
  it('fences it when its region answers again, while the copy takes over', async () => {
    const sim = await simulation();
    const run = await failover(sim, acted('databases.orders.promote'), () => sim.world.healRegion(SEOUL));
    expect(run.outcome).toBe('succeeded');
    expect(sim.world.acceptsWrites(OLD)).toBe(false);
    expect(run.state.steps.get(GUARD)).toMatchObject({ state: 'done', attempts: 2 });
    const fact = run.state.facts.get('fence.orders') as { verdict: string; because: string; at: number };
    expect(fact).toMatchObject({ verdict: 'fenced' });
    expect(fact.because).toMatch(/It answered again at .*, after its copy had taken over: what it took until .* is in no other instance$/);
    // Nothing waited for it: the promotion went on.
    expect(run.at('step.done', GUARD)).toBeLessThan(run.at('step.done', 'databases.orders.promote'));
    expect(run.at('step.intent', GUARD)).toBeLessThan(run.at('step.acted', GUARD));
  });

  it('ends a run that is stopped as soon as its checks are green', async () => {
    const sim = await simulation();
    const stop = new AbortController();
    sim.world.breakRegion(SEOUL);
    const { outcome } = await runPlan(sim, await planOf(sim, TOKYO), { drain: stop.signal, onRecord: (record) => record.type === 'checks.green' && stop.abort() });
    expect(outcome).toBe('interrupted');
  });

  it('does not tire: AWS throttles for longer than any other step would try', async () => {
    const sim = await simulation();
    let throttled = 0;
    const end = sim.world.addFault({ region: SEOUL, service: 'rds', operation: 'ModifyDBInstance', effect: { kind: 'throttle' } });
    const count = (record: JournalRecord) => {
      if (record.type === 'step.unclear' && record.step === GUARD && (throttled += 1) === 8) end();
      return acted('databases.orders.promote')(record);
    };
    const run = await failover(sim, count, () => sim.world.healRegion(SEOUL));
    expect(run.outcome).toBe('succeeded');
    expect(throttled).toBe(8);
    expect(run.state.steps.get(GUARD)).toMatchObject({ state: 'done' });
    expect(sim.world.acceptsWrites(OLD)).toBe(false);
  });

  it('costs nothing where the region stays silent, and says what is left to do', async () => {
    const never = () => false;
    const guarded = await failover(await simulation(), never, () => undefined);
    const plain = await failover(await simulation(), never, () => undefined, without(GUARD));
    expect([guarded.outcome, plain.outcome]).toEqual(['succeeded', 'succeeded']);
    expect((guarded.state.endedAt ?? 0) - guarded.state.startedAt).toBe((plain.state.endedAt ?? 0) - plain.state.startedAt);
    const because = 'shop-orders in ap-northeast-2 has not answered since, so it is not fenced. Once it answers, dr reprotect fences it before anything else';
    expect(guarded.state.steps.get(GUARD)).toMatchObject({ state: 'unmet', because, attempts: 0 });
    expect(guarded.state.facts.get('fence.orders')).toMatchObject({ verdict: 'source-down' });
    expect(nextSteps(guarded.state, 'met')).toContain(because);
  });

  it('asks nothing where the old writer was fenced before', async () => {
    const sim = await simulation();
    const attested = { approvedBy: ['incident-commander@example.com'], sourceDown: 'alice', reason: 'fire' };
    const { state } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: attested });
    expect(state.steps.get(GUARD)).toMatchObject({ state: 'done', already: true, callCount: 0, because: 'shop-orders was fenced before its copy took over' });
  });

  it('continues a resume, also when the promotion was made before it', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const drain = new AbortController();
    const plan = await planOf(sim, TOKYO);
    const first = await runPlan(sim, plan, { drain: drain.signal, onRecord: (r) => (r.type === 'step.done' && r.step === 'databases.orders.promote' ? drain.abort(new Error('stop')) : undefined) });
    expect(first.outcome).toBe('interrupted');
    sim.world.healRegion(SEOUL);
    const { outcome, state } = await resumeRun(sim, first.records);
    expect(outcome).toBe('succeeded');
    expect(state.facts.get('fence.orders')).toMatchObject({ verdict: 'fenced' });
    expect(sim.world.acceptsWrites(OLD)).toBe(false);
  });

  it('continues a resume while the promotion is under way, also where the process that asked for it could not say so any more', async () => {
    const sim = await simulation({ timings: { promotionMs: 240_000 } });
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    const store = new MemoryStore((record) => {
      if (record.type === 'step.acted' && record.step === 'databases.orders.promote') throw new Error('the machine dies');
    });
    await expect(runPlan(sim, plan, { store })).rejects.toThrow('the machine dies');
    sim.world.healRegion(SEOUL);
    const at: Record<string, number> = {};
    const { outcome } = await resumeRun(sim, store.records, APPROVED, (r) => {
      if ('step' in r) at[`${r.type} ${r.step}`] ??= r.at;
    });
    expect(outcome).toBe('succeeded');
    expect(at[`step.done ${GUARD}`]).toBeLessThan(at['step.done databases.orders.promote'] ?? 0);
  });

  it('lets what it has begun show itself when everything else has ended', async () => {
    const sim = await simulation({ timings: { modifyMs: 60_000 } });
    const run = await failover(sim, acted('traffic.storefront.flip'), () => sim.world.healRegion(SEOUL));
    expect(run.outcome).toBe('succeeded');
    expect(run.state.steps.get(GUARD)?.state).toBe('done');
    expect(run.records.at(-1)?.type).toBe('run.finished');
    expect(sim.world.acceptsWrites(OLD)).toBe(false);
  });

  it('that is not allowed to fence keeps the run from success: the old writer was last seen to be open', async () => {
    const sim = await simulation();
    sim.world.addFault({ service: 'rds', operation: 'ModifyDBInstance', region: SEOUL, effect: { kind: 'error', code: 'AccessDenied', httpStatus: 403 } });
    const { outcome, state } = await failover(sim, acted('databases.orders.promote'), () => sim.world.healRegion(SEOUL));
    expect(outcome).toBe('failed');
    expect(state.steps.get(GUARD)).toMatchObject({ state: 'failed', error: { code: 'AccessDenied' } });
    expect(state.steps.get('traffic.storefront.flip')?.state).toBe('done');
  });

  it('that finds the old writer stopped keeps nobody from success: it takes no writes', async () => {
    const sim = await simulation();
    const { outcome, state } = await failover(sim, acted('databases.orders.promote'), () => {
      sim.world.healRegion(SEOUL);
      sim.world.setDbStatus(OLD, 'stopped');
    });
    expect(outcome).toBe('succeeded');
    expect(state.steps.get(GUARD)).toMatchObject({ state: 'unmet', because: 'shop-orders is stopped, and takes no writes. It is not in quarantine: dr reprotect fences it before anything else' });
  });

  it.each(['starting', 'rebooting'])('that finds it %s, which AWS does not change, ends all the same, and the run has failed', async (status) => {
    const sim = await simulation();
    const { outcome, state, records } = await failover(sim, acted('databases.orders.promote'), () => {
      sim.world.healRegion(SEOUL);
      sim.world.setDbStatus(OLD, status);
    });
    expect(outcome).toBe('failed');
    expect(state.steps.get(GUARD)).toMatchObject({ state: 'failed', error: { code: 'STILL_OPEN' } });
    expect(records.length).toBeLessThan(500);
  });

  it('looks again where this machine stood still after its last look: the region is back by now', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const store = new MemoryStore();
    const append = store.append.bind(store);
    let stood = false;
    const standsStill = async (): Promise<void> => {
      stood = true;
      await sim.clock.sleep(20 * 60_000);
      sim.world.healRegion(SEOUL);
    };
    store.append = (record) => (record.type === 'step.unmet' && !stood ? standsStill() : Promise.resolve()).then(() => append(record));
    const { outcome, state } = await runPlan(sim, await planOf(sim, TOKYO), { store });
    expect([outcome, stood, state.steps.get(GUARD)?.state]).toEqual(['succeeded', true, 'done']);
    expect(sim.world.acceptsWrites(OLD)).toBe(false);
  });

  it('that AWS refuses to the end keeps the run from success, and a resume closes it', async () => {
    const sim = await simulation();
    const first = await failover(sim, acted('databases.orders.promote'), () => {
      sim.world.healRegion(SEOUL);
      sim.world.setDbStatus(OLD, 'upgrading');
    });
    const { state } = first;
    expect(first.outcome).toBe('failed');
    expect(state.steps.get(GUARD)).toMatchObject({ state: 'failed', error: { code: 'STILL_OPEN', next: ['dr resume'] } });
    expect(state.steps.get('verify.home-page')?.state).toBe('done');
    sim.world.setDbStatus(OLD, 'available');
    const second = await resumeRun(sim, first.records);
    expect(second.outcome).toBe('succeeded');
    expect(sim.world.acceptsWrites(OLD)).toBe(false);
  });
});
