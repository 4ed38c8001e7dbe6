import { describe, expect, it } from 'vitest';
import { distribution, shareOf, summarize } from '../../../src/app/rehearse/statistics.ts';
import type { Figures } from '../../../src/app/rehearse/one.ts';
import { binsOf, histogram } from '../../../src/report/histogram.ts';
import { drawDuration } from '../../../src/rehearsal/durations.ts';
import { Random } from '../../../src/simulator/random.ts';

const recovered = (seed: number, rtoMs: number): Figures => ({ seed, outcome: 'succeeded', starts: 1, rtoMs, rpoMs: 1_000, rto: rtoMs <= 60_000 ? 'met' : 'missed', rpo: 'met', decided: [] });
const broken = (seed: number): Figures => ({ seed, outcome: 'refused', starts: 5, rto: 'missed', rpo: 'missed', because: 'a: b', decided: [] });

describe('the statistics of rehearsals', () => {
  it('take percentiles by nearest rank, of all: what did not recover is larger than every value', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => (i + 1) * 1_000);
    expect(distribution(hundred, 100)).toEqual({ p50: 50_000, p95: 95_000, p99: 99_000, min: 1_000, max: 100_000, measured: 100 });
    expect(distribution(hundred.slice(0, 94), 100)).toEqual({ p50: 50_000, p95: null, p99: null, min: 1_000, max: null, measured: 94 });
    expect(distribution([], 0)).toMatchObject({ p50: null, measured: 0 });
  });

  it('give the share that keeps an objective with how sure it is, and the seeds to replay, the slowest first', () => {
    const summary = summarize([recovered(1, 30_000), recovered(2, 90_000), broken(3), recovered(4, 50_000)], { rtoMs: 60_000, rpoMs: 60_000 });
    expect(summary.rto.met).toMatchObject({ of: 4, share: 0.5 });
    expect(summary.worst.map(({ seed }) => seed)).toEqual([3, 2, 4, 1]);
    expect(summary.unrecovered).toEqual([{ because: 'a: b', runs: 1, seed: 3 }]);
    const { low, high } = shareOf(99, 100);
    expect([low.toFixed(3), high.toFixed(3)]).toEqual(['0.946', '0.998']);
  });

  it('draw durations with the median and the 95th percentile that were given', () => {
    const random = new Random(1);
    const drawn = Array.from({ length: 4_000 }, () => drawDuration({ p50: 60_000, p95: 180_000 }, random)).sort((a, b) => a - b);
    const [p50 = 0, p95 = 0] = [drawn[2_000], drawn[3_800]];
    expect(Math.abs(p50 / 60_000 - 1)).toBeLessThan(0.05);
    expect(Math.abs(p95 / 180_000 - 1)).toBeLessThan(0.07);
    expect(drawDuration({ p50: 5_000, p95: 5_000 }, random)).toBe(5_000);
  });

  it('lose no value in a picture', () => {
    const values = Array.from({ length: 500 }, (_, i) => 60_000 + i * 997);
    expect(binsOf(values).reduce((sum, { count }) => sum + count, 0)).toBe(500);
    const lines = histogram([...values, null, null], 300_000, 40);
    expect(lines.filter((line) => line.includes('objective'))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/no RTO .* 2$/);
    expect(histogram([], 300_000, 40)).toEqual([]);
  });
});
