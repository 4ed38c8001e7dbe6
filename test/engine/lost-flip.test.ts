import { describe, expect, it } from 'vitest';
import { planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

const ARCHIVE = new URL('../../runbooks/archive.yaml', import.meta.url).pathname;
const CHANGE = { service: 'route53', operation: 'ChangeResourceRecordSets' } as const;
const LIST = { service: 'route53', operation: 'ListResourceRecordSets' } as const;

/** From the first change of records on, lists are answered from the past. */
function staleAfterTheFlip(sim: Simulation, ms: number, times?: number): () => void {
  sim.world.addFault({ ...CHANGE, times: 1, effect: { kind: 'answer-lost' } });
  return sim.world.addFault({ ...LIST, ...(times === undefined ? {} : { times }), effect: { kind: 'stale-read', ms } });
}

async function lostFlip(ms: number) {
  const sim = await simulation();
  sim.world.breakRegion(SEOUL);
  const plan = await planOf(sim, TOKYO);
  const fresh = staleAfterTheFlip(sim, ms);
  const { state, outcome, records } = await runPlan(sim, plan);
  return { sim, fresh, state, outcome, records, flip: state.steps.get('traffic.storefront.flip') };
}

describe('a flip whose answer is lost, while lists still show the records as they were', () => {
  it.each([5_000, 30_000])('waits out a list that is %i ms behind', async (ms) => {
    const { sim, outcome, flip } = await lostFlip(ms);
    expect([outcome, flip?.state, flip?.error]).toEqual(['succeeded', 'done', undefined]);
    expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
  });

  it('ends by name where the list stays behind, and a resume mends it without a second change', async () => {
    const { sim, fresh, outcome, flip, records } = await lostFlip(3_600_000);
    expect([outcome, flip?.state]).toEqual(['failed', 'failed']);
    fresh();
    const before = sim.world.resolve('shop.example.com', 'A').values;
    const resumed = await resumeRun(sim, records);
    expect(resumed.outcome).toBe('succeeded');
    expect(before).toEqual(['127.0.0.3']);
    expect(resumed.state.steps.get('traffic.storefront.flip')).toMatchObject({ state: 'done' });
  });

  it('a batch that is wrong for another reason fails at once', async () => {
    const sim = await simulation({ path: ARCHIVE });
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    sim.world.addFault({ ...CHANGE, effect: { kind: 'error', httpStatus: 400, code: 'InvalidChangeBatch', message: '[FATAL problem: UnsupportedCharacter]' } });
    const { outcome, records, state } = await runPlan(sim, plan);
    expect([outcome, state.steps.get('traffic.site.flip')?.error?.code]).toEqual(['failed', 'InvalidChangeBatch']);
    const at = (type: string) => records.find((r) => r.type === type && 'step' in r && r.step === 'traffic.site.flip')?.at ?? Number.NaN;
    expect(at('step.failed') - at('step.intent')).toBeLessThan(5_000);
  });
});
