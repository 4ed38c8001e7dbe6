import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PHASES, type PlanStep } from '../../src/model/step.ts';
import { linkSteps, planProblems } from '../../src/plan/graph.ts';
import { planStep } from '../journal/fixture.ts';

const PONR = { phase: 'data', reversibility: 'point-of-no-return' } as const;

/** All that a step waits for, be it right before it or behind others. */
function waitsFor(steps: readonly PlanStep[], id: string): string[] {
  const byId = new Map(steps.map((s) => [s.id, s]));
  const start = byId.get(id);
  if (start === undefined) throw new Error(`no step ${id}`);
  const seen = new Set(start.after);
  for (const before of seen) for (const further of byId.get(before)?.after ?? []) seen.add(further);
  return [...seen].sort();
}

/** One of each phase, a gate, and a step past the line: in an order that is wrong on purpose. */
const WHOLE: PlanStep[] = [
  planStep('tell', { phase: 'protect', optional: true }),
  planStep('hold', { phase: 'verify' }),
  planStep('flip', { phase: 'traffic' }),
  planStep('promote', PONR),
  planStep('canary', { phase: 'data', after: ['promote'] }),
  planStep('scale', { phase: 'compute' }),
  planStep('fence', { phase: 'fence' }),
  planStep('look', { phase: 'assess' }),
  planStep('judge', { phase: 'assess', gate: true, after: ['look'] }),
];

describe('linkSteps', () => {
  it('puts the phases one after the other, compute beside fence and data', () => {
    const steps = linkSteps(WHOLE);
    expect(waitsFor(steps, 'look')).toEqual([]);
    expect(waitsFor(steps, 'judge')).toEqual(['look']);
    expect(waitsFor(steps, 'fence')).toEqual(['judge', 'look']);
    expect(waitsFor(steps, 'promote')).toEqual(['fence', 'judge', 'look']);
    expect(waitsFor(steps, 'canary')).toEqual(['fence', 'judge', 'look', 'promote']);
    expect(waitsFor(steps, 'scale')).toEqual(['judge', 'look']);
    expect(waitsFor(steps, 'flip')).toEqual(['canary', 'fence', 'judge', 'look', 'promote', 'scale']);
    expect(waitsFor(steps, 'hold')).toEqual([...waitsFor(steps, 'flip'), 'flip'].sort());
    expect(waitsFor(steps, 'tell')).toEqual([...waitsFor(steps, 'hold'), 'hold'].sort());
  });

  it('gives them in an order in which they could run one by one, and keeps all else of them', () => {
    const steps = linkSteps(WHOLE);
    expect(planProblems(steps)).toEqual([]);
    for (const step of WHOLE) expect(steps.find((s) => s.id === step.id)).toMatchObject({ ...step, after: expect.arrayContaining([...step.after]) as string[] });
  });

  it('a phase without steps hands on what it would wait for', () => {
    const without = (...phases: string[]) => linkSteps(WHOLE.filter((s) => !phases.includes(s.phase)));
    expect(waitsFor(without('fence'), 'promote')).toEqual(['judge', 'look']);
    expect(waitsFor(without('traffic'), 'hold')).toEqual(['canary', 'fence', 'judge', 'look', 'promote', 'scale']);
    expect(waitsFor(without('data'), 'flip')).toEqual(['fence', 'judge', 'look', 'scale']);
    expect(waitsFor(without('traffic', 'verify', 'data', 'compute', 'fence'), 'tell')).toEqual(['judge', 'look']);
  });

  it('a step past the line waits for every gate of any phase before it, and for every look and fence', () => {
    const steps = linkSteps([...WHOLE, planStep('capacity', { phase: 'compute', gate: true }), planStep('lag', { phase: 'data', gate: true }), planStep('fence-2', { phase: 'fence' })]);
    expect(waitsFor(steps, 'promote')).toEqual(['capacity', 'fence', 'fence-2', 'judge', 'lag', 'look']);
  });

  it('gates that look at the result do not stand before the line', () => {
    const steps = linkSteps([...WHOLE, planStep('result', { phase: 'verify', gate: true }), planStep('told', { phase: 'protect', gate: true })]);
    expect(waitsFor(steps, 'promote')).toEqual(['fence', 'judge', 'look']);
  });

  it('whatever the steps are, the plan is sound: in order, and every line behind every gate', () => {
    const step = fc.record({
      phase: fc.constantFrom(...PHASES.filter((p) => p !== 'verify' && p !== 'protect')),
      gate: fc.boolean(),
      line: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (drafts) => {
        const steps = drafts.map(({ phase, gate, line }, i) =>
          planStep(`s${i}`, { phase, gate: gate && !line, reversibility: line && phase === 'data' ? 'point-of-no-return' : 'reversible' }),
        );
        const linked = linkSteps(steps);
        expect(planProblems(linked)).toEqual([]);
        expect(linked.map((s) => s.id).sort()).toEqual(steps.map((s) => s.id).sort());
        // Traffic follows data: no step of traffic before every step of data.
        const position = new Map(linked.map((s, i) => [s.id, i]));
        for (const traffic of linked.filter((s) => s.phase === 'traffic')) {
          for (const data of linked.filter((s) => s.phase === 'data')) {
            expect(position.get(data.id)).toBeLessThan(position.get(traffic.id) ?? -1);
            expect(waitsFor(linked, traffic.id)).toContain(data.id);
          }
        }
      }),
    );
  });
});

