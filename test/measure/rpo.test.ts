import { describe, expect, it } from 'vitest';
import { rpoFromLag, rpoFromPosition, rpoFromRecoveryPoint } from '../../src/measure/rpo.ts';

const NOW = 1_000_000;

describe('the bound from a lag', () => {
  const bound = (sample: { lagMs: number; sampledAt: number } | undefined, outageAt = NOW) => rpoFromLag('orders', sample, outageAt, NOW);

  it('is the outage less what had arrived by the sample', () => {
    expect(bound({ lagMs: 2_000, sampledAt: NOW - 10_000 }, NOW - 4_000)).toEqual({
      database: 'orders',
      method: 'replica-lag',
      boundMs: 8_000,
      lagMs: 2_000,
      sampledAt: NOW - 10_000,
      ageMs: 10_000,
      outageAt: NOW - 4_000,
      because: 'everything committed before the sample minus its lag has reached the replica',
    });
  });

  it('is nothing where all had arrived before the outage, and never less', () => {
    expect(bound({ lagMs: 1_000, sampledAt: NOW - 1_000 }, NOW - 50_000).boundMs).toBe(0);
    expect(bound({ lagMs: 0, sampledAt: NOW }).boundMs).toBe(0);
  });

  it('is unknown, and not zero, without a sample', () => {
    expect(bound(undefined)).toEqual({
      database: 'orders', method: 'replica-lag', boundMs: undefined, lagMs: undefined, sampledAt: undefined, ageMs: undefined, outageAt: NOW, because: 'no lag sample was found',
    });
  });

  it.each([-1, -0.001, Number.NaN, Number.POSITIVE_INFINITY])('is unknown with a lag of %d', (lagMs) => {
    expect(bound({ lagMs, sampledAt: NOW - 5_000 })).toEqual({
      database: 'orders', method: 'replica-lag', boundMs: undefined, lagMs, sampledAt: NOW - 5_000, ageMs: 5_000, outageAt: NOW, because: 'the replica reports that it is not replicating',
    });
  });

  it('is unknown with a sample from the future', () => {
    expect(bound({ lagMs: 0, sampledAt: NOW + 1 })).toMatchObject({ boundMs: undefined, ageMs: -1, because: 'the newest lag sample lies in the future: a clock is wrong' });
  });
});

describe('the bound from a recovery point', () => {
  const bound = (pointAt: number | undefined, outageAt = NOW) => rpoFromRecoveryPoint('docs', 'snapshot-time', pointAt, outageAt, NOW);

  it('is the outage less the point', () => {
    expect(bound(NOW - 60_000, NOW - 20_000)).toEqual({
      database: 'docs', method: 'snapshot-time', lagMs: undefined, sampledAt: NOW - 60_000, outageAt: NOW - 20_000, boundMs: 40_000, ageMs: 60_000, because: 'everything committed before the recovery point is restored',
    });
    expect(bound(NOW - 1_000, NOW - 2_000).boundMs).toBe(0);
    expect(bound(NOW).boundMs).toBe(0);
  });

  it('is unknown without a point, with none that is one, and with one from the future', () => {
    const none = { database: 'docs', method: 'snapshot-time', lagMs: undefined, outageAt: NOW, boundMs: undefined, because: 'no usable recovery point was found' };
    expect(bound(undefined)).toEqual({ ...none, sampledAt: undefined, ageMs: undefined });
    expect(bound(Number.NaN)).toEqual({ ...none, sampledAt: Number.NaN, ageMs: Number.NaN });
    expect(bound(NOW + 7)).toEqual({ ...none, sampledAt: NOW + 7, ageMs: -7, because: 'the newest recovery point lies in the future: a clock is wrong' });
  });
});

it('where the replica was seen to have all of the log, nothing is lost', () => {
  expect(rpoFromPosition('orders', NOW - 9_000, NOW, 'seen')).toEqual({
    database: 'orders', method: 'position', boundMs: 0, lagMs: 0, sampledAt: NOW, ageMs: 0, outageAt: NOW - 9_000, because: 'seen',
  });
});
