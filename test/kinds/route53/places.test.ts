import { describe, expect, it } from 'vitest';
import type { PlanContext, ResourceState } from '../../../src/model/kind.ts';
import kind from '../../../src/kinds/resources/route53-geolocation.ts';
import { SEOUL, TOKYO } from '../context.ts';

/*
 * Three regions, and places of each: what a planned move of geolocation sets names, and what it leaves alone.
 */

const OSAKA = 'ap-northeast-3';
const answer = (value: string) => ({ values: [value], ttl: 60 });
const resource = kind.schema.parse({
  kind: 'route53-geolocation',
  zone: 'Z0123456789ABCDEFGHIJ',
  record: { name: 'invoices.example.com', type: 'A' },
  places: {
    world: { place: 'default', region: SEOUL },
    korea: { place: { country: 'KR' }, region: SEOUL },
    china: { place: { country: 'CN' }, region: SEOUL },
    japan: { place: { country: 'JP' }, region: TOKYO },
    osaka: { place: { country: 'PH' }, region: OSAKA },
  },
  answers: { [TOKYO]: answer('192.0.2.3'), [SEOUL]: answer('192.0.2.2'), [OSAKA]: answer('192.0.2.4') },
  switch: 'record',
});

type Sets = Record<string, { answer: { values: string[] } }>;

/** By step: which sets it makes answer with what, and what undoes it. */
function shifts(verb: PlanContext['verb'], target: string, activeIn: string[]) {
  const survivors = [SEOUL, TOKYO, OSAKA].filter((region) => region !== SEOUL).sort((a, b) => Number(b === target) - Number(a === target));
  const ctx: PlanContext = { runbook: 'x', verb, strategy: 'active-active', source: SEOUL, target, survivors, objectives: { rpoMs: 0, rtoMs: 1 }, account: '111122223333' };
  const state: ResourceState = { activeIn, because: '', facts: {} };
  const shown = (aim: unknown) => Object.fromEntries(Object.entries((aim as { sets: Sets }).sets).map(([id, set]) => [id, set.answer.values[0]]));
  return kind.plan(ctx, 'invoices', resource, state).filter((step) => step.step.startsWith('shift')).map(({ params }) => ({ aim: shown((params as { aim: unknown }).aim), before: shown((params as { before: unknown }).before) }));
}

describe('geolocation sets of a region', () => {
  it('come back place by place, the default last; those that are not yet back are left alone, anyone who answers them', () => {
    // Tokyo is dead, and the first of the runbook.
    expect(shifts('reprotect', OSAKA, [OSAKA])).toEqual([
      { aim: { korea: '192.0.2.2' }, before: { korea: '192.0.2.4' } },
      { aim: { korea: '192.0.2.2', china: '192.0.2.2' }, before: { china: '192.0.2.4' } },
      { aim: { korea: '192.0.2.2', china: '192.0.2.2', world: '192.0.2.2' }, before: { world: '192.0.2.4' } },
    ]);
  });

  it('leave in the same order, spread over the regions that answer', () => {
    const steps = shifts('switchover', TOKYO, [SEOUL, TOKYO, OSAKA]);
    expect(steps.map(({ aim }) => [aim['korea'], aim['china'], aim['world']])).toEqual([
      ['192.0.2.4', '192.0.2.2', '192.0.2.2'],
      ['192.0.2.4', '192.0.2.3', '192.0.2.2'],
      ['192.0.2.4', '192.0.2.3', '192.0.2.3'],
    ]);
    expect(steps.every(({ aim }) => aim['japan'] === '192.0.2.3' && aim['osaka'] === '192.0.2.4')).toBe(true);
    expect(steps[0]?.before).toMatchObject({ korea: '192.0.2.2', china: '192.0.2.2', world: '192.0.2.2' });
  });

  it('all leave at once in a failover, and where the region answers nobody', () => {
    for (const [verb, activeIn] of [['failover', [SEOUL, TOKYO, OSAKA]], ['switchover', [TOKYO, OSAKA]]] as const) {
      const steps = shifts(verb, TOKYO, [...activeIn]);
      expect(steps).toHaveLength(1);
      expect(Object.values(steps[0]?.aim ?? {})).not.toContain('192.0.2.2');
    }
  });
});