describe('a large plan', () => {
  it('stays sound, and its links do not grow with the square of its steps', () => {
    const many = (name: string, parts: Partial<PlanStep>) => Array.from({ length: 1000 }, (_, i) => planStep(`${name}${i}`, parts));
    const steps = linkSteps([...many('look', {}), ...many('scale', { phase: 'compute' }), ...many('promote', PONR), ...many('flip', { phase: 'traffic' })], 'failover');
    expect(steps.reduce((sum, s) => sum + s.after.length, 0)).toBeLessThan(20_000);
    expect(waitsFor(steps, 'flip7').filter((id) => id.startsWith('promote'))).toHaveLength(1000);
    expect(waitsFor(steps, 'promote7').filter((id) => id.startsWith('look'))).toHaveLength(1000);
  });
});

describe('planProblems', () => {
  it('finds nothing in a sound plan', () => {
    expect(planProblems([])).toEqual([]);
    expect(planProblems([planStep('gate', { gate: true }), planStep('promote', { ...PONR, after: ['gate'] })])).toEqual([]);
  });

  it('names a gate that a step past the line does not wait for', () => {
    expect(planProblems([planStep('gate', { gate: true }), planStep('promote', PONR)])).toEqual(['promote crosses the line without waiting for gate']);
    // Behind another step is as good as right behind it.
    const between = [planStep('gate', { gate: true }), planStep('x', { phase: 'data', after: ['gate'] }), planStep('promote', { ...PONR, after: ['x'] })];
    expect(planProblems(between)).toEqual([]);
    // A gate after the line is one too late.
    const late = [planStep('promote', PONR), planStep('gate', { phase: 'data', gate: true, after: ['promote'] })];
    expect(planProblems(late)).toEqual(['promote crosses the line without waiting for gate']);
  });

  it('names a look and a fence that it does not wait for', () => {
    const steps = [planStep('look'), planStep('fence', { phase: 'fence', after: ['look'] }), planStep('promote', { ...PONR, after: ['look'] })];
    expect(planProblems(steps)).toEqual(['promote crosses the line without waiting for fence']);
  });

  it('names each line and each gate', () => {
    const steps = [planStep('g1', { gate: true }), planStep('g2', { gate: true }), planStep('p1', { ...PONR, after: ['g1'] }), planStep('p2', { ...PONR, after: ['g1', 'g2'] })];
    expect(planProblems(steps)).toEqual(['p1 crosses the line without waiting for g2']);
  });

  it('names double ids, and a wrong order', () => {
    expect(planProblems([planStep('a'), planStep('a')])).toEqual(['two steps are called a']);
    expect(planProblems([planStep('a', { after: ['b'] }), planStep('b')])).toEqual(['a waits for b, which does not come before it']);
    expect(planProblems([planStep('a', { after: ['a'] })])).toEqual(['a waits for a, which does not come before it']);
  });

  it('any one link to a gate taken out of a sound plan is found, unless another way leads there', () => {
    const sound = linkSteps(WHOLE);
    const gates = ['look', 'judge', 'fence'];
    const promote = sound.find((s) => s.id === 'promote');
    for (const gate of gates) {
      const cut = sound.map((s) => (s.id === 'promote' ? { ...s, after: [] } : s));
      expect(planProblems(cut)).toContain(`${promote?.id ?? ''} crosses the line without waiting for ${gate}`);
    }
  });
});
