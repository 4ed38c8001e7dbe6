import { describe, expect, it } from 'vitest';
import { isDecision, lineIsAhead, oldDecision, openCapacity, openDecisions, writesAgain } from '../../src/engine/line.ts';
import type { Run } from '../../src/engine/run.ts';
import { foldAll } from '../../src/journal/fold.ts';
import type { RunEvent } from '../../src/journal/events.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { RunState, StepRun } from '../../src/journal/state.ts';
import type { Observation, PlanStep, StepContext } from '../../src/model/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { chained, planStep, planWith, started } from '../journal/fixture.ts';
import { type Fake, fakeKind, tinyEffects } from './tiny.ts';

/* The line by itself: what was seen of a step of no return, and how old the decisions before it are. */

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
/** Minutes: a decision of five minutes is young for as long as its request may take less. */
const YOUNG = 4.75;

function lineWith(steps: readonly PlanStep[], runs: Record<string, Partial<StepRun>> = {}, look: Fake['observe'] = () => ({ state: 'absent', because: '' })) {
  const clock = new VirtualClock(NOW);
  const state: RunState = foldAll(chained([started({ plan: planWith(steps) })]));
  for (const [id, run] of Object.entries(runs)) Object.assign(state.steps.get(id) ?? {}, run);
  const looked: string[] = [];
  const told: string[] = [];
  const run: Run = {
    steps,
    journal: {
      state,
      append: (event: RunEvent) => {
        if (event.type === 'step.silent') told.push(`${event.step}: ${event.because}`);
        return Promise.resolve();
      },
    } as unknown as Journal,
    effects: tinyEffects(clock),
    drain: new AbortController().signal,
    kindOf: (step) => {
      looked.push(step.id);
      return fakeKind({ observe: look });
    },
    context: (effects, signal) => ({ effects, signal }) as unknown as StepContext,
  };
  return { run, clock, looked, told, ahead: () => clock.run(() => lineIsAhead(run)) };
}

const line = (id = 'promote') => planStep(id, { phase: 'data', reversibility: 'point-of-no-return', title: `Promote ${id}` });
const acted = (ago: number): Partial<StepRun> => ({ state: 'acting', intendedAt: NOW - ago });

