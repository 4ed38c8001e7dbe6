import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

export const ARCHIVE = fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url));
const RESTORED = { region: TOKYO, id: 'archive-documents-tokyo' };

async function archive(options: Parameters<typeof simulation>[0] = {}): Promise<Simulation> {
  return simulation({ path: ARCHIVE, ...options });
}

describe('backup and restore in simulated time', () => {
  it('brings the archive back in Tokyo from backups alone, with the settings that the runbook names', async () => {
    const sim = await archive();
    sim.world.breakRegion(SEOUL);
    const { state, outcome } = await runPlan(sim, await planOf(sim, TOKYO));
    const trouble = [...state.steps.values()].filter((s) => s.state !== 'done').map((s) => ({ id: s.id, state: s.state, because: s.because, refusal: s.refusal, error: s.error }));
    expect(trouble).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(sim.world.acceptsWrites(RESTORED)).toBe(true);
  });
});
