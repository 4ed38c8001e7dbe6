import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { assessOnly, preview, previewSteps } from '../../src/engine/preview.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { PlanStep, StepContext, Verdict } from '../../src/model/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { planWith, RUN, started } from '../journal/fixture.ts';
import { ABSENT, type Fake, PENDING, REACHED, REFUSAL, tinyParts, tinyStep } from './tiny.ts';

async function look<T>(steps: readonly PlanStep[], kinds: Record<string, Fake>, what: (parts: ReturnType<typeof tinyParts>) => Promise<T>) {
  const clock = new VirtualClock();
  const journal = new Journal({ store: new MemoryStore(), clock, run: RUN, term: 1 });
  const began = clock.now();
  const seen = await clock.run(async () => {
    await journal.append(started({ plan: planWith(steps, { probes: [] }), impactAt: 77 }));
    return what(tinyParts(journal, kinds, clock));
  });
  return { seen, state: journal.state, took: clock.now() - began };
}

const previewOf = (steps: readonly PlanStep[], kinds: Record<string, Fake>) => look(steps, kinds, preview);
const gate = (id: string, parts: Partial<PlanStep> = {}) => tinyStep(id, { gate: true, phase: 'data', ...parts });
const refusing: Fake = { observe: () => ({ state: 'refused', refusal: REFUSAL }) };
const warning = (observed: string): Fake => ({ check: (): Verdict => ({ state: 'ok', because: 'fine', warnings: [{ rule: 'a-rule', observed, wanted: 'better', mend: 'mend it' }] }) });

