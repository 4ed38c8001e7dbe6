import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { simulation } from '../../engine/simulated.ts';
import { madeOf, plansOf } from './same-plan.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const runbook = (name: string): string => join(ROOT, 'runbooks', `${name}.yaml`);

/** What AWS does not know of each example: a person writes it, and `dr init` says so. */
const UNKNOWN = {
  shop: ['databases.orders.canary', 'probes.home-page.every', 'probes.home-page.hold', 'approvals', 'notify'],
} as const;

describe('dr init gives back the example runbooks', () => {
  it.each(['shop'] as const)('%s: its plan equals that of the original, step by step, but for what AWS does not know', async (name) => {
    const sim = await simulation({ path: runbook(name) });
    const { runbooks, notRead } = await madeOf(sim);
    expect(notRead).toEqual([]);
    expect(runbooks.map((one) => one.name)).toEqual([name]);
    const { original, made } = await plansOf(sim, runbooks[0]?.text ?? '', UNKNOWN[name]);
    expect(made).toEqual(original);
    expect(original.length).toBeGreaterThan(8);
  });
});