describe('whether the line is still ahead of a run that continues', () => {
  it('is, in a plan that has none, and where nothing was asked for', async () => {
    expect(await lineWith([planStep('a')]).ahead()).toBe(true);
    expect(await lineWith([]).ahead()).toBe(true);
    expect(await lineWith([planStep('a'), line()]).ahead()).toBe(true);
    // Nobody has to be asked of what was never asked for.
    const never = lineWith([planStep('a'), line()], {}, () => ({ state: 'reached', because: '' }));
    expect(await never.ahead()).toBe(true);
    expect(never.looked).toEqual([]);
    // A step that the journal does not know has not been made.
    const { run } = lineWith([planStep('a')]);
    expect(await lineIsAhead({ ...run, steps: [line('unknown')] })).toBe(true);
  });

  it('is not once all of it is made, without a look; what was asked for before the line tells nothing', async () => {
    const { ahead, looked } = lineWith([planStep('a'), line()], { a: acted(10 * MINUTE), promote: { state: 'done', intendedAt: NOW - 10 * MINUTE } });
    expect(await ahead()).toBe(false);
    expect(looked).toEqual([]);
    expect(await lineWith([line('one'), line('two')], { one: { state: 'done', intendedAt: 1 } }).ahead()).toBe(true);
  });

  it('with a young intent and old decisions is known once it must show', async () => {
    const gate = planStep('gate', { title: 'Gate', gate: true, phase: 'data' });
    for (const [state, ahead] of [['absent', true], ['pending', false]] as const) {
      const old = lineWith([gate, line()], { gate: { state: 'done', endedAt: NOW - 6 * MINUTE }, promote: acted(MINUTE) }, () => ({ state, because: '' }) as Observation);
      expect(await old.ahead()).toBe(ahead);
      expect(old.looked).toEqual(['promote']);
      expect(old.run.effects.clock.now()).toBe(NOW + MINUTE + 1);
      expect(old.told).toEqual(['promote: it was asked for, and what it rests on is old: waiting 1m until it is sure to show whether it was made']);
    }
    const good = lineWith([gate, line()], { gate: { state: 'done', endedAt: NOW - YOUNG * MINUTE }, promote: acted(MINUTE) });
    expect([await good.ahead(), good.looked, good.told, good.run.effects.clock.now()]).toEqual([false, [], [], NOW]);
  });

  it('waits for an intent of the future, of a machine whose clock is ahead, no longer than for one of now', async () => {
    const gate = planStep('gate', { title: 'Gate', gate: true, phase: 'data' });
    const ahead = lineWith([gate, line()], { gate: { state: 'done', endedAt: NOW - 6 * MINUTE }, promote: acted(-60 * MINUTE) }, () => ({ state: 'absent', because: '' }));
    expect(await ahead.ahead()).toBe(true);
    expect(ahead.run.effects.clock.now()).toBe(NOW + 2 * MINUTE + 1);
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
    planStep('own.pause', { title: 'Pause', phase: 'fence' }),
    planStep('approval', { title: 'Approval', kind: 'run.approval', approval: { from: [], quorum: 1, waitMs: 0 }, gate: true, phase: 'assess' }),
    planStep('fence', { title: 'Fence', phase: 'fence' }),
    planStep('work', { title: 'Work', phase: 'data' }),
    planStep('opening', { title: 'Opening', phase: 'data', after: ['work'] }),
    ...(['traffic', 'verify', 'protect'] as const).map((phase) => planStep(`${phase}-gate`, { title: phase, phase, gate: true })),
    promote,
  ];
  const ages = { young: 1, assess: 6, 'own.pause': 60, approval: 1, fence: 2, work: 60, opening: 60, 'traffic-gate': 50, 'verify-gate': 50, 'protect-gate': 50 };
  type More = Partial<Record<keyof typeof ages, number>>;
  /** `begun`: when a step began, where it took its time. In minutes before now. */
  const runs = (more: More = {}, begun: More = {}) =>
    Object.fromEntries(Object.entries({ ...ages, ...more }).map(([id, minutes]) => [id, { state: 'done' as const, startedAt: NOW - 90 * MINUTE, begunAt: NOW - ((begun as Record<string, number>)[id] ?? minutes) * MINUTE, endedAt: NOW - minutes * MINUTE }]));
  const refusal = (more: More = {}, step = promote, waited = 0, begun: More = {}) => oldDecision(lineWith([...steps.filter((s) => s.id !== step.id), step], runs(more, begun)).run, step, NOW - waited);
  const after = (...ids: string[]) => ({ ...promote, after: [...promote.after, ...ids] });

  it('are refused, and the oldest is named', () => {
    expect(refusal()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'decision-age',
        observed: '"Is the source down?" was answered 6m ago',
        ageMs: 6 * MINUTE,
        threshold: 'at most 5m before the point of no return, which may be 15 s from now',
        consequence: 'the source may be back, and the loss another one, than when it was decided',
        override: 'dr resume: looks again, and decides again',
      },
    });
    expect(refusal({ fence: 7 })).toMatchObject({ refusal: { observed: '"Fence" was answered 7m ago' } });
  });

  it('are not while none of them is too old', () => {
    expect(refusal({ assess: YOUNG })).toBeUndefined();
    expect(refusal({ assess: YOUNG + 1 / MINUTE })).toBeDefined();
  });

  it('do not age while what the step needs is made, however far before it', () => {
    for (const id of ['work', 'opening']) {
      expect(refusal({ assess: 59, work: YOUNG }, after(id), 0, { work: 59 })).toBeUndefined();
      expect(refusal({ assess: 59, work: YOUNG + 1 / MINUTE }, after(id), 0, { work: 59 })).toMatchObject({ refusal: { ageMs: YOUNG * MINUTE + 1 } });
      // Before it began, and where it took no time, they did.
      expect(refusal({ assess: 59, work: 1 }, after(id), 0, { work: 54 })).toMatchObject({ refusal: { ageMs: 6 * MINUTE } });
      expect(refusal({ work: 1 }, after(id))).toMatchObject({ refusal: { ageMs: 6 * MINUTE } });
      // What was made before they were is no reason.
      expect(refusal({ work: 6 }, after(id), 0, { work: 59 })).toMatchObject({ refusal: { ageMs: 6 * MINUTE } });
    }
    // A gate of a later phase is made for it, too; a decision is not.
    expect(refusal({ 'traffic-gate': 1 }, after('traffic-gate'), 0, { 'traffic-gate': 6 })).toBeUndefined();
    expect(refusal({ fence: 1 }, promote, 0, { fence: 6 })).toBeDefined();
  });

  it('what was made at once counts once', () => {
    const both = { work: 10, 'traffic-gate': 9 };
    expect(refusal({ assess: 10, work: 6, 'traffic-gate': 5 }, after('work', 'traffic-gate'), 0, both)).toMatchObject({ refusal: { ageMs: 5 * MINUTE } });
    expect(refusal({ assess: 10, work: 5, 'traffic-gate': 6 }, after('work', 'traffic-gate'), 0, both)).toMatchObject({ refusal: { ageMs: 5 * MINUTE } });
    expect(refusal({ assess: 10, work: 6, 'traffic-gate': 4 }, after('work', 'traffic-gate'), 0, both)).toBeUndefined();
  });

  it('work that began later stands first in the plan as well as last', () => {
    expect(refusal({ assess: 10, work: 1, 'traffic-gate': 5 }, after('work', 'traffic-gate'), 0, { work: 4, 'traffic-gate': 9 })).toBeUndefined();
    expect(refusal({ assess: 13, work: 1, 'traffic-gate': 5 }, after('work', 'traffic-gate'), 0, { work: 4, 'traffic-gate': 9 })).toMatchObject({ refusal: { ageMs: 6 * MINUTE } });
  });

  it('what has not begun, or has not ended, was not made', () => {
    const times: Partial<StepRun>[] = [{ endedAt: NOW - MINUTE }, { begunAt: NOW - 6 * MINUTE }];
    for (const work of times) {
      const { run } = lineWith([...steps.filter((s) => s.id !== 'promote'), after('work')], { ...runs(), work });
      expect(oldDecision(run, after('work'), NOW)).toMatchObject({ refusal: { ageMs: 6 * MINUTE } });
    }
  });

  it('of people are none: an approval of long ago is no decision about the source', () => {
    expect(refusal({ assess: 1, approval: 60 })).toBeUndefined();
  });

  it('do not age while people do what they have to; while they sign they do', () => {
    expect(refusal({ 'own.pause': 1 }, after('own.pause'), 0, { 'own.pause': 6 })).toBeUndefined();
    // Signatures make nothing younger: where they take long, everything is decided again.
    expect(refusal({ approval: 1 }, after('approval'), 0, { approval: 6 })).toBeDefined();
    // Nor does what comes after them, also where it was first begun before, in the life of another process.
    const pause = planStep('own.pause', { title: 'Pause', phase: 'fence', after: ['approval'] });
    const { run } = lineWith([...steps.filter((s) => s.id !== 'promote' && s.id !== pause.id), pause, after(pause.id)], runs({ 'own.pause': 1, approval: 1 }, { 'own.pause': 60, approval: 6 }));
    expect(oldDecision(run, after(pause.id), NOW)).toMatchObject({ refusal: { ageMs: 6 * MINUTE } });
  });

  it('of a planned move count only while the step itself waits: both sides are well', () => {
    const planned = (waited: number) => {
      const { run } = lineWith(steps, runs({ assess: 59 }));
      const { state } = run.journal;
      const switchover = { state: { ...state, plan: { ...state.plan, verb: 'switchover' as const } } } as unknown as Journal;
      return oldDecision({ ...run, journal: switchover }, promote, NOW - waited);
    };
    expect(planned(YOUNG * MINUTE)).toBeUndefined();
    expect(planned(YOUNG * MINUTE + 1)).toMatchObject({ refusal: { ageMs: YOUNG * MINUTE + 1 } });
    // Of a failover its own waiting makes nothing younger.
    expect(refusal({}, promote, MINUTE)).toBeDefined();
  });

  it('do not hold back a step that can be taken back', () => {
    expect(oldDecision(lineWith(steps, runs()).run, planStep('work'), NOW)).toBeUndefined();
  });

  it('that have not been made have no age; without any there is nothing to be old', () => {
    expect(oldDecision(lineWith(steps).run, promote, NOW)).toBeUndefined();
    expect(oldDecision(lineWith([promote]).run, promote, NOW)).toBeUndefined();
    const { run } = lineWith([promote]);
    expect(oldDecision({ ...run, steps: [planStep('unknown', { gate: true }), promote] }, promote, NOW)).toBeUndefined();
  });
});

