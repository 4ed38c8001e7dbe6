import { describe, expect, it } from 'vitest';
import { playDrill } from './drills.ts';
import { playSeed } from './run.ts';
import { scenarioOf } from './make-scenario.ts';

/* A taste of what `npm run test:all` does at length: seeds.test.ts, planted.test.ts and drills.test.ts. */

describe('simulated failovers', () => {
  it('hold every invariant; some processes die, and some runs succeed', async () => {
    const ends: string[] = [];
    for (let seed = 1; seed <= 15; seed++) {
      const played = await playSeed(seed);
      expect(played.broken.map((b) => ({ seed, ...b }))).toEqual([]);
      ends.push(played.end);
    }
    expect(ends.join(' ')).toMatch(/died.*succeeded/);
  });

  it('go the same way for the same seed, to the last line', async () => {
    expect(scenarioOf(24)).toEqual(scenarioOf(24));
    const first = (await playSeed(24)).lines();
    expect(first.length).toBeGreaterThan(50);
    expect((await playSeed(24)).lines()).toEqual(first);
    expect((await playSeed(25)).lines()).not.toEqual(first);
  });
});

describe('simulated drills', () => {
  it('hold every invariant; some processes die, and some runs succeed', async () => {
    const ends: string[] = [];
    for (let seed = 1; seed <= 15; seed++) {
      const played = await playDrill(seed);
      expect(played.broken.map((b) => ({ seed, ...b }))).toEqual([]);
      ends.push(...played.ends);
    }
    expect(ends).toEqual(expect.arrayContaining(['died', 'succeeded']));
  });
});
