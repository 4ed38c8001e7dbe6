import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Json } from '../../../src/base/json.ts';
import { acting, checkFrame, fill, fillJson, frame, reversibilityOf } from '../../../src/kinds/own-steps/frame.ts';
import { type Ending, envOf, named, oncePart, ranOnce } from '../../../src/kinds/own-steps/run-once.ts';
import { said } from '../../../src/kinds/own-steps/said.ts';
import type { StepContext, StepKind, Verdict } from '../../../src/model/step.ts';

/* What all custom steps have in common: where they may stand, that they run once, and what is kept of what they said. */

describe('the frame', () => {
  const schema = z.strictObject({ kind: z.literal('x'), ...frame, ...acting, undo: z.string().optional() }).superRefine(checkFrame);
  const issues = (step: object) => schema.safeParse({ kind: 'x', limit: '5s', ...step }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  const BACK = 'cannot be taken back, and stands before the point of no return: give it an undo, say `changes: nothing`, or put it after data';
  const EARLY = 'before: nothing is changed before the assessment is over: say `changes: nothing`, or put it after assess';

  it.each([
    ['nowhere', {}, [': stands nowhere: add before: or after: and a phase']],
    ['twice', { before: 'traffic', after: 'data' }, ['after: stands before one phase and after another: choose one']],
    ['with an undo of nothing', { after: 'data', changes: 'nothing', undo: 'x' }, ['undo: it changes nothing, so there is nothing to undo: choose one']],
    ['before the assessment, and changes something', { before: 'assess' }, [EARLY]],
    ['before the assessment, with an undo', { before: 'assess', undo: 'x' }, [EARLY]],
    ['before the assessment, and changes nothing', { before: 'assess', changes: 'nothing' }, []],
    ...(['assess', 'fence', 'compute'] as const).map((after) => [`after ${after}`, { after }, [`after: ${BACK}`]] as const),
    ...(['fence', 'compute', 'data'] as const).map((before) => [`before ${before}`, { before }, [`before: ${BACK}`]] as const),
    ...(['traffic', 'verify', 'protect'] as const).map((before) => [`before ${before}`, { before }, []] as const),
    ...(['data', 'traffic', 'verify', 'protect'] as const).map((after) => [`after ${after}`, { after }, []] as const),
    ['after the fence, with an undo', { after: 'fence', undo: 'x' }, []],
    ['after the fence, and changes nothing', { after: 'fence', changes: 'nothing' }, []],
  ] as [string, object, string[]][])('a step that stands %s', (_what, step, expected) => {
    expect(issues(step)).toEqual(expected);
  });

  it.each([
    ['compensable', { undo: 'x' }],
    ['compensable', { undo: 'x', changes: 'nothing' }],
    ['reversible', { changes: 'nothing' }],
    ['point-of-no-return', {}],
  ] as const)('is %s: %o', (reversibility, step) => {
    expect(reversibilityOf(step)).toBe(reversibility);
  });

  const ctx = { source: 'S', target: 'T', runbook: 'R', verb: 'failover' } as const;
  it('fills four words into texts, at any depth of JSON, and into nothing else', () => {
    expect(fill('{target}{source}-{runbook}/{verb} {Target} {other} {"a":1} {target}', ctx)).toBe('TS-R/failover {Target} {other} {"a":1} T');
    const value = { '{target}': ['{target}', 1, null, true, { a: '{source}' }] };
    expect(fillJson(value, ctx)).toEqual({ '{target}': ['T', 1, null, true, { a: 'S' }] });
    expect(fillJson({ a: undefined }, ctx)).toEqual({ a: null });
  });
});

describe('a step that runs once', () => {
  const P = { name: 'job', limitMs: 1_000, repeatable: false };
  const MAY = ['look whether it has happened, then one of:', 'dr resume RUN --done job    it has happened', 'dr resume RUN --again job    it has not, or may happen twice'];

  interface At {
    params?: object;
    own?: Record<string, Json>;
    attempt?: number;
    done?: string[];
    again?: string[];
    env?: Record<string, string>;
    run?: () => Promise<Ending>;
    undo?: () => Promise<Ending | undefined>;
    check?: () => Promise<Verdict>;
  }

  function once({ params = {}, own = {}, attempt = 0, done, again, env = {}, run, undo, check }: At = {}) {
    const kind = ranOnce({ params: z.looseObject(oncePart), run: run ?? (() => Promise.resolve({ state: 'done', said: 'ok' })), undo: undo ?? (() => Promise.resolve(undefined)), ...(check === undefined ? {} : { check }) }) as unknown as StepKind<Json>;
    const facts: Record<string, Json> = Object.fromEntries(Object.entries(own).map(([name, value]) => [`own.${name}`, value]));
    const acceptances = { approvedBy: [], ...(done === undefined ? {} : { done }), ...(again === undefined ? {} : { again }) };
    const ctx = { runbook: 'shop', operator: 'kim', attempt, acceptances, effects: { env: (name: string) => env[name] }, fact: (name: string) => facts[name], record: (name: string, value: Json) => void (facts[name] = value) } as unknown as StepContext;
    const p = { ...P, ...params };
    return { facts, kind, observe: () => kind.observe(ctx, p), act: async () => kind.act?.(ctx, p), check: async () => kind.check(ctx, p), undo: async () => kind.undo?.(ctx, p) };
  }
  const ended = (attempt: number, ok: boolean) => ({ job: { attempt, ok, said: 'it said so' } });
  const absent = (because: string) => ({ state: 'absent', because });

  it.each([
    ['not run', {}, absent('not run')],
    ['ended well', { own: ended(1, true), attempt: 3 }, { state: 'reached', because: 'it said so' }],
    ['failed, and is tried again', { own: ended(1, false), attempt: 1 }, absent('failed before: it said so')],
    ['failed before an attempt was counted', { own: ended(0, false) }, absent('not run')],
    ['began and left nothing', { attempt: 1 }, { state: 'impossible', because: 'attempt 1 may have run, and nobody knows', next: MAY }],
    ['failed once, and began again and left nothing', { own: ended(1, false), attempt: 2 }, { state: 'impossible', because: 'attempt 2 may have run, and nobody knows', next: MAY }],
    ['does no harm twice', { attempt: 1, params: { repeatable: true } }, absent('it may have run; the runbook says that it does no harm twice')],
    ['may run again, as a person says', { attempt: 1, again: ['job'] }, absent('it may have run; kim says --again job')],
    ['of this runbook may', { attempt: 1, again: ['other', 'shop:job'] }, absent('it may have run; kim says --again job')],
    ['of another runbook may', { attempt: 1, again: ['other:job'] }, { state: 'impossible', because: 'attempt 1 may have run, and nobody knows', next: MAY }],
    ['done, as a person says', { attempt: 1, done: ['job'] }, { state: 'reached', because: 'done, as kim says with --done job' }],
    ['done, as a person says before it ran', { done: ['shop:job'] }, { state: 'reached', because: 'done, as kim says with --done job' }],
    ['done, and its own end is said', { own: ended(1, true), done: ['job'] }, { state: 'reached', because: 'it said so' }],
  ] as [string, At, object][])('%s', async (_what, at, seen) => {
    expect(await once(at).observe()).toEqual(seen);
  });

  it('keeps how it ended', async () => {
    const good = once({ attempt: 2 });
    await good.act();
    expect(good.facts).toEqual({ 'own.job': { attempt: 2, ok: true, said: 'ok' } });
    const bad = once({ attempt: 1, run: () => Promise.resolve({ state: 'failed', said: 'no disk' }) });
    await expect(bad.act()).rejects.toMatchObject({ code: 'OWN_STEP_FAILED', exit: 'failed', message: 'no disk', next: ['mend the cause, then: dr resume', 'or do it by hand, then: dr resume RUN --done job'] });
    expect(bad.facts).toEqual({ 'own.job': { attempt: 1, ok: false, said: 'no disk' } });
  });

  it('keeps nothing where nobody knows how it ended', async () => {
    const run = () => Promise.resolve({ state: 'unknown', said: 'no answer' } as const);
    const step = once({ run });
    await expect(step.act()).rejects.toMatchObject({ code: 'OWN_STEP_UNKNOWN', exit: 'failed', message: 'no answer: it may have happened.', next: MAY });
    const again = once({ run, params: { repeatable: true } });
    await expect(again.act()).rejects.toMatchObject({ name: 'DeadlineError', ms: 1_000, message: 'job: no answer: no answer within 1000 ms' });
    const broken = once({ run: () => Promise.reject(new Error('broken')) });
    await expect(broken.act()).rejects.toThrow('broken');
    expect([step.facts, again.facts, broken.facts]).toEqual([{}, {}, {}]);
  });

  it('has five seconds more than its limit, so that its own end is seen', () => {
    expect(once().kind.actMs?.(P)).toBe(6_000);
  });

  describe('is checked', () => {
    const env = { params: { env: ['A', 'B', 'C'] } };
    it('for what it needs', async () => {
      expect(await once().check()).toEqual({ state: 'ok', because: 'what it needs is there' });
      expect(await once({ ...env, env: { A: '', B: 'x', C: 'y' } }).check()).toEqual({ state: 'ok', because: 'what it needs is there' });
      expect(await once({ ...env, env: { B: 'x' } }).check()).toEqual({ state: 'refused', refusal: {
        rule: 'own-step', observed: 'A and C not set', threshold: 'the environment variables that the custom step job names', consequence: 'job could not run when its turn comes', override: 'export A=… C=…, or --done job if it is done already',
      } });
    });

    it('by its own check, unless a person says that it is done', async () => {
      const check = () => Promise.resolve({ state: 'ok', because: 'its own' } as const);
      expect(await once({ check }).check()).toEqual({ state: 'ok', because: 'its own' });
      expect(await once({ check, ...env, done: ['job'] }).check()).toEqual({ state: 'ok', because: '--done job' });
      expect(await once({ check, ...env }).check()).toMatchObject({ state: 'refused' });
    });
  });

  it('is undone, or fails to be', async () => {
    const none = once();
    await none.undo();
    expect(none.facts).toEqual({});
    const good = once({ undo: () => Promise.resolve({ state: 'done', said: 'back' }) });
    await good.undo();
    expect(good.facts).toEqual({ 'own.job.undone': 'back' });
    for (const state of ['failed', 'unknown'] as const) {
      const bad = once({ undo: () => Promise.resolve({ state, said: 'stuck' }) });
      await expect(bad.undo()).rejects.toMatchObject({ code: 'OWN_UNDO_FAILED', exit: 'failed', message: 'stuck' });
      expect(bad.facts).toEqual({});
    }
  });

  it('is named by itself or with its runbook; variables that are not set are empty', () => {
    expect([undefined, [], ['job'], ['shop:job'], ['other:job'], ['jobs']].map((list) => named(list, { runbook: 'shop' }, 'job'))).toEqual([false, false, true, true, false, false]);
    const ctx = { effects: { env: (name: string) => (name === 'A' ? 'x' : undefined) } } as unknown as StepContext;
    expect(envOf(ctx, ['A', 'B'])).toEqual({ A: 'x', B: '' });
  });
});

describe('what is kept of what it said', () => {
  const head = { keep: 'head' } as const;
  const tail = { keep: 'tail' } as const;

  it('is bounded, from the end that matters', () => {
    const text = `${'a'.repeat(1_999)}bc`;
    expect(said(text.slice(1), {}, head)).toBe(text.slice(1));
    expect(said(text, {}, head)).toBe(`${text.slice(0, 2_000)}…`);
    expect(said(text, {}, tail)).toBe(`…${text.slice(1)}`);
  });

  it('has no secret, nothing invisible, and no space around it', () => {
    expect(said('  token=hunter2-x\u001b[31m red \n', { TOKEN: 'hunter2-x' }, head)).toBe('token=[TOKEN] red');
  });

  it('loses as much at a cut as a part of a secret could be there', () => {
    // The longest form of four bytes has 52 characters.
    const secrets = { TOKEN: 'abcd' };
    const text = `${'1'.repeat(52)}middle${'2'.repeat(52)}`;
    expect(said(text, secrets, head)).toBe(text);
    expect(said(text, secrets, { ...head, cutAtStart: true })).toBe(`middle${'2'.repeat(52)}`);
    expect(said(text, secrets, { ...head, cutAtEnd: true })).toBe(`${'1'.repeat(52)}middle`);
    expect(said(text, secrets, { ...head, cutAtStart: true, cutAtEnd: true })).toBe('middle');
    expect(said('short', secrets, { ...head, cutAtStart: true, cutAtEnd: true })).toBe('');
    expect(said('short', secrets, { ...head, cutAtEnd: true })).toBe('');
    expect(said('short', {}, { ...head, cutAtEnd: true })).toBe('short');
  });
});