describe('decisions on which something still rests', () => {
  const done = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, { state: 'done' as const }]));
  const steps = [
    planStep('signal', { phase: 'assess' }),
    planStep('judge', { phase: 'assess', gate: true, after: ['signal'] }),
    planStep('scale', { phase: 'compute', after: ['judge'] }),
    planStep('carry', { phase: 'traffic', gate: true, after: ['scale'] }),
    planStep('shift', { phase: 'traffic', after: ['carry'] }),
    planStep('guard', { phase: 'fence', beside: ['shift'] }),
    planStep('verify', { phase: 'verify', after: ['shift'] }),
    planStep('shrink', { phase: 'protect', after: ['verify'] }),
  ];
  const open = (...ids: string[]) => {
    const { run } = lineWith(steps, done(...ids));
    return openDecisions(steps, run.journal.state).map((step) => step.id);
  };

  it('are those before a step that moves users or data and is not done', () => {
    expect(open()).toEqual(['signal', 'judge', 'carry']);
    expect(open('scale')).toEqual(['signal', 'judge', 'carry']);
    expect(open('shift')).toEqual(['signal', 'judge']);
    expect(open('scale', 'shift')).toEqual([]);
    for (const phase of ['prepare', 'data'] as const) {
      const one = [planStep('judge', { phase: 'assess' }), planStep('make', { phase, after: ['judge'] })];
      expect(openDecisions(one, lineWith(one).run.journal.state).map((step) => step.id)).toEqual(['judge']);
    }
  });
});

