import { describe, expect, it } from 'vitest';
import { isDecision, lineIsAhead, type LineRuntime, oldDecision } from '../../src/engine/line.ts';
import { foldAll } from '../../src/journal/fold.ts';
import type { RunState, StepRun } from '../../src/journal/state.ts';
import type { Observation, PlanStep, StepContext } from '../../src/kinds/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { chained, planStep, planWith, started } from '../journal/fixture.ts';
import { type Fake, fakeKind, tinyEffects } from './tiny.ts';

/* The line by itself: what was seen of a step of no return, and how old the decisions before it are. */

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;

function lineWith(steps: readonly PlanStep[], runs: Record<string, Partial<StepRun>> = {}, look: Fake['observe'] = () => ({ state: 'absent', because: '' })) {
  const clock = new VirtualClock(NOW);
  const state: RunState = foldAll(chained([started({ plan: planWith(steps) })]));
  for (const [id, run] of Object.entries(runs)) Object.assign(state.steps.get(id) ?? {}, run);
  const looked: string[] = [];
  const runtime: LineRuntime = {
    steps,
    state: () => state,
    effects: tinyEffects(clock),
    drain: new AbortController().signal,
    kindOf: (step) => {
      looked.push(step.id);
      return fakeKind({ observe: look });
    },
    context: (effects, signal) => ({ effects, signal }) as unknown as StepContext,
  };
  return { runtime, looked, ahead: () => clock.run(() => lineIsAhead(runtime)) };
}

const line = (id = 'promote') => planStep(id, { phase: 'data', reversibility: 'point-of-no-return', title: `Promote ${id}` });
const acted = (ago: number): Partial<StepRun> => ({ state: 'acting', actedAt: NOW - ago });

describe('whether the line is still ahead of a run that goes on', () => {
  it('is, in a plan that has none, and where nothing was asked for', async () => {
    expect(await lineWith([planStep('a')]).ahead()).toBe(true);
    expect(await lineWith([]).ahead()).toBe(true);
    expect(await lineWith([planStep('a'), line()]).ahead()).toBe(true);
    // A step that the journal does not know has not been made.
    const { runtime } = lineWith([planStep('a')]);
    expect(await lineIsAhead({ ...runtime, steps: [line('unknown')] })).toBe(true);
  });

  it('is not once all of it is made, without a look; what was asked for before the line tells nothing', async () => {
    const { ahead, looked } = lineWith([planStep('a'), line()], { a: acted(10 * MINUTE), promote: { state: 'done', actedAt: NOW - 10 * MINUTE } });
    expect(await ahead()).toBe(false);
    expect(looked).toEqual([]);
    expect(await lineWith([line('one'), line('two')], { one: { state: 'done', actedAt: 1 } }).ahead()).toBe(true);
  });

  it('is not while an intent is young: it may not show yet', async () => {
    for (const ago of [0, 2 * MINUTE]) {
      const { ahead, looked } = lineWith([line()], { promote: acted(ago) });
      expect(await ahead()).toBe(false);
      expect(looked).toEqual([]);
    }
  });

  it.each<[Observation['state'], boolean]>([['absent', true], ['refused', true], ['reached', false], ['pending', false], ['impossible', false]])('an older intent is looked at: %s', async (state, ahead) => {
    const made = lineWith([line()], { promote: acted(2 * MINUTE + 1) }, () => ({ state, because: '' }) as Observation);
    expect(await made.ahead()).toBe(ahead);
    expect(made.looked).toEqual(['promote']);
  });

  it('a look that fails, or has no end, is no sign that nothing was done', async () => {
    const failing = lineWith([line()], { promote: acted(3 * MINUTE) }, () => Promise.reject(new Error('no answer')));
    expect(await failing.ahead()).toBe(false);
    const silent = lineWith([line()], { promote: acted(3 * MINUTE) }, () => new Promise<Observation>(() => undefined));
    expect(await silent.ahead()).toBe(false);
  });
});

