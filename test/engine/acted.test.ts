import { describe, expect, it } from 'vitest';
import { actedSteps, intendedChanges, stepsPastTheLine } from '../../src/engine/acted.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { chained, planStep, planWith, started } from '../journal/fixture.ts';

const change = (resource: string) => ({ resource, field: 'size', before: '1', after: '2' });
const steps = [planStep('a', { changes: [change('a1'), change('a2')] }), planStep('b', { reversibility: 'point-of-no-return', changes: [change('b')] }), planStep('c'), planStep('never', { reversibility: 'point-of-no-return', changes: [change('n')] })];
const stateAfter = (...acted: string[]) => foldAll(chained([started({ plan: planWith(steps) }), ...acted.map((step) => ({ type: 'step.intent', step, attempt: 1, because: '' }) as const)]));

describe('what a run has intended to change', () => {
  it('is given newest first, whatever the order of the plan', () => {
    expect(actedSteps(stateAfter('b', 'c', 'a')).map(({ id }) => id)).toEqual(['a', 'c', 'b']);
    expect(actedSteps(stateAfter('a', 'b')).map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('of two in the same millisecond the later in the plan comes first', () => {
    const state = stateAfter('b', 'a');
    const at = new Map([...state.steps].map(([id, step]) => [id, step.intendedAt === undefined ? step : { ...step, intendedAt: 5 }]));
    expect(actedSteps({ ...state, steps: at }).map(({ id }) => id)).toEqual(['b', 'a']);
  });

  it('counts what was intended only, and every part of it', () => {
    expect(intendedChanges(stateAfter('a')).map(({ resource }) => resource)).toEqual(['a1', 'a2']);
    expect(intendedChanges(stateAfter('c'))).toEqual([]);
  });

  it('has crossed the line by a step of no return that was about to act', () => {
    expect(stepsPastTheLine(stateAfter('a', 'c'))).toEqual([]);
    expect(stepsPastTheLine(stateAfter('b')).map(({ id }) => id)).toEqual(['b']);
  });
});
