import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/journal/events.ts';
import { foldAll, isNote } from '../../src/journal/fold.ts';
import type { RunState } from '../../src/journal/state.ts';
import { chained, RUN, started, T0 } from './fixture.ts';

const BY = { user: 'kim', host: 'ops-1' };
const ISSUE = { title: 'the group was too small', owner: 'kim', due: '2026-12-01' };

function stateOf(...events: RunEvent[]): RunState {
  return foldAll(chained([started(), ...events]));
}

const FINISHED: RunEvent = { type: 'run.finished', outcome: 'failed' };
const note = (event: object): RunEvent => ({ ...event, by: BY, outcome: 'failed' }) as unknown as RunEvent;

describe('what people write after the end', () => {
  it('issues are numbered, and one is closed by its number, with who, when and how', () => {
    const added = [note({ type: 'issue.added', issue: ISSUE }), note({ type: 'issue.added', issue: { ...ISSUE, title: 'second' } })];
    expect(stateOf(FINISHED, ...added).issues).toEqual([{ ...ISSUE, number: 1, at: T0 + 2000, by: BY }, { ...ISSUE, title: 'second', number: 2, at: T0 + 3000, by: BY }]);
    const [first, second] = stateOf(FINISHED, ...added, note({ type: 'issue.closed', number: 2, note: 'enlarged' })).issues;
    expect(first).not.toHaveProperty('closed');
    expect(second).toMatchObject({ title: 'second', number: 2, closed: { at: T0 + 4000, by: BY, note: 'enlarged' } });
  });

  it('the beginning of the outage, and who stated it', () => {
    expect(stateOf(FINISHED, note({ type: 'impact.stated', impactAt: T0 - 60_000 }))).toMatchObject({ impactAt: T0 - 60_000, impactSource: 'dr report --impact-at, by kim@ops-1' });
  });

  it('a signature stands for all records before it', () => {
    const before = stateOf(FINISHED);
    const state = stateOf(FINISHED, note({ type: 'run.signed', text: 'statement', signature: 'sig' }));
    expect(state.signatures).toEqual([{ text: 'statement', signature: 'sig', at: T0 + 2000, by: BY, before: { head: before.head, records: 2, outcome: 'failed' } }]);
  });

  it('leaves the run as it ended: its last time is that of its end', () => {
    for (const one of [note({ type: 'issue.added', issue: ISSUE }), note({ type: 'issue.closed', number: 1, note: '' }), note({ type: 'impact.stated', impactAt: T0 }), note({ type: 'run.signed', text: '', signature: '' })]) {
      const state = stateOf(FINISHED, one);
      expect(state).toMatchObject({ outcome: 'failed', endedAt: T0 + 1000, lastAt: T0 + 1000, notedAt: T0 + 2000, records: 3 });
      expect(chained([started(), one]).map(isNote)).toEqual([false, true]);
    }
    expect(stateOf()).toMatchObject({ issues: [], signatures: [] });
  });
});

