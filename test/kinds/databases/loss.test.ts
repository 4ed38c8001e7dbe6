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
});
