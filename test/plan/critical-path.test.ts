import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlanStep } from '../../src/model/step.ts';
import { criticalPath } from '../../src/plan/feasibility.ts';
import { planStep } from '../journal/fixture.ts';

/** Random small graphs: each step may wait for any before it. */
const graph: fc.Arbitrary<PlanStep[]> = fc
  .array(fc.record({ p50: fc.nat({ max: 50 }), more: fc.nat({ max: 500 }), links: fc.array(fc.nat(), { maxLength: 3 }) }), { maxLength: 7 })
  .map((drafts) =>
    drafts.map(({ p50, more, links }, i) =>
      planStep(`s${i}`, {
        estimate: { p50, p95: p50 + more, basis: '' },
        after: i === 0 ? [] : [...new Set(links.map((n) => `s${n % i}`))],
      }),
    ),
  );

/** Every chain there is, in no clever way. */
function chains(steps: readonly PlanStep[]): PlanStep[][] {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const endingAt = (step: PlanStep): PlanStep[][] => [
    [step],
    ...step.after.flatMap((id) => endingAt(byId.get(id) as PlanStep).map((chain) => [...chain, step])),
  ];
  return steps.flatMap(endingAt);
}

const sum = (chain: readonly PlanStep[], field: 'p50' | 'p95') => chain.reduce((total, step) => total + step.estimate[field], 0);

describe('criticalPath', () => {
  it('of nothing is nothing', () => {
    expect(criticalPath({ steps: [] })).toEqual({ steps: [], p50: 0, p95: 0 });
  });

  it('is the slower of two ways; its upper figure is the slowest way, which may be another', () => {
    const steps = [
      planStep('assess', { estimate: { p50: 2, p95: 4, basis: '' } }),
      planStep('promote', { after: ['assess'], estimate: { p50: 300, p95: 320, basis: '' } }),
      planStep('scale', { after: ['assess'], estimate: { p50: 120, p95: 900, basis: '' } }),
      planStep('flip', { after: ['promote', 'scale'], estimate: { p50: 30, p95: 60, basis: '' } }),
    ];
    expect(criticalPath({ steps })).toEqual({ steps: ['assess', 'promote', 'flip'], p50: 332, p95: 964 });
  });

  it('is the longest of all chains, for any graph', () => {
    fc.assert(
      fc.property(graph, (steps) => {
        const all = chains(steps);
        const path = criticalPath({ steps });
        expect(path.p50).toBe(Math.max(0, ...all.map((chain) => sum(chain, 'p50'))));
        expect(path.p95).toBe(Math.max(0, ...all.map((chain) => sum(chain, 'p95'))));
        // What it names is a chain of that length.
        const named = path.steps.map((id) => steps.find((s) => s.id === id) as PlanStep);
        expect(sum(named, 'p50')).toBe(path.p50);
        named.slice(1).forEach((step, i) => expect(step.after).toContain(named[i]?.id));
        if (steps.length > 0) expect(named.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