describe('the old writer of a planned move, right before the line', () => {
  const stop = planStep('stop', { phase: 'fence' });
  const promote = { ...line(), after: ['stop'] };
  const done: Record<string, Partial<StepRun>> = { stop: { state: 'done', endedAt: NOW - 50 * MINUTE } };
  const ask = async (look: Fake['observe'], more: { verb?: string; steps?: readonly PlanStep[]; runs?: Record<string, Partial<StepRun>>; step?: PlanStep } = {}) => {
    const { verb = 'switchover', steps = [stop, promote], runs = done, step = promote } = more;
    const { run, looked, clock } = lineWith(steps, runs, look);
    const { plan } = run.journal.state;
    Object.assign(plan, { verb });
    return { verdict: await clock.run(() => writesAgain(run, step)), looked };
  };
  const open: Observation = { state: 'absent', because: 'shop-orders takes writes again' };

  it('alone is looked at, and each that was stopped', async () => {
    const scale = planStep('scale', { phase: 'compute' });
    const both = [scale, stop, planStep('stop-two', { phase: 'fence' }), { ...line(), after: ['scale', 'stop', 'stop-two'] }];
    const runs = { ...done, scale: { state: 'done' as const }, 'stop-two': { state: 'done' as const } };
    const answers: Observation[] = [{ state: 'reached', because: '' }, open];
    const { verdict, looked } = await ask(() => answers.shift() ?? open, { steps: both, runs, step: both[3] as PlanStep });
    expect(looked).toEqual(['stop', 'stop-two']);
    expect(verdict).toMatchObject({ state: 'refused', refusal: { observed: open.because } });
  });

  it('is refused when it takes writes again, anyone who let it', async () => {
    expect((await ask(() => open)).verdict).toEqual({
      state: 'refused',
      refusal: {
        rule: 'fence',
        observed: 'shop-orders takes writes again',
        threshold: 'the old writer takes no writes until users are moved',
        consequence: 'what it takes from now on would be lost',
        override: 'none: find out who lets it take writes, then start again: dr switchover --region ap-northeast-1',
      },
    });
  });

  it.each<[string, Fake['observe']]>([
    ['takes none', () => ({ state: 'reached', because: '' })],
    ['does not say', () => ({ state: 'pending', because: '', waitingFor: 'database' })],
    ['gives an error', () => Promise.reject(new Error('no route'))],
    ['never answers', () => new Promise(() => undefined)],
  ])('passes when it %s', async (_what, look) => {
    expect((await ask(look)).verdict).toBeUndefined();
  });

  it('is asked before the line only, in a planned move only, where this run has stopped it, and never as a custom step', async () => {
    const own = planStep('own.stop', { phase: 'fence' });
    const cases = [{ verb: 'failover' }, { step: stop }, { runs: {} }, { steps: [own, { ...line(), after: ['own.stop'] }], runs: { 'own.stop': done.stop ?? {} } }, { steps: [stop, line()], step: line() }];
    for (const one of cases) expect(await ask(() => open, one)).toEqual({ verdict: undefined, looked: [] });
    expect((await ask(() => open)).looked).toEqual(['stop']);
  });
});