describe('what a run would be refused for, seen without running it', () => {
  it('names each step that refuses and each check that gave no answer, in the order of the plan', async () => {
    const broken: Fake = { check: () => Promise.reject(new Error('no answer')) };
    const { seen } = await previewOf([gate('a'), tinyStep('b', { title: 'the second' }), tinyStep('c'), tinyStep('d')], { a: refusing, b: broken, c: { check: () => ({ state: 'refused', refusal: { ...REFUSAL, rule: 'of-a-check' } }) }, d: {} });
    expect(seen.refusals).toEqual([
      { step: 'a', title: 'a', refusal: REFUSAL },
      { step: 'b', title: 'the second', error: 'no answer' },
      { step: 'c', title: 'c', refusal: { ...REFUSAL, rule: 'of-a-check' } },
    ]);
    expect(seen.warnings).toEqual([]);
  });

  it('does not name an optional step: it refuses no run', async () => {
    const { seen } = await previewOf([gate('a', { optional: true }), tinyStep('b', { optional: true })], { a: refusing, b: { check: () => Promise.reject(new Error('no')) } });
    expect(seen.refusals).toEqual([]);
  });

  it('says what checks warn of, each sentence once, and from which step it comes', async () => {
    const steps = [tinyStep('a'), tinyStep('b'), tinyStep('c')];
    const kinds = { a: warning('slow'), b: {}, c: warning('slow') };
    expect((await previewOf(steps, kinds)).seen.warnings).toEqual(['slow']);
    const { warned } = (await look(steps, kinds, previewSteps)).seen;
    expect(warned.map(({ step, warnings }) => [step.id, warnings.map(({ observed }) => observed)])).toEqual([['a', ['slow']], ['b', []], ['c', ['slow']]]);
  });

  it('evaluates what only looks, in its order and with the facts of what came before, and names the gates that only a run evaluates', async () => {
    const steps = [tinyStep('look', { phase: 'assess' }), gate('decides', { after: ['look'] }), tinyStep('makes', { after: ['decides'] }), gate('later', { after: ['makes'], title: 'the later gate' })];
    const asked: unknown[] = [];
    const { seen, state } = await previewOf(steps, {
      look: { observe: (ctx) => (ctx.record('seen', 7), REACHED) },
      decides: { observe: (ctx) => (asked.push(['decides by', ctx.fact('seen')]), REACHED) },
      makes: { observe: () => (asked.push('makes'), ABSENT), act: () => void asked.push('act') },
      later: { observe: () => (asked.push('later'), REACHED) },
    });
    expect(asked).toEqual([['decides by', 7]]);
    expect(seen).toEqual({ refusals: [], notEvaluated: [{ step: 'later', title: 'the later gate' }], warnings: [] });
    expect(state.steps.get('decides')).toMatchObject({ state: 'done', already: true, because: 'it is there' });
  });

  it('never evaluates what acts, what stands beside others, or a step of neither kind', async () => {
    const asked: string[] = [];
    const noting = (id: string, more: Fake = {}): Fake => ({ observe: () => (asked.push(id), REACHED), ...more });
    const steps = [tinyStep('acts', { phase: 'assess' }), tinyStep('guard', { phase: 'fence', gate: true, beside: ['acts'], after: [] }), tinyStep('plain'), tinyStep('looks', { phase: 'assess' })];
    await previewOf(steps, { acts: noting('acts', { act: () => undefined }), guard: noting('guard'), plain: noting('plain'), looks: noting('looks') });
    expect(asked).toEqual(['looks']);
  });

  it('a gate that refuses is named once, and what waits for it is not evaluated', async () => {
    const { seen, state } = await previewOf([gate('first'), gate('second', { after: ['first'] }), gate('beside')], { first: refusing, second: {}, beside: refusing });
    expect(seen.refusals.map(({ step }) => step)).toEqual(['first', 'beside']);
    expect(seen.notEvaluated.map(({ step }) => step)).toEqual(['second']);
    expect(state.steps.get('first')).toMatchObject({ state: 'refused', because: 'this was seen' });
  });

  it('keeps what a look that refuses has recorded', async () => {
    const { state } = await previewOf([gate('a')], { a: { observe: (ctx) => (ctx.record('loss', 3), { state: 'refused', refusal: REFUSAL }) } });
    expect(state.facts.get('loss')).toBe(3);
  });

  it.each<[string, Fake]>([
    ['is not there yet', { observe: () => PENDING }],
    ['gives no answer', { observe: () => Promise.reject(new Error('no answer')) }],
    ['waits for a person', { observe: async (ctx) => (await ctx.wait('person', 5), REACHED) }],
    ['waits as the runbook says', { observe: async (ctx) => (await ctx.wait('own', 5), REACHED) }],
  ])('does not evaluate what %s: only a run waits', async (_, fake) => {
    const { seen, took } = await previewOf([gate('a')], { a: fake });
    expect(seen).toEqual({ refusals: [], notEvaluated: [{ step: 'a', title: 'a' }], warnings: [] });
    expect(took).toBe(0);
  });

  it('waits for AWS within a look, at most as long as a check may take', async () => {
    const waiting = (ms: number): Fake => ({ observe: async (ctx) => (await ctx.wait('aws', ms), REACHED) });
    const soon = await previewOf([gate('a')], { a: waiting(LIMITS.checkMs - 1) });
    expect([soon.seen.notEvaluated, soon.took]).toEqual([[], LIMITS.checkMs - 1]);
    const late = await previewOf([gate('a')], { a: waiting(LIMITS.checkMs + 1) });
    expect([late.seen.notEvaluated.length, late.took]).toEqual([1, LIMITS.checkMs]);
  });

  it('is no run: steps can know it, and when the outage began, as far as that was said', async () => {
    const previews: unknown[] = [];
    const asks = { observe: (ctx: StepContext) => (previews.push([ctx.preview, ctx.impactAt()]), REACHED) };
    await look([gate('a')], { a: asks }, preview);
    await look([gate('a')], { a: asks }, (parts) => assessOnly(parts, 1000));
    expect(previews).toEqual([[true, 77], [true, 77]]);
  });
});

describe('an assessment alone', () => {
  it('gives the facts of what only looks, makes no check, and waits for each look no longer than it may', async () => {
    const checked: string[] = [];
    const steps = [tinyStep('quick', { phase: 'assess' }), tinyStep('slow', { phase: 'assess' })];
    const { seen, took } = await look(
      steps,
      {
        quick: { check: () => (checked.push('quick'), { state: 'ok', because: '' }), observe: (ctx) => (ctx.record('quick', 1), REACHED) },
        slow: { observe: async (ctx) => (await ctx.wait('aws', 2000), ctx.record('slow', 1), REACHED) },
      },
      (parts) => assessOnly(parts, 1000),
    );
    expect([checked, [...seen.keys()], took]).toEqual([[], ['quick'], 1000]);
  });
});
