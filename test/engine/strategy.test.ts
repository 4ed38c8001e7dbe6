import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { VERBS } from '../../src/model/verb.ts';
import { simulateStrategy } from './strategy.ts';

const runbook = (name: string) => fileURLToPath(new URL(`../../runbooks/${name}.yaml`, import.meta.url));

describe('what a plan expects, beside what it then takes', () => {
  describe.each(['archive', 'billing'])('%s', (name) => {
    it.each(VERBS)('%s', async (verb) => {
      const run = await simulateStrategy(runbook(name), verb);
      expect(run.outcome).toBe('succeeded');
      // The world is AWS on the fast side: within the plan's own bounds, and not a tenth of them.
      expect(run.tookSeconds).toBeLessThanOrEqual(run.expectedP95);
      expect(run.tookSeconds).toBeGreaterThan(run.expectedP50 / 10);
    });
  });
});
