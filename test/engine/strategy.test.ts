import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { simulateStrategy } from './strategy.ts';

const FOLDER = fileURLToPath(new URL('../../runbooks/', import.meta.url));
const OURS = ['archive.yaml', 'billing.yaml', 'shop.yaml'];

describe('what a plan expects, beside what it then takes', () => {
  it.each(readdirSync(FOLDER).filter((file) => OURS.includes(file)))('a failover of %s', async (file) => {
    const run = await simulateStrategy(`${FOLDER}${file}`, 'failover');
    expect(run.outcome).toBe('succeeded');
    // The world is AWS on the fast side: within the plan's own bounds, and not a tenth of them.
    expect(run.tookSeconds).toBeLessThanOrEqual(run.expectedP95);
    expect(run.tookSeconds).toBeGreaterThan(run.expectedP50 / 10);
  });

  it('a switchover of archive, with users waiting for the whole restore', async () => {
    const run = await simulateStrategy(`${FOLDER}archive.yaml`, 'switchover');
    expect(run).toMatchObject({ outcome: 'succeeded', strategy: 'backup-restore' });
    expect(run.tookSeconds).toBeGreaterThan(900);
  });
});
