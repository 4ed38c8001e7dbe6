import { describe, expect, it } from 'vitest';
import { foldAll } from '../../src/journal/fold.ts';
import { changeOf, openRequests, pastTheLine } from '../../src/journal/requests.ts';
import { isOver, keptUntil, leftBehind, type RunState, type StepRun } from '../../src/journal/state.ts';
import type { Verb } from '../../src/model/verb.ts';
import { chained, planStep, planWith, started } from './fixture.ts';

const IDLE: StepRun = { id: 'a', state: 'observing', check: 'passed', warnings: [], because: '', attempts: 0, requests: 0, already: false, calls: [], callCount: 0, waits: [] };
const LINE_CROSSED = { code: 'LINE_CROSSED', message: '' };

describe('the change of a step', () => {
  it.each<[string, Partial<StepRun>, string]>([
    ['that only looked', {}, 'not-requested'],
    ['that found its end state there', { state: 'done', reachedAt: 5 }, 'not-requested'],
    ['that intended to change something, and has no end', { intendedAt: 5 }, 'requested'],
    ['whose request was turned away, and then made by somebody', { intendedAt: 5, reachedAt: 6 }, 'not-requested'],
    ['whose end state was seen after a request', { intendedAt: 5, requests: 1, reachedAt: 6 }, 'made'],
    ['that failed after a request', { state: 'failed', intendedAt: 5, requests: 1 }, 'requested'],
    ['that was undone', { state: 'undone', requests: 1, reachedAt: 6 }, 'undone'],
    ['that somebody else has made', { notUndone: LINE_CROSSED }, 'requested'],
    ['that could not be undone, and was never intended', { notUndone: { code: 'NOT_OURS', message: '' } }, 'not-requested'],
    ['of a run in which nothing is done', { simulated: true, intendedAt: 5, requests: 1, reachedAt: 6 }, 'not-requested'],
  ])('%s', (_, parts, change) => {
    expect(changeOf({ ...IDLE, ...parts })).toBe(change);
  });

  it('that is not there was not requested', () => {
    expect(changeOf(undefined)).toBe('not-requested');
  });
});

const line = planStep('line', { reversibility: 'point-of-no-return' });
const PLAN = [planStep('a'), planStep('b'), line];

/** A run whose steps stand like this. */
function stateWith(steps: Record<string, Partial<StepRun>>, parts: Partial<RunState> = {}, verb: Verb = 'failover'): RunState {
  const state = foldAll(chained([started({ plan: planWith(PLAN, { verb }) })]));
  return { ...state, steps: new Map(Object.entries(steps).map(([id, step]) => [id, { ...IDLE, id, ...step }])), ...parts };
}

describe('a run', () => {
  it('has the requests open whose end was not seen, in the order of its plan', () => {
    const state = stateWith({ b: { intendedAt: 5 }, a: { intendedAt: 6 }, line: { intendedAt: 5, requests: 1, reachedAt: 7 } });
    expect(openRequests(state).map(({ step, run }) => [step.id, run.intendedAt])).toEqual([['a', 6], ['b', 5]]);
    expect(openRequests(stateWith({}))).toEqual([]);
  });

  it.each<[string, Record<string, Partial<StepRun>>, boolean]>([
    ['where a step of no return was intended', { line: { intendedAt: 5 } }, true],
    ['where one was found made', { line: { reachedAt: 5 } }, true],
    ['where somebody else has made one', { line: { notUndone: LINE_CROSSED } }, true],
    ['not where it only looked', { line: {} }, false],
    ['not where the plan has it, and the journal does not', {}, false],
    ['not where another step was made', { a: { intendedAt: 5, requests: 1, reachedAt: 6 }, line: {} }, false],
    ['not where nothing is done', { line: { simulated: true, reachedAt: 5 } }, false],
  ])('is past the line %s', (_, steps, past) => {
    expect(pastTheLine(stateWith(steps))).toBe(past);
  });

  it('leaves behind what a drill intended to make, but not what has no undo or only differs; no other verb leaves twins', () => {
    const steps = { a: { intendedAt: 5 }, b: { intendedAt: 5, notUndone: { code: 'NO_UNDO', message: '' } }, line: { intendedAt: 5, notUndone: { code: 'PRODUCTION_CHANGED', message: '' } }, c: { intendedAt: 5, notUndone: { code: 'NOT_UNDONE', message: '' } }, d: {} };
    expect(leftBehind(stateWith(steps, {}, 'drill')).map(({ id }) => id)).toEqual(['a', 'c']);
    expect(leftBehind(stateWith(steps))).toEqual([]);
  });

  it('is over when it has succeeded or was rolled back; a drill however it ended, once nothing of it is left', () => {
    const outcomes = ['succeeded', 'aborted', 'failed', 'refused'] as const;
    const over = (verb: Verb, steps: Record<string, Partial<StepRun>> = {}) => [...outcomes.map((outcome) => isOver(stateWith(steps, { outcome }, verb))), isOver(stateWith(steps, {}, verb))];
    expect(over('failover')).toEqual([true, true, false, false, false]);
    expect(over('drill')).toEqual([true, true, true, true, false]);
    expect(over('drill', { a: { intendedAt: 5 } })).toEqual([false, false, false, false, false]);
  });

  it('keeps its twins until a time, unless they are deleted already or the drill has ended', () => {
    const kept = { until: 77, ended: 'succeeded' } as const;
    expect([keptUntil({ kept }), keptUntil({}), keptUntil({ kept, outcome: 'aborted' }), keptUntil({ kept, leadingBack: { at: 1, because: '' } })]).toEqual([77, undefined, undefined, undefined]);
  });
});
