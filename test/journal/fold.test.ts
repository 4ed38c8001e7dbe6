import { describe, expect, it } from 'vitest';
import { JOURNAL_SCHEMA, type RunEvent } from '../../src/journal/events.ts';
import { fold, foldAll } from '../../src/journal/fold.ts';
import type { RunState } from '../../src/journal/state.ts';
import { chained, OPERATOR, RUN, started, T0 } from './fixture.ts';

const REFUSAL = { rule: 'rpo-gate', observed: 'lag 9 m', threshold: 'RPO 1m', consequence: 'loss', override: '--accept-data-loss 600s' };
const CALL = { service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', requestId: 'r-1', at: T0, ms: 20 };
const WAIT = { cause: 'aws', from: T0, to: T0 + 5 } as const;

function stateOf(...events: RunEvent[]): RunState {
  return foldAll(chained([started(), ...events]));
}

function stepOf(state: RunState, id = 'one') {
  return state.steps.get(id);
}

describe('fold', () => {
  it('run.started sets everything out', () => {
    const planning = { from: T0 - 900, to: T0 - 100, waits: [WAIT] };
    const git = { commit: 'abc', dirty: true };
    const state = foldAll(chained([started({ planning, git, impactAt: T0 - 60_000, endpoints: ['AWS_ENDPOINT_URL=http://127.0.0.1:1'] })]));
    expect(state).toMatchObject({
      run: RUN,
      term: 1,
      mode: 'live',
      operator: OPERATOR,
      resumedBy: [],
      planning,
      git,
      impactAt: T0 - 60_000,
      endpoints: ['AWS_ENDPOINT_URL=http://127.0.0.1:1'],
      startedAt: T0,
      lastAt: T0,
      interrupted: false,
      checksGreen: false,
      records: 1,
    });
    expect([...state.steps.keys()]).toEqual(['one', 'two', 'three']);
    expect(stepOf(state)).toEqual({
      id: 'one', state: 'waiting', check: 'none', warnings: [], because: '', attempts: 0, requests: 0, already: false, calls: [], callCount: 0, waits: [],
    });
    expect([...state.probes.values()]).toEqual([{ name: 'home-page', changes: [], samples: 0, failed: 0 }]);
    expect(state).not.toHaveProperty('outcome');
  });

  it('follows hash, time, term and number of the last record', () => {
    const records = chained([started(), { type: 'checks.green' }]);
    expect(foldAll(records)).toMatchObject({ records: 2, head: records[1]?.hash, lastAt: T0 + 1000, checksGreen: true });
  });

  it('checks: passed with warnings, refused, failed', () => {
    const state = stateOf(
      { type: 'check.passed', step: 'one', because: 'fine', warnings: ['but'] },
      { type: 'check.refused', step: 'two', refusal: REFUSAL },
      { type: 'check.failed', step: 'three', error: { code: 'AccessDenied', message: 'no' } },
    );
    expect(stepOf(state, 'one')).toMatchObject({ state: 'waiting', check: 'passed', because: 'fine', warnings: ['but'] });
    expect(stepOf(state, 'two')).toMatchObject({ state: 'waiting', check: 'refused', because: 'lag 9 m', refusal: REFUSAL });
    expect(stepOf(state, 'three')).toMatchObject({ state: 'waiting', check: 'failed', because: 'no', error: { code: 'AccessDenied' } });
  });

  it('a step from start to done, with facts, calls and waits', () => {
    const events: RunEvent[] = [
      { type: 'step.started', step: 'one' },
      { type: 'step.intent', step: 'one', attempt: 1, because: 'it is a replica' },
      { type: 'step.unclear', step: 'one', attempt: 1, error: { code: 'NoAnswer', message: 'lost' }, calls: [CALL] },
      { type: 'step.intent', step: 'one', attempt: 2, because: 'still a replica' },
      { type: 'step.acted', step: 'one', attempt: 2, calls: [CALL], facts: { 'change.one': 'C1' } },
      { type: 'step.done', step: 'one', already: false, because: 'promoted', facts: { 'rpo.orders': { boundMs: 5 } }, calls: [CALL, CALL], callCount: 70, waits: [WAIT] },
    ];
    const seen = events.map((_, i) => stepOf(stateOf(...events.slice(0, i + 1))));
    expect(seen.map((s) => [s?.state, s?.because])).toEqual([
      ['observing', ''],
      ['acting', 'requested, result not yet known (before it: it is a replica)'],
      ['observing', 'requested, result not yet known: lost'],
      ['acting', 'requested, result not yet known (before it: still a replica)'],
      ['verifying', 'the request was accepted, result not yet known'],
      ['done', 'promoted'],
    ]);
    expect(seen.at(-1)).toMatchObject({ attempts: 2, already: false, startedAt: T0 + 1000, endedAt: T0 + 6000, callCount: 70, calls: [CALL, CALL], waits: [WAIT] });
    // A fact of an act is kept before the step's end: a crash may come between.
    expect(stateOf(...events.slice(0, 5)).facts.get('change.one')).toBe('C1');
    expect(Object.fromEntries(stateOf(...events).facts)).toEqual({ 'change.one': 'C1', 'rpo.orders': { boundMs: 5 } });
  });

  it('ends of a step that are none: refused and failed', () => {
    const refused = stateOf({ type: 'step.started', step: 'one' }, { type: 'step.refused', step: 'one', refusal: REFUSAL, because: 'lag 9 m' });
    expect(stepOf(refused)).toMatchObject({ state: 'refused', refusal: REFUSAL, because: 'lag 9 m', endedAt: T0 + 2000 });
    const failed = stateOf({ type: 'step.started', step: 'one' }, { type: 'step.failed', step: 'one', error: { code: 'BUG', message: 'x' }, because: 'x', calls: [CALL] });
    expect(stepOf(failed)).toMatchObject({ state: 'failed', error: { code: 'BUG' }, callCount: 1, calls: [CALL] });
  });

  it('a call list that was not cut counts itself', () => {
    expect(stepOf(stateOf({ type: 'step.done', step: 'one', already: true, because: '', calls: [CALL] }))).toMatchObject({ callCount: 1, already: true });
  });

  it('probes: changes and summaries, and a flapping one does not fill the memory', () => {
    const change = (i: number): RunEvent => ({ type: 'probe.changed', probe: 'home-page', up: i % 2 === 0, status: i % 2 === 0 ? 200 : 0, address: '127.0.0.2', sampledAt: T0 + i });
    const flapping = Array.from({ length: 1200 }, (_, i) => change(i));
    const state = stateOf(
      ...flapping,
      { type: 'probe.summary', probe: 'home-page', samples: 40, failed: 3, lastUp: true },
      { type: 'probe.summary', probe: 'home-page', samples: 2, failed: 1, lastUp: true },
    );
    const probe = state.probes.get('home-page');
    expect(probe).toMatchObject({ samples: 42, failed: 4 });
    expect(probe?.changes).toHaveLength(1000);
    expect(probe?.changes[1]).toEqual({ at: T0 + 1, up: false, status: 0, address: '127.0.0.2' });
    const failing = stateOf({ type: 'probe.changed', probe: 'home-page', up: false, status: 503, error: 'status 503', sampledAt: T0 });
    expect(failing.probes.get('home-page')?.changes).toEqual([{ at: T0, up: false, status: 503, error: 'status 503' }]);
  });

  it('a resume keeps what was intended and requested: the line stays crossed, and an undo knows what to undo', () => {
    const intent: RunEvent = { type: 'step.intent', step: 'one', attempt: 1, because: 'it is a replica' };
    const acted: RunEvent = { type: 'step.acted', step: 'one', attempt: 1, calls: [] };
    const resumed: RunEvent = { type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } };
    expect(stepOf(stateOf(intent, acted, resumed))).toMatchObject({ state: 'waiting', attempts: 1, requests: 1, intendedAt: T0 + 1000, requestedAt: T0 + 2000 });
    const failed: RunEvent = { type: 'step.failed', step: 'one', error: { code: 'NoAnswer', message: 'x' }, because: 'x' };
    const again = stepOf(stateOf(intent, acted, failed, resumed));
    expect(again).toMatchObject({ state: 'waiting', intendedAt: T0 + 1000, requestedAt: T0 + 2000 });
    expect(again).not.toHaveProperty('error');
  });

  it('ends of a run', () => {
    expect(stateOf({ type: 'run.finished', outcome: 'succeeded' })).toMatchObject({ outcome: 'succeeded', endedAt: T0 + 1000, interrupted: false });
    expect(stateOf({ type: 'run.interrupted', signal: 'SIGINT' })).toMatchObject({ interrupted: true, endedAt: T0 + 1000 });
    const truth = { acknowledged: 9, lost: 1, lostSpanMs: 200, postgres: 'model' } as const;
    expect(stateOf({ type: 'lab.measured', truth }).lab).toEqual(truth);
  });

  it('resumed: what is done stays, everything else starts again, what was tried stays in the record', () => {
    const other = { ...OPERATOR, user: 'lee' };
    const state = stateOf(
      { type: 'check.passed', step: 'one', because: '' },
      { type: 'check.refused', step: 'three', refusal: REFUSAL },
      { type: 'checks.green' },
      { type: 'step.started', step: 'one' },
      { type: 'step.done', step: 'one', already: false, because: 'done', facts: { a: 1 } },
      { type: 'step.started', step: 'two' },
      { type: 'step.intent', step: 'two', attempt: 3, because: 'missing' },
      { type: 'step.failed', step: 'two', error: { code: 'X', message: 'no' }, because: 'no', calls: [CALL] },
      { type: 'run.finished', outcome: 'failed' },
      { type: 'run.resumed', operator: other, acceptances: { approvedBy: ['lee'] } },
    );
    expect(state).toMatchObject({ resumedBy: [other], operator: OPERATOR, acceptances: { approvedBy: ['lee'] }, checksGreen: false, interrupted: false });
    expect(state).not.toHaveProperty('outcome');
    expect(state).not.toHaveProperty('endedAt');
    expect(stepOf(state, 'one')).toMatchObject({ state: 'done', because: 'done' });
    expect(stepOf(state, 'two')).toMatchObject({ state: 'waiting', check: 'none', attempts: 3, calls: [CALL], startedAt: T0 + 6000 });
    expect(stepOf(state, 'two')).not.toHaveProperty('error');
    expect(stepOf(state, 'two')).not.toHaveProperty('endedAt');
    expect(stepOf(state, 'three')).not.toHaveProperty('refusal');
    expect(state.facts.get('a')).toBe(1);
  });

  it('pauses, and the way back', () => {
    const acted: RunEvent[] = [
      { type: 'step.started', step: 'one' },
      { type: 'step.intent', step: 'one', attempt: 1, because: 'missing' },
      { type: 'step.done', step: 'one', already: false, because: 'made' },
      { type: 'step.started', step: 'two' },
      { type: 'step.paused', step: 'two', because: 'a person is needed' },
    ];
    expect(stepOf(stateOf(...acted), 'two')).toMatchObject({ state: 'paused', because: 'a person is needed', endedAt: T0 + 5000 });
    const back: RunEvent[] = [
      { type: 'undo.started', because: 'aborted by a person' },
      { type: 'undo.intent', step: 'one' },
      { type: 'undo.done', step: 'one', because: 'as it was before', calls: [CALL] },
      { type: 'undo.failed', step: 'two', error: { code: 'NOT_UNDONE', message: 'gone' } },
      { type: 'run.finished', outcome: 'aborted' },
    ];
    const state = stateOf(...acted, ...back);
    expect(state).toMatchObject({ outcome: 'aborted', leadingBack: { because: 'aborted by a person' } });
    expect(stepOf(state, 'one')).toMatchObject({ state: 'undone', because: 'as it was before', calls: [CALL] });
    expect(stepOf(state, 'two')?.notUndone).toMatchObject({ code: 'NOT_UNDONE' });
    // What was rolled back is not run again by a resume.
    expect(stepOf(stateOf(...acted, ...back.slice(0, 3), { type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } }), 'one')?.state).toBe('undone');
  });

  it('takes the beginning of the outage from anyone who says it last', () => {
    const seen = started({ impactAt: T0, impactSource: 'first failed probe' });
    const again = (more: object) => foldAll(chained([seen, { type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] }, ...more }]));
    expect(again({})).toMatchObject({ impactAt: T0, impactSource: 'first failed probe' });
    expect(again({ impactAt: T0 - 60_000 })).toMatchObject({ impactAt: T0 - 60_000 });
    expect(again({ impactAt: T0 - 60_000 })).not.toHaveProperty('impactSource');
  });

  it('what was not given is not there: a report must not show an empty fact as one', () => {
    const bare = foldAll(chained([started()]));
    for (const key of ['git', 'fleet', 'planning', 'impactAt', 'impactSource']) expect(bare).not.toHaveProperty(key);
    expect(bare).not.toHaveProperty('initiatorKeys');
    const fleet = { id: 'F1', region: 'ap-northeast-1', members: [{ name: 'shop', path: 'runbooks/shop.yaml', sha256: 'ab', needs: [], follows: [] }] };
    const full = foldAll(chained([started({ fleet, impactAt: T0, impactSource: 'probe', initiatorKeys: ['SHA256:abc'] })]));
    expect(full).toMatchObject({ fleet, impactAt: T0, impactSource: 'probe', initiatorKeys: ['SHA256:abc'] });
    const change = stateOf({ type: 'probe.changed', probe: 'home-page', up: true, status: 200, sampledAt: T0 }).probes.get('home-page')?.changes[0];
    expect(Object.keys(change ?? {})).toEqual(['at', 'up', 'status']);
    expect(stepOf(stateOf({ type: 'check.passed', step: 'one', because: '' }))?.warnings).toEqual([]);
  });

  it('a guard that was not reached by the end', () => {
    const state = stateOf({ type: 'step.started', step: 'one' }, { type: 'step.unmet', step: 'one', because: 'the region did not answer again' });
    expect(stepOf(state)).toMatchObject({ state: 'unmet', because: 'the region did not answer again', endedAt: T0 + 2000, calls: [], callCount: 0 });
    expect(stepOf(state)).not.toHaveProperty('error');
  });

  it('when a step first intended to act, and when AWS was first asked: the oldest counts, and an undo clears both', () => {
    const tried: RunEvent[] = [
      { type: 'step.started', step: 'one' },
      { type: 'step.intent', step: 'one', attempt: 1, because: 'missing', facts: { before: ['sg-1'] } },
      { type: 'step.unclear', step: 'one', attempt: 1, error: { code: 'NoAnswer', message: 'lost' }, calls: [] },
      { type: 'step.intent', step: 'one', attempt: 2, because: 'missing' },
      { type: 'step.acted', step: 'one', attempt: 2, calls: [] },
    ];
    const state = stateOf(...tried);
    expect(stepOf(state)).toMatchObject({ intendedAt: T0 + 2000, requestedAt: T0 + 3000 });
    // What an undo needs is there although the act was never answered.
    expect(stateOf(...tried.slice(0, 2)).facts.get('before')).toEqual(['sg-1']);
    expect(stepOf(stateOf(...tried.slice(0, 2), { type: 'step.acted', step: 'one', attempt: 1, calls: [] }))).toMatchObject({ requestedAt: T0 + 3000 });
    const back: RunEvent[] = [
      { type: 'undo.started', because: 'refused' },
      { type: 'undo.intent', step: 'one' },
      { type: 'undo.failed', step: 'one', error: { code: 'X', message: 'no' }, calls: [CALL] },
      { type: 'undo.done', step: 'one', because: 'as before', facts: { 'fence.orders': { verdict: 'undone' } } },
    ];
    expect(stepOf(stateOf(...tried, ...back.slice(0, 2)))).toEqual(stepOf(state));
    expect(stepOf(stateOf(...tried, ...back.slice(0, 3)))).toMatchObject({ notUndone: { code: 'X' }, calls: [CALL], state: 'verifying' });
    const undone = stateOf(...tried, ...back);
    for (const key of ['intendedAt', 'requestedAt', 'notUndone']) expect(stepOf(undone)).not.toHaveProperty(key);
    expect(stepOf(undone)?.calls).toEqual([CALL]);
    expect(undone.facts.get('fence.orders')).toEqual({ verdict: 'undone' });
  });

  it('rolled back by a person, after an interruption: the run is open again, and says by whom', () => {
    const led = stateOf({ type: 'run.interrupted', signal: 'SIGINT' }, { type: 'undo.started', because: 'dr abort', operator: OPERATOR });
    expect(led).toMatchObject({ interrupted: false, leadingBack: { at: T0 + 2000, because: 'dr abort', by: OPERATOR } });
    expect(led).not.toHaveProperty('endedAt');
    const itself = stateOf({ type: 'run.finished', outcome: 'failed' }, { type: 'undo.started', because: 'a step failed' });
    expect(itself.leadingBack).toEqual({ at: T0 + 2000, because: 'a step failed' });
    expect(itself).not.toHaveProperty('outcome');
    const failed = stateOf({ type: 'undo.started', because: 'x' }, { type: 'undo.failed', step: 'one', error: { code: 'X', message: 'no' } });
    expect(stepOf(failed)?.calls).toEqual([]);
    const done = stateOf({ type: 'undo.started', because: 'x' }, { type: 'undo.done', step: 'one', because: 'y' });
    expect(stepOf(done)?.calls).toEqual([]);
  });

  it('the whole at once equals one record after another', () => {
    const records = chained([
      started(),
      { type: 'probe.changed', probe: 'home-page', up: false, status: 0, sampledAt: T0 },
      { type: 'check.passed', step: 'one', because: 'ok' },
      { type: 'checks.green' },
      { type: 'step.started', step: 'one' },
      { type: 'step.intent', step: 'one', attempt: 1, because: 'missing' },
      { type: 'run.interrupted', signal: 'SIGTERM' },
      { type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } },
      { type: 'step.done', step: 'one', already: true, because: 'there', facts: { f: [1, 2] } },
      { type: 'probe.summary', probe: 'home-page', samples: 9, failed: 9, lastUp: false },
      { type: 'run.finished', outcome: 'succeeded' },
    ]);
    let state: RunState | undefined;
    for (const record of records) state = fold(state, record);
    expect(state).toEqual(foldAll(records));
    // And from a file, where undefined does not survive.
    expect(foldAll(JSON.parse(JSON.stringify(records)) as typeof records)).toEqual(state);
  });

  it('refuses what cannot be: an empty journal, another first record, a second start, names that the plan lacks', () => {
    expect(() => foldAll([])).toThrow('the journal is empty');
    expect(() => foldAll(chained([{ type: 'checks.green' }]))).toThrow('a journal starts with run.started, not checks.green');
    expect(() => stateOf(started())).toThrow('a journal holds one run.started');
    expect(() => stateOf({ type: 'step.started', step: 'four' })).toThrow('the journal names a step that its plan lacks: four');
    expect(() => stateOf({ type: 'probe.summary', probe: 'nobody', samples: 1, failed: 0, lastUp: true })).toThrow('the journal names a probe that its plan lacks: nobody');
  });
});

describe('journals of other versions', () => {
  it('of this one and of older ones, which name none, are read; a newer one is refused by name', () => {
    for (const parts of [{}, { journal: JOURNAL_SCHEMA }]) expect(foldAll(chained([started(parts)])).run).toBe(RUN);
    expect(() => foldAll(chained([started({ journal: 'dr.journal/2' })]))).toThrow(`The journal of run ${RUN} has the version dr.journal/2; this version of dr reads dr.journal/1.`);
  });

  it('a type of record that is not known is no step that has failed', () => {
    const unknown = { type: 'step.postponed', step: 'one', because: 'b' } as unknown as RunEvent;
    expect(() => foldAll(chained([started(), unknown]))).toThrow('the journal holds a record that is not known here: step.postponed');
  });
});
