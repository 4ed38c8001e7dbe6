import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, simulation, type Simulation, type SimulatedRun, TOKYO } from './simulated.ts';

const BILLING = fileURLToPath(new URL('../../runbooks/billing.yaml', import.meta.url));
const [FIRST, SECOND, SPARE] = ['i-0b00000000000b001', 'i-0b00000000000b002', 'i-0b00000000000b003'] as const;
const SITE = 'http://127.0.0.3/healthz';

const billing = (): Promise<Simulation> => simulation({ path: BILLING });

function troubleOf({ state }: SimulatedRun) {
  return [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => ({ id: s.id, state: s.state, because: s.because, refusal: s.refusal, error: s.error }));
}

async function failover(sim: Simulation): Promise<SimulatedRun> {
  sim.world.breakRegion(SEOUL);
  return runPlan(sim, await planOf(sim, TOKYO));
}

const running = (sim: Simulation) => [...sim.world.state.instances.table(TOKYO).values()].filter((i) => !i.stopped);

describe('pilot light in simulated time', () => {
  it('starts instances and raises a group from zero, and only then sends users', async () => {
    const sim = await billing();
    expect(sim.world.snapshot().groups).toMatchObject([{ region: SEOUL, healthy: 4 }, { region: TOKYO, min: 0, desired: 0, healthy: 0 }]);
    expect(running(sim)).toEqual([]);
    sim.world.breakRegion(SEOUL);
    const atFlip: unknown[] = [];
    const run = await runPlan(sim, await planOf(sim, TOKYO), {
      onRecord: (r) => {
        if (r.type !== 'step.intent' || r.step !== 'traffic.site.flip') return;
        const group = sim.world.snapshot().groups.find((g) => g.region === TOKYO);
        atFlip.push(group?.healthy, running(sim).length, sim.world.snapshot().applications.find((a) => a.region === TOKYO)?.status);
      },
    });
    expect(troubleOf(run)).toEqual([]);
    // A target group without a healthy target answers nobody: traffic came after them.
    expect(atFlip).toEqual([4, 2, 200]);
    const { status } = await sim.clock.run(() => sim.effects.http.request({ url: SITE, timeoutMs: 1000 }));
    expect(status).toBe(200);
  });

  it('becomes another type where a zone has none left, and takes a spare in another zone where that does not help', async () => {
    const types = await billing();
    types.world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}a`, type: 'm6g.large' }, 0);
    expect(troubleOf(await failover(types))).toEqual([]);
    expect(running(types).map((i) => [i.id, i.type])).toEqual([[FIRST, 'm7g.large'], [SECOND, 'm6g.large']]);

    const spare = await billing();
    for (const type of ['m6g.large', 'm7g.large', 'm6i.large']) spare.world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}a`, type }, 0);
    expect(troubleOf(await failover(spare))).toEqual([]);
    expect(running(spare).map((i) => i.id)).toEqual([SECOND, SPARE]);
  });

  it('says a shortage at once, from the error and not from a time-out', async () => {
    const sim = await billing();
    for (const zone of ['a', 'c', 'd']) for (const type of ['m6g.large', 'm7g.large', 'm6i.large']) sim.world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}${zone}`, type }, 0);
    const { state, outcome, records } = await failover(sim);
    expect(outcome).toBe('failed');
    const start = state.steps.get('compute.batch.start');
    expect(start?.error).toMatchObject({ code: 'NO_CAPACITY', next: [expect.stringContaining('name other `types`, or `spares` in other zones'), expect.any(String)] });
    expect((start?.endedAt ?? Infinity) - (start?.startedAt ?? 0)).toBeLessThan(10_000);
    expect(records.filter((r) => r.type === 'step.intent' && r.step.startsWith('traffic.'))).toEqual([]);
  });

  it('sees the shortage of a group in its failed activity', async () => {
    const sim = await billing();
    sim.world.setGroupCapacity(TOKYO, 'billing-api', 0);
    const { state, outcome } = await failover(sim);
    expect(outcome).toBe('failed');
    const scaleOut = state.steps.get('compute.api.scaleOut');
    expect(scaleOut?.error?.message).toContain('InsufficientInstanceCapacity');
    // Until then AWS tries the other zones of the group.
    expect((scaleOut?.endedAt ?? Infinity) - (scaleOut?.startedAt ?? 0)).toBeLessThan(200_000);
  });

  it('waits while a group finds in another zone what the first one does not have', async () => {
    const sim = await billing();
    sim.world.setGroupCapacity(TOKYO, 'billing-api', 0);
    sim.world.breakRegion(SEOUL);
    const run = await runPlan(sim, await planOf(sim, TOKYO), {
      onRecord: (record) => {
        if (record.type === 'step.acted' && record.step === 'compute.api.scaleOut') void sim.clock.sleep(60_000).then(() => sim.world.setGroupCapacity(TOKYO, 'billing-api', 100));
      },
    });
    expect(troubleOf(run)).toEqual([]);
    expect(run.outcome).toBe('succeeded');
  });

  it('refuses ids that do not exist, before anything is changed', async () => {
    const sim = await billing();
    const plan = await planOf(sim, TOKYO);
    sim.world.state.instances.table(TOKYO).delete(SECOND, sim.clock.now());
    sim.world.breakRegion(SEOUL);
    const { state, outcome, records } = await runPlan(sim, plan);
    expect(outcome).toBe('refused');
    expect(state.steps.get('compute.batch.start')?.refusal).toMatchObject({ rule: 'instances', threshold: '2 instances that can be started' });
    expect(records.filter((r) => r.type === 'step.intent')).toEqual([]);
  });
});