describe('what counts as a decision', () => {
  it.each<[string, Partial<PlanStep>, boolean]>([
    ['a signal', { phase: 'assess' }, true],
    ['the fence', { phase: 'fence' }, true],
    ['a gate of another phase', { phase: 'data', gate: true }, true],
    ['a step that acts', { phase: 'data' }, false],
    ['a guard beside the run', { phase: 'fence', gate: true, beside: ['promote'] }, false],
  ])('%s', (_name, parts, expected) => {
    expect(isDecision(planStep('a', parts))).toBe(expected);
  });
});

describe('decisions that have grown old before the step of no return acts', () => {
  const promote = planStep('promote', { phase: 'data', reversibility: 'point-of-no-return', title: 'Promote', after: ['young', 'assess', 'fence'] });
  const steps = [
    planStep('young', { title: 'Young gate', gate: true, phase: 'data' }),
    planStep('assess', { title: 'Is the source down?', phase: 'assess' }),
    planStep('fence', { title: 'Fence', phase: 'fence' }),
    planStep('work', { title: 'Work', phase: 'data' }),
    ...(['traffic', 'verify', 'protect'] as const).map((phase) => planStep(`${phase}-gate`, { title: phase, phase, gate: true })),
    promote,
  ];
  const ages = { young: 1, assess: 6, fence: 2, work: 60, 'traffic-gate': 50, 'verify-gate': 50, 'protect-gate': 50 };
  const runs = (more: Partial<Record<keyof typeof ages, number>> = {}) =>
    Object.fromEntries(Object.entries({ ...ages, ...more }).map(([id, minutes]) => [id, { state: 'done' as const, endedAt: NOW - minutes * MINUTE }]));
  const refusal = (more: Partial<Record<keyof typeof ages, number>> = {}, step = promote) => oldDecision(lineWith(steps, runs(more)).runtime, step);
  const after = (id: string) => ({ ...promote, after: [...promote.after, id] });

  it('are refused, and the oldest is named', () => {
    expect(refusal()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'decision-age',
        observed: '"Is the source down?" was answered 6m ago',
        ageMs: 6 * MINUTE,
        threshold: 'at most 5m before the point of no return',
        consequence: 'the source may be back, and the loss another one, than when it was decided',
        override: 'dr resume: looks again, and decides again',
      },
    });
    expect(refusal({ fence: 7 })).toMatchObject({ refusal: { observed: '"Fence" was answered 7m ago' } });
  });

  it('are not while none of them is too old', () => {
    expect(refusal({ assess: 5 })).toBeUndefined();
    expect(refusal({ assess: 5 + 1 / MINUTE })).toBeDefined();
  });

  it('age from the end of what had to be made for the step', () => {
    expect(refusal({ work: 5 }, after('work'))).toBeUndefined();
    expect(refusal({ assess: 59, work: 5 }, after('work'))).toBeUndefined();
    expect(refusal({ assess: 59, work: 5 + 1 / MINUTE }, after('work'))).toMatchObject({ refusal: { ageMs: 5 * MINUTE + 1 } });
    // A gate of a later phase is made for it, too; a decision is not.
    expect(refusal({ 'traffic-gate': 1 }, after('traffic-gate'))).toBeUndefined();
    expect(refusal({ fence: 1 })).toBeDefined();
  });

  it('do not hold back a step that can be taken back', () => {
    expect(oldDecision(lineWith(steps, runs()).runtime, planStep('work'))).toBeUndefined();
  });

  it('that have not been made have no age; without any there is nothing to be old', () => {
    expect(oldDecision(lineWith(steps).runtime, promote)).toBeUndefined();
    expect(oldDecision(lineWith([promote]).runtime, promote)).toBeUndefined();
    const { runtime } = lineWith([promote]);
    expect(oldDecision({ ...runtime, steps: [planStep('unknown', { gate: true }), promote] }, promote)).toBeUndefined();
  });
});
