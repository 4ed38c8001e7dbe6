import { describe, expect, it } from 'vitest';
import { BUGS } from './bugs.ts';
import { playSeed } from './run.ts';

describe('simulated failovers', () => {
  it.each(BUGS.map((bug) => [bug.name, bug] as const))(
    'find the planted defect %s',
    async (_name, bug) => {
      const first = bug.from ?? 1;
      for (let seed = first; seed < first + 2_000; seed++) {
        const { broken } = await playSeed(seed, bug);
        const right = broken.find((b) => bug.breaks.includes(b.invariant));
        if (right === undefined) continue;
        expect(right.why).not.toBe('');
        return;
      }
      expect.fail(`${bug.name} was not found within 2,000 seeds`);
    },
    120_000,
  );

  it('plants at least fifteen defects, for fifteen invariants', () => {
    expect(new Set(BUGS.map((bug) => bug.breaks[0])).size).toBeGreaterThanOrEqual(15);
  });
});
