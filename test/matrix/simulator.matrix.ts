import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatDuration } from '../../src/base/duration.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { abortSimulated } from './abort.ts';
import { simulateStrategy } from '../engine/strategy.ts';
import { cell, RUNBOOKS } from './cells.ts';
import { runbooksIn } from './table.ts';

describe.each(await runbooksIn(RUNBOOKS))('%s in the simulator', async (runbook) => {
  const path = join(RUNBOOKS, runbook);
  const { strategy } = (await loadRunbook(path)).runbook;
  const of = { runbook, strategy, world: 'simulator' as const };

  it.each(['failover', 'switchover', 'reprotect'] as const)('%s', (verb) =>
    cell({ ...of, verb }, async () => {
      const { outcome, tookSeconds, expectedP50 } = await simulateStrategy(path, verb);
      expect(outcome).toBe('succeeded');
      return `${formatDuration(tookSeconds * 1000)} (${formatDuration(expectedP50 * 1000)})`;
    }));

  it('abort', () =>
    cell({ ...of, verb: 'abort' }, async () => {
      const { outcome, undone, active } = await abortSimulated(path);
      expect({ outcome, active }).toEqual({ outcome: 'aborted', active: 'home' });
      expect(undone).toBeGreaterThan(0);
      return '';
    }));
});
