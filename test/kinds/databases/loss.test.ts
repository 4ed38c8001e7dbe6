import { describe, expect, it } from 'vitest';
import { decideLoss, type LossCase } from '../../../src/kinds/databases/loss.ts';
import { rpoFromLag } from '../../../src/measure/rpo.ts';

const NOW = 10_000_000;

function loss(lagMs: number | undefined, rpoMs = 60_000): LossCase {
  const bound = rpoFromLag('orders', lagMs === undefined ? undefined : { lagMs, sampledAt: NOW - 3_000 }, NOW - 3_000, NOW);
  return { name: 'orders', rpoMs, bound, measured: 'the lag of replica', unknown: 'nobody says', evidence: 'lag as seen', act: 'a promotion' };
}

describe('a loss is weighed', () => {
  it('against the RPO, up to it', () => {
    const within = loss(60_000);
    expect(decideLoss(within, {})).toEqual({ bound: within.bound, refusal: undefined, because: 'at most 1m of writes would be lost (lag as seen)' });
    expect(decideLoss(within, { dataLossSeconds: 1, reason: 'x' }).because).toBe('at most 1m of writes would be lost (lag as seen)');
    expect(decideLoss(loss(60_001), {}).refusal).toMatchObject({ rule: 'rpo-gate', ageMs: 3_000 });
  });

  it('against what a person has accepted, up to it', () => {
    expect(decideLoss(loss(90_000), { dataLossSeconds: 90, reason: 'decided' })).toMatchObject({ refusal: undefined, because: 'at most 1m 30s of writes would be lost (lag as seen); accepted: decided' });
    expect(decideLoss(loss(90_000), { dataLossSeconds: 'unknown' })).toMatchObject({ refusal: undefined, because: 'at most 1m 30s of writes would be lost (lag as seen); accepted: ' });
    for (const dataLossSeconds of [89.999, 0]) expect(decideLoss(loss(90_000), { dataLossSeconds })).toMatchObject({ because: '', refusal: { rule: 'rpo-gate' } });
  });

  it('and what is unknown only against "unknown"', () => {
    const unknown = loss(undefined);
    expect(decideLoss(unknown, { dataLossSeconds: 'unknown', reason: 'no CloudWatch' })).toEqual({ bound: unknown.bound, refusal: undefined, because: 'loss of orders is unknown; accepted: no CloudWatch' });
    for (const dataLossSeconds of [undefined, 0, 1e9]) {
      expect(decideLoss(unknown, dataLossSeconds === undefined ? {} : { dataLossSeconds })).toEqual({
        bound: unknown.bound,
        because: '',
        refusal: {
          rule: 'rpo-gate',
          observed: 'the lag of replica is unknown: nobody says',
          ageMs: undefined,
          threshold: 'RPO 1m',
          consequence: 'a promotion would lose an unknown amount of acknowledged writes of orders, silently',
          override: '--accept-data-loss unknown --reason "…"',
        },
      });
    }
  });

  it('the override that is named covers it, with room for the time until it is typed, and not much more', () => {
    for (const [lagMs, seconds] of [[60_001, 120], [90_000, 120], [90_001, 150], [3_600_000, 3_630]] as const) {
      expect(decideLoss(loss(lagMs), {}).refusal?.override).toBe(`--accept-data-loss ${seconds}s --reason "…"`);
      expect(decideLoss(loss(lagMs + 30_000), { dataLossSeconds: seconds }).refusal).toBeUndefined();
    }
  });

  it('with more room for a loss that grows until it is typed: where it counts up to the decision', () => {
    const of = (bound: Partial<LossCase['bound']>) => decideLoss({ ...loss(90_000), bound: { ...loss(90_000).bound, boundMs: 90_000, ...bound } }, {}).refusal?.override;
    expect(of({ sampledAt: NOW - 3_000, ageMs: 3_000, outageAt: NOW - 1 })).toBe('--accept-data-loss 120s --reason "…"');
    expect(of({ sampledAt: NOW - 3_000, ageMs: 3_000, outageAt: NOW })).toBe('--accept-data-loss 270s --reason "…"');
    expect(of({ sampledAt: NOW - 3_000, ageMs: 3_000, outageAt: NOW + 1 })).toBe('--accept-data-loss 270s --reason "…"');
    for (const lacks of [{ sampledAt: undefined }, { ageMs: undefined }]) expect(of({ outageAt: NOW, ...lacks })).toBe('--accept-data-loss 120s --reason "…"');
  });

  it('and what is no number is unknown, never small enough', () => {
    for (const boundMs of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
      const odd = { ...loss(0), bound: { ...loss(0).bound, boundMs } };
      expect(decideLoss(odd, {})).toMatchObject({ bound: { boundMs: undefined }, refusal: { observed: 'the lag of replica is unknown: nobody says', override: '--accept-data-loss unknown --reason "…"' } });
      expect(decideLoss(odd, { dataLossSeconds: 1e9 }).refusal).toBeDefined();
    }
  });

  describe('of a writer that this run has not made', () => {
    const found = (run?: string) => ({ ...loss(0), found: { sentence: 'replica is a writer already', ...(run === undefined ? {} : { run }) } as NonNullable<LossCase['found']> });

    it('is accepted by name, however small it is', () => {
      expect(decideLoss(found(), {}).refusal).toMatchObject({
        observed: 'replica is a writer already; at most 0.0 s of writes would be lost (lag as seen)',
        threshold: 'a replica, or a writer that this run has promoted; RPO 1m',
        consequence: 'up to 0.0 s of acknowledged writes of orders would be lost',
        override: '--accept-data-loss 30s --reason "…"',
      });
      expect(decideLoss(found(), { dataLossSeconds: 0, reason: 'seen' })).toMatchObject({ refusal: undefined, because: 'replica is a writer already; at most 0.0 s of writes would be lost (lag as seen); accepted: seen' });
    });

    it('or the run that began the promotion is resumed', () => {
      expect(decideLoss(found('R1'), {}).refusal?.override).toBe('dr resume R1, which began the promotion; or --accept-data-loss 30s --reason "…"');
      const unknown = { ...loss(undefined), found: found('R1').found };
      expect(decideLoss(unknown, {}).refusal).toMatchObject({ observed: 'replica is a writer already; the lag of replica is unknown: nobody says', override: 'dr resume R1, which began the promotion; or --accept-data-loss unknown --reason "…"' });
      expect(decideLoss(unknown, { dataLossSeconds: 'unknown', reason: 'decided' }).because).toBe('replica is a writer already; loss of orders is unknown; accepted: decided');
    });
  });
});
