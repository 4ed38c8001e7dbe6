import { describe, expect, it } from 'vitest';
import type { Change, PlanStep } from '../../src/model/step.ts';
import { drillProblems, makesTwin } from '../../src/plan/drill.ts';

/* The plan of a drill changes twins and nothing else, and takes everything back. */

const TWIN = 'dr-drill-1a2b3c-orders';
const change = (resource: string, field: string): Change => ({ resource, field, before: '', after: '' });
const step = (changes: Change[], more: Partial<PlanStep> = {}) => ({ id: 'orders.x', origin: 'kind', reversibility: 'compensable', changes, ...more }) as PlanStep;

describe('the plan of a drill', () => {
  it.each<[string, PlanStep, string[]]>([
    ['that reads', step([]), []],
    ['that makes a twin', step([change(`rds:r:${TWIN}`, 'drill twin')]), []],
    ['that changes its twin, also a record', step([change(`route53:Z1:${TWIN}.shop.example.com A`, 'weight'), change(`autoscaling:r:${TWIN}:2`, 'sizes')]), []],
    ['of production', step([change(`rds:r:${TWIN}`, 'role'), change('rds:r:orders', 'role')]), ['orders.x would change role of rds:r:orders, which is no twin of a drill']],
    ['that takes production for a twin', step([change('rds:r:orders', 'drill twin')]), ['orders.x would change rds:r:orders, which is no twin of a drill']],
    ['in a region that is called as a twin', step([change(`rds:${TWIN}:orders`, 'role')]), [`orders.x would change role of rds:${TWIN}:orders, which is no twin of a drill`]],
    ['of the runbook’s own', step([change('custom:x', 'whatever')], { origin: 'custom' }), []],
    ['that cannot be taken back', step([change(`rds:r:${TWIN}`, 'role')], { reversibility: 'point-of-no-return' }), ['orders.x cannot be taken back, and a drill takes everything back']],
    ['of the runbook’s own that cannot be taken back', step([], { origin: 'custom', reversibility: 'point-of-no-return' }), ['orders.x cannot be taken back, and a drill takes everything back']],
  ])('has a step %s', (_what, planned, problems) => {
    expect(drillProblems([step([]), planned])).toEqual(problems);
  });

  it('makes a twin where one of the changes of a step says so', () => {
    expect([step([]), step([change('rds:r:x', 'role')]), step([change('rds:r:x', 'role'), change('rds:r:x', 'drill twin')])].map(makesTwin)).toEqual([false, false, true]);
  });
});
