import { describe, expect, it } from 'vitest';
import { rpoFromRecoveryPoint } from '../../src/measure/rpo.ts';

const OUTAGE = 1_000_000;
const bound = (pointAt: number | undefined, outageAt = OUTAGE, now = OUTAGE + 60_000) => rpoFromRecoveryPoint('documents', 'restorable-time', pointAt, outageAt, now);

describe('the loss of a restore', () => {
  it('is the age of the recovery point at the outage, and not at the time of looking', () => {
    expect(bound(OUTAGE - 240_000)).toMatchObject({ boundMs: 240_000, ageMs: 300_000, sampledAt: OUTAGE - 240_000, method: 'restorable-time' });
  });

  it('is none where the point lies after the last write', () => {
    expect(bound(OUTAGE + 1)).toMatchObject({ boundMs: 0 });
  });

  it.each([
    [undefined, 'no usable recovery point was found'],
    [Number.NaN, 'no usable recovery point was found'],
    [OUTAGE + 60_001, 'the newest recovery point lies in the future: a clock is wrong'],
  ])('of a point at %s is unknown, and never zero', (pointAt, because) => {
    expect(bound(pointAt)).toMatchObject({ boundMs: undefined, because });
  });
});
