import { describe, expect, it } from 'vitest';
import { planText, type ShownPlan } from '../../src/cli/plan-view.ts';
import { beyondTheLine } from '../../src/plan/graph.ts';
import { plain, width } from '../../src/cli/text.ts';
import type { Preview } from '../../src/engine/preview.ts';
import type { Plan } from '../../src/model/plan.ts';
import { criticalPath } from '../../src/plan/feasibility.ts';
import { planOf, simulation, TOKYO } from '../engine/simulated.ts';
import { plan, step } from './fixture.ts';

const CLEAR: Preview = { refusals: [], notEvaluated: [], warnings: [] };
const REFUSED: Preview = {
  refusals: [
    {
      step: 'data.orders.gate',
      title: 'RPO gate of orders',
      refusal: { rule: 'rpo-gate', observed: 'a promotion would lose at most 5m', ageMs: 12_000, threshold: 'RPO 1m', consequence: 'writes of the last 5m would be lost', override: '--accept-data-loss 5m --reason "why"' },
    },
  ],
  notEvaluated: [{ step: 'assess.source', title: 'Assess Seoul' }],
  warnings: ['will wait at most 15m for approval by 1 of alice@example.com. They run: dr approve RUN'],
};

function text(parts: Partial<ShownPlan> = {}, of: Plan = plan()): string {
  return planText({ plan: of, critical: criticalPath(of), preview: CLEAR, command: 'dr failover --region ap-northeast-1 --runbook shop', iam: false, width: undefined, ...parts }, plain);
}

describe('a plan for people', () => {
  it.each([60, 80, 140, undefined])('at %s columns', (columns) => {
    expect(text({ preview: REFUSED, width: columns })).toMatchSnapshot();
  });

  it.each([60, 80, 140])('of the example breaks no word and is not wider than %i columns', async (columns) => {
    const real = await planOf(await simulation(), TOKYO);
    for (const line of text({ width: columns }, real).split('\n')) {
      expect(width(line) <= columns || line.trim().split(' ').length === 1 || line.startsWith('  dr '), line).toBe(true);
    }
  });

  it('says first what contradicts itself in what was observed', () => {
    expect(text({}, plan({ findings: ['shop-orders-tokyo is a writer already'] })).split('\n').slice(0, 4).join('\n')).toContain('shop-orders-tokyo is a writer already');
  });

  it('marks what is created, changed and removed, by resource', () => {
    const changes = [
      { resource: 's3:b/k', field: 'object', before: 'there', after: 'absent' },
      { resource: 'rds:r:db', field: 'instance', before: 'none', after: 'replica' },
      { resource: 'rds:r:db', field: 'class', before: 'small', after: 'large' },
    ];
    expect(text({}, plan({ steps: [step('a', { changes })] }))).toContain('Changes\n  s3:b/k\n    - object\n  rds:r:db\n    + instance: replica\n    ~ class: small → large');
  });

  it('shows the permissions where they are asked for', () => {
    expect(text()).not.toContain('rds:PromoteReadReplica');
    expect(text({ iam: true })).toContain('"rds:PromoteReadReplica"');
  });

  it('ends with one line that sums it up, and the command', () => {
    const end = (preview: Preview) => text({ preview }).split('\n').slice(-3).join('\n');
    expect(end(REFUSED)).toBe('5 steps, 1 irreversible, about 6m (up to 11m); would be refused now: rpo-gate\nTo run it:\n  dr failover --region ap-northeast-1 --runbook shop');
    expect(end(CLEAR)).toContain('; nothing would refuse it now');
    expect(end({ ...CLEAR, notEvaluated: REFUSED.notEvaluated })).toContain('; nothing that could be checked would refuse it now');
    expect(end({ ...CLEAR, refusals: [{ step: 'a', title: 'A', error: 'no answer' }] })).toContain('would be refused now: a could not be checked');
  });

  it('says so when nothing is beyond a point of no return, and when nothing changes', () => {
    const harmless = text({}, plan({ steps: [step('a')] }));
    expect(harmless).toContain('all steps are reversible');
    expect(harmless).not.toContain('──');
  });

  it('warns when the slow case misses the RTO, which a rebuilt standby has not', () => {
    const late = plan({ objectives: { rpoMs: 1000, rtoMs: 300_000 } });
    expect(text({}, late)).toContain('the p95 is longer than the RTO');
    expect(text({}, { ...late, verb: 'reprotect' })).not.toContain('longer than the RTO');
  });
});

describe('the line', () => {
  it('has steps of no return beyond it, and all that wait for one', () => {
    expect([...beyondTheLine(plan().steps)]).toEqual(['data.orders.promote', 'traffic.storefront.flip']);
  });
});