describe('capacity that was made before a resume', () => {
  const grow = planStep('grow', { phase: 'compute' });
  const flip = planStep('flip', { phase: 'traffic' });
  const gate = planStep('gate', { phase: 'traffic', gate: true });
  const again = (steps: readonly PlanStep[], runs: Record<string, Partial<StepRun>>, resumed = true) => {
    const { run } = lineWith(steps, runs);
    const { state } = run.journal;
    if (resumed) state.resumedBy = [{ identity: 'kim', user: 'kim', host: 'desk', pid: 1 }];
    return openCapacity(steps, state).map(({ id }) => id);
  };
  const done = { state: 'done' } as const;

  it('is looked at again while users are still to be led to it', () => {
    expect(again([grow, flip], { grow: done })).toEqual(['grow']);
    expect(again([grow, flip], { grow: done, flip: { state: 'acting' } })).toEqual(['grow']);
  });

  it.each<[string, PlanStep[], Record<string, Partial<StepRun>>, boolean?]>([
    ['in a run that was not resumed', [grow, flip], { grow: done }, false],
    ['once they are led there', [grow, flip], { grow: done, flip: done }],
    ['where nobody is led anywhere', [grow, gate], { grow: done }],
    ['that is not made yet: it is to do', [grow, flip], {}],
    ['by a custom step, which is not run twice', [planStep('own', { phase: 'compute', origin: 'custom' }), flip], { own: done }],
    ['by a guard', [planStep('guard', { phase: 'compute', beside: ['flip'] }), flip], { guard: done }],
    ['of another phase', [planStep('data', { phase: 'data' }), flip], { data: done }],
  ])('and not %s', (_what, steps, runs, resumed) => {
    expect(again(steps, runs, resumed)).toEqual([]);
  });
});
