import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rehearse, replay, type RehearseRequest } from '../../../src/app/rehearse/rehearse.ts';
import { rehearsable, rehearseOnce } from '../../../src/app/rehearse/one.ts';
import { loadRunbook } from '../../../src/runbook/load.ts';
import { SEOUL, TOKYO } from '../../engine/simulated.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const request = (runbook: string, more: Partial<RehearseRequest> = {}): RehearseRequest => ({
  runbook: join(ROOT, 'runbooks', `${runbook}.yaml`),
  runbooks: join(ROOT, 'runbooks'),
  region: TOKYO,
  runs: 8,
  seed: 1,
  threads: 1,
  durations: [],
  faults: true,
  assertions: [],
  ...more,
});

describe('a rehearsal', () => {
  it.each(['shop', 'billing', 'archive', 'active-active'])('%s: recovers, with an RTO and what decides it', async (name) => {
    const { summary, simulated } = await rehearse(request(name));
    expect(simulated).toBe(true);
    expect(summary.unrecovered).toEqual([]);
    expect(summary.recovered.share).toBe(1);
    expect(summary.rto.measured).toBe(8);
    expect(summary.rto.p50 ?? 0).toBeGreaterThan(10_000);
    expect(summary.rto.p95 ?? 0).toBeGreaterThanOrEqual(summary.rto.p50 ?? Number.POSITIVE_INFINITY);
    expect(summary.deciding[0]?.p50 ?? 0).toBeGreaterThan(0);
  });

  it('gives the same figures for the same seeds, however many threads there are', { timeout: 180_000 }, async () => {
    const one = await rehearse(request('shop', { runs: 42, seed: 5 }));
    const two = await rehearse(request('shop', { runs: 42, seed: 5, threads: 2 }));
    expect(two.cost.threads).toBe(2);
    expect(two.rtoMs).toEqual(one.rtoMs);
    expect(two.summary).toEqual(one.summary);
    expect(new Set(one.rtoMs).size).toBeGreaterThan(30);
  });

  it('replays a seed to the same figures, with its journal', async () => {
    const { rtoMs } = await rehearse(request('shop', { runs: 3 }));
    const { figures, records } = await replay(request('shop', { seed: 3 }));
    expect(figures.rtoMs).toBe(rtoMs[2]);
    expect(records.at(-1)).toMatchObject({ type: 'run.finished', outcome: 'succeeded' });
    expect(records[0]).toMatchObject({ type: 'run.started', mode: 'simulated' });
  });

  it('takes what a person knows better: ten minutes more for the decision are ten minutes more for users', async () => {
    const durations = (decide: string) => ['promotion=4m', 'call=100ms', 'insync=30s', 'instanceWarmUp=1m', 'lag=1s', 'modify=30s', 'reboot=30s', 'target=30s', `decide=${decide}`];
    const of = async (decide: string) => (await rehearse(request('shop', { runs: 1, faults: false, durations: durations(decide) }))).summary.rto.p50 ?? 0;
    const [soon, late] = [await of('2m'), await of('12m')];
    expect(late - soon).toBeGreaterThan(580_000);
    expect(late - soon).toBeLessThan(620_000);
  });

  it.each([
    [60, 23],
    [300, 54],
    [900, 158],
  ])('a promotion of %i s is looked at %i times, and its end is seen five seconds later at most', async (seconds, looks) => {
    const loaded = await loadRunbook(join(ROOT, 'runbooks', 'shop.yaml'));
    const always = (ms: number) => ({ p50: ms, p95: ms });
    const durations = { promotionMs: always(seconds * 1_000), callMs: always(120), lagMs: always(1_000) };
    const { played } = await rehearseOnce({ loaded: rehearsable(loaded, durations), source: SEOUL, target: TOKYO, durations, faults: false }, 1);
    const promotion = played?.state.steps.get('databases.orders.promote');
    expect(promotion?.callCount).toBeLessThanOrEqual(looks);
    // It takes writes from 85 % of the promotion on.
    const late = (promotion?.endedAt ?? 0) - (promotion?.requestedAt ?? 0) - 0.85 * seconds * 1_000;
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(5_500);
  });

  it('given the durations of a lab: users who are refused at once are seen to be down, and led away, seconds sooner than those whom nobody answers', async () => {
    const durations = ['decide=0s', 'promotion=1500ms', 'insync=400ms', 'call=10ms', 'modify=500ms', 'reboot=500ms', 'instanceWarmUp=1s', 'target=200ms', 'lag=200ms', 'resolver=1s'];
    const of = async (lostApplications: 'silent' | 'refuses') => {
      const { figures, records } = await replay(request('shop', { faults: false, durations, lostApplications }));
      const at = (type: string, step: string) => records.find((one) => one.type === type && 'step' in one && one.step === step)?.at ?? Number.NaN;
      return { rtoMs: figures.rtoMs ?? Number.NaN, usersMs: at('step.done', 'assess.users') - at('step.started', 'assess.users'), apiMs: at('step.done', 'databases.orders.assessSourceApi') - at('step.started', 'databases.orders.assessSourceApi'), said: JSON.stringify(records) };
    };
    const [silent, refused] = [await of('silent'), await of('refuses')];
    // Two looks at users, one after the other, each up to its limit; AWS's own endpoints are silent in both.
    expect(silent.usersMs - refused.usersMs).toBe(4_000);
    expect([silent.apiMs, refused.apiMs]).toEqual([2_000, 2_000]);
    expect(silent.rtoMs - refused.rtoMs).toBeGreaterThan(3_000);
    expect([silent.said.includes('ECONNREFUSED'), refused.said.includes('ECONNREFUSED 127.0.0.2')]).toEqual([false, true]);
    console.log(`rehearsed with a lab's durations: ${silent.rtoMs} ms silent, ${refused.rtoMs} ms refused, ${(refused.rtoMs / silent.rtoMs).toFixed(2)} of it`);
  });

  it('judges assertions, and refuses one that it does not understand before anything is played', async () => {
    const { assertions, ok } = await rehearse(request('shop', { assertions: ['rto.p95 < 1s', 'recovered >= 99%', 'rpo.p50 < 5m'] }));
    expect(assertions.map(({ holds }) => holds)).toEqual([false, true, true]);
    expect(ok).toBe(false);
    await expect(rehearse(request('shop', { assertions: ['rto.p96 < 1s'] }))).rejects.toMatchObject({ code: 'ASSERTION_WRONG' });
    await expect(rehearse(request('shop', { assertions: ['rto.p95 < 15'] }))).rejects.toMatchObject({ code: 'ASSERTION_WRONG' });
  });

  it('refuses the region that is active, one that is none of the runbook, and a duration that is none', async () => {
    await expect(rehearse(request('shop', { region: SEOUL }))).rejects.toMatchObject({ code: 'ALREADY_ACTIVE' });
    await expect(rehearse(request('shop', { region: 'eu-west-1' }))).rejects.toMatchObject({ code: 'REGION_UNKNOWN' });
    await expect(rehearse(request('shop', { durations: ['promotion=8'] }))).rejects.toMatchObject({ code: 'BAD_VALUE' });
  });

  it('says what it did not recover from: a loss above the RPO is refused, and counts as missed', async () => {
    const loaded = await loadRunbook(join(ROOT, 'runbooks', 'shop.yaml'));
    const rehearsal = { loaded: rehearsable(loaded, {}), source: SEOUL, target: TOKYO, durations: { lagMs: { p50: 1_800_000, p95: 1_800_000 } }, faults: false };
    const { figures } = await rehearseOnce(rehearsal, 1);
    expect(figures).toMatchObject({ outcome: 'refused', rto: 'missed', rpo: 'missed', starts: 5 });
    expect(figures.because).toContain('databases.orders.rpoGate: rpo');
    expect(figures.rtoMs).toBeUndefined();
  });
});
