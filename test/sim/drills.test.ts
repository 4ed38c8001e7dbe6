import { describe, expect, it } from 'vitest';
import { DRILL_BUGS } from './drill-bugs.ts';
import { playDrill } from './drills.ts';

const SEEDS = 150;

describe('simulated drills', () => {
  it(`hold every invariant over ${SEEDS} seeds, and a good part of them passes`, { timeout: 300_000 }, async () => {
    const broken: unknown[] = [];
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const played = await playDrill(seed);
      broken.push(...played.broken.map((b) => ({ seed, ...b, ends: played.ends.join(' ') })));
      for (const end of played.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    console.log(`simulated drills: ${SEEDS} seeds, ${[...ends].map(([end, n]) => `${n} ${end}`).join(', ')}, ${broken.length} broken`);
    expect(broken).toEqual([]);
    expect(ends.get('succeeded') ?? 0).toBeGreaterThan(SEEDS / 10);
    expect(ends.get('died') ?? 0).toBeGreaterThan(SEEDS / 10);
  });

  it.each(DRILL_BUGS.map((bug) => [bug.name, bug] as const))('find the planted defect %s', { timeout: 120_000 }, async (_name, bug) => {
    for (let seed = 1; seed < 300; seed++) {
      const { broken } = await playDrill(seed, bug);
      if (broken.some(({ invariant }) => invariant === bug.breaks)) return;
    }
    expect.fail(`${bug.name} was not found within 300 seeds`);
  });
});
