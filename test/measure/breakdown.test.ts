import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakdown, CAUSES, type CauseInterval } from '../../src/measure/breakdown.ts';

const waitable = CAUSES.filter((cause) => cause !== 'tool');

describe('breakdown of a window', () => {
  it('gives what no interval covers to the tool', () => {
    expect(breakdown({ from: 1000, to: 9000 }, [{ cause: 'database', from: 2000, to: 6000 }])).toEqual([
      { cause: 'database', ms: 4000 },
      { cause: 'tool', ms: 4000 },
    ]);
  });

  it('gives overlapping waits to the cause of higher priority, once', () => {
    const rows = breakdown({ from: 0, to: 100 }, [
      { cause: 'aws', from: 0, to: 60 },
      { cause: 'database', from: 40, to: 80 },
      { cause: 'database', from: 50, to: 70 },
      { cause: 'call', from: 0, to: 90 },
    ]);
    expect(rows).toEqual([
      { cause: 'database', ms: 40 },
      { cause: 'aws', ms: 40 },
      { cause: 'call', ms: 10 },
      { cause: 'tool', ms: 10 },
    ]);
  });

  it('cuts intervals at the window and ignores reversed, empty and impossible ones', () => {
    const rows = breakdown({ from: 100, to: 200 }, [
      { cause: 'dns', from: 0, to: 150 },
      { cause: 'aws', from: 190, to: 160 },
      { cause: 'users', from: 170, to: 170 },
      { cause: 'hold', from: 200, to: 900 },
      { cause: 'person', from: Number.NaN, to: 180 },
    ]);
    expect(rows).toEqual([
      { cause: 'dns', ms: 50 },
      { cause: 'tool', ms: 50 },
    ]);
  });

  it('has a row of zero for the tool when everything was waited for, and for an empty or reversed window', () => {
    expect(breakdown({ from: 0, to: 5 }, [{ cause: 'hold', from: -5, to: 10 }])).toEqual([
      { cause: 'hold', ms: 5 },
      { cause: 'tool', ms: 0 },
    ]);
    expect(breakdown({ from: 5, to: 5 }, [])).toEqual([{ cause: 'tool', ms: 0 }]);
    expect(breakdown({ from: 5, to: 1 }, [{ cause: 'aws', from: 0, to: 9 }])).toEqual([{ cause: 'tool', ms: 0 }]);
  });

  const interval = fc.record({
    cause: fc.constantFrom(...waitable),
    from: fc.integer({ min: -500, max: 1500 }),
    to: fc.integer({ min: -500, max: 1500 }),
  });

  it('adds up to the window and agrees with counting each millisecond, for any intervals', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 400 }),
        fc.array(interval, { maxLength: 30 }),
        (from, length, intervals: CauseInterval[]) => {
          const window = { from, to: from + length };
          const rows = breakdown(window, intervals);
          expect(rows.reduce((sum, row) => sum + row.ms, 0)).toBe(length);
          const counted = new Map<string, number>();
          for (let ms = window.from; ms < window.to; ms++) {
            const cause =
              CAUSES.find((name) => intervals.some((i) => i.cause === name && i.from <= ms && ms < i.to)) ?? 'tool';
            counted.set(cause, (counted.get(cause) ?? 0) + 1);
          }
          for (const row of rows) expect(row.ms).toBe(counted.get(row.cause) ?? 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not depend on the order of the intervals', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 20 }), (intervals: CauseInterval[]) => {
        const window = { from: 0, to: 1000 };
        expect(breakdown(window, [...intervals].reverse())).toEqual(breakdown(window, intervals));
      }),
    );
  });

  it('adds up for fractional times too', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 2e6, noNaN: true }),
        (from, length, end) => {
          const rows = breakdown({ from, to: from + length }, [{ cause: 'aws', from: from / 2, to: end }]);
          expect(rows.reduce((sum, row) => sum + row.ms, 0)).toBe(Math.round(from + length) - Math.round(from));
        },
      ),
    );
  });
});