describe('an intent without a request', () => {
  const begun: RunEvent[] = [
    { type: 'step.started', step: 'one' },
    { type: 'step.intent', step: 'one', attempt: 1, because: 'missing' },
  ];
  const unsent: RunEvent = { type: 'step.unclear', step: 'one', attempt: 1, error: { code: 'OLD', message: 'decisions are old' }, calls: [], unsent: true };
  const stepOf = (...events: RunEvent[]) => stateOf(...events).steps.get('one');

  it('is none: neither intended nor requested', () => {
    const step = stepOf(...begun, unsent);
    expect(step).toMatchObject({ state: 'observing', requests: 0, because: 'nothing was changed: decisions are old' });
    for (const key of ['intendedAt', 'requestedAt']) expect(step).not.toHaveProperty(key);
  });

  it('leaves what was intended before it, and may have been made', () => {
    const lost: RunEvent = { type: 'step.unclear', step: 'one', attempt: 1, error: { code: 'NoAnswer', message: 'lost' }, calls: [] };
    const again: RunEvent = { type: 'step.intent', step: 'one', attempt: 2, because: 'missing' };
    expect(stepOf(...begun, lost, again)).toMatchObject({ requests: 2 });
    expect(stepOf(...begun, lost, again, unsent)).toMatchObject({ requests: 1, intendedAt: T0 + 2000, requestedAt: T0 + 3000 });
  });

  it('is none where AWS refused it; a clear refusal after a request leaves that', () => {
    const failed: RunEvent = { type: 'step.failed', step: 'one', error: { code: 'AccessDenied', message: 'no' }, because: 'no', unsent: true };
    const lost: RunEvent = { type: 'step.unclear', step: 'one', attempt: 1, error: { code: 'NoAnswer', message: 'lost' }, calls: [] };
    const again: RunEvent = { type: 'step.intent', step: 'one', attempt: 2, because: 'missing' };
    expect(stepOf(...begun, failed)).not.toHaveProperty('intendedAt');
    expect(stepOf(...begun, lost, again, failed)).toMatchObject({ state: 'failed', requests: 1, intendedAt: T0 + 2000 });
  });

  it('is none where the step was refused instead; a refusal after a request leaves it', () => {
    const refusal = { rule: 'decision-age', observed: 'old', threshold: '5m', consequence: 'c', override: 'dr resume' };
    const refused = (more: object): RunEvent => ({ type: 'step.refused', step: 'one', refusal, because: 'old', ...more });
    expect(stepOf(...begun, refused({ unsent: true }))).toMatchObject({ state: 'refused', requests: 0, refusal });
    expect(stepOf(...begun, refused({ unsent: true }))).not.toHaveProperty('intendedAt');
    expect(stepOf(...begun, refused({}))).toMatchObject({ state: 'refused', requests: 1, intendedAt: T0 + 2000 });
  });
});

describe('what a step said last', () => {
  const stepOf = (...events: RunEvent[]) => stateOf(...events).steps.get('one');

  it('a silent end changes the reason alone', () => {
    expect(stepOf({ type: 'step.started', step: 'one' }, { type: 'step.silent', step: 'one', because: 'nothing yet' })).toMatchObject({ state: 'observing', because: 'nothing yet' });
  });

  it('an answer is kept with its time, and a check of a resume does not cover it', () => {
    const done = stepOf({ type: 'step.started', step: 'one' }, { type: 'step.failed', step: 'one', error: { code: 'X', message: 'no' }, because: 'it said no' });
    expect(done?.answer).toEqual({ because: 'it said no', at: T0 + 2000 });
    expect(stepOf({ type: 'step.done', step: 'one', already: false, because: '' })).not.toHaveProperty('answer');
    const checked: RunEvent = { type: 'check.passed', step: 'one', because: 'fine' };
    expect(stepOf({ type: 'step.paused', step: 'one', because: 'a person' }, checked)?.because).toBe('a person');
    expect(stepOf(checked)?.because).toBe('fine');
  });

  it('simulated is said where it was, and nowhere else', () => {
    expect(stepOf({ type: 'step.done', step: 'one', already: false, because: 'b', simulated: true })?.simulated).toBe(true);
    expect(stepOf({ type: 'step.done', step: 'one', already: false, because: 'b' })).not.toHaveProperty('simulated');
  });

  it('of a newer journal it is said which version has begun it, and what to do', () => {
    expect(() => foldAll(chained([started({ journal: 'dr.journal/2' })]))).toThrow(
      expect.objectContaining({ code: 'JOURNAL_OF_OTHER_VERSION', exit: 'journal', detail: 'It was begun by dr 0.1.0.', next: ['use the version of dr that began it'] }) as Error,
    );
    expect(stateOf().run).toBe(RUN);
  });

  it('nobody is named by whom a run rolled itself back', () => {
    const back = stateOf({ type: 'undo.started', because: 'a step failed' }).leadingBack;
    expect(Object.keys(back ?? {})).toEqual(['at', 'because']);
  });
});
