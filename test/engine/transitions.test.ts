import { describe, expect, it } from 'vitest';
import { END_STATES, type StepEvent, transition, TRANSITIONS } from '../../src/engine/transitions.ts';
import type { StepState } from '../../src/journal/state.ts';

const STATES = [...new Set(TRANSITIONS.flatMap((row) => [row.from, row.to]))];
const EVENTS = [...new Set(TRANSITIONS.map((row) => row.on))];
const from = (state: StepState) => TRANSITIONS.filter((row) => row.from === state);

/** States that one can get to from a state, itself included. */
function reachable(start: StepState): Set<StepState> {
  const seen = new Set<StepState>([start]);
  for (const state of seen) for (const row of from(state)) seen.add(row.to);
  return seen;
}

describe('the table of transitions', () => {
  it('has one row for each state and event', () => {
    const keys = TRANSITIONS.map((row) => `${row.from}/${row.on}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const row of TRANSITIONS) expect(transition(row.from, row.on)).toBe(row);
  });

  it('says of each row why', () => {
    for (const row of TRANSITIONS) expect(row.why, `${row.from}/${row.on}`).toMatch(/^\S.+\S$/);
  });

  it('reaches every state from waiting', () => {
    expect(reachable('waiting')).toEqual(new Set(STATES));
  });

  it('leads from every state to done, and to failed, unless it is an end', () => {
    for (const state of STATES.filter((s) => !END_STATES.has(s))) {
      expect(reachable(state), state).toContain('done');
      expect(reachable(state), state).toContain('failed');
    }
  });

  it('leaves no end, and enters each with a journal record', () => {
    for (const end of END_STATES) {
      expect(from(end)).toEqual([]);
      const into = TRANSITIONS.filter((row) => row.to === end);
      expect(into.length).toBeGreaterThan(0);
      for (const row of into) expect(row.journal).toBe(`step.${end}`);
    }
  });

  it('journals every change of state; of a further change the intent, a look later', () => {
    for (const row of TRANSITIONS) expect(row.journal !== undefined, `${row.from}/${row.on}`).toBe(row.from !== row.to && row.on !== 'further');
  });

  it('ends every wait in a state when the time is up: in each that can continue as it is', () => {
    const waiting = STATES.filter((state) => from(state).some((row) => row.to === state));
    expect(waiting.sort()).toEqual(['observing', 'verifying']);
    for (const state of waiting) expect(transition(state, 'time-up')).toMatchObject({ to: 'failed', journal: 'step.failed' });
  });

  it('acts only from observing, after an intent that is durable', () => {
    const into = TRANSITIONS.filter((row) => row.to === 'acting');
    expect(into).toMatchObject([{ from: 'observing', on: 'absent', journal: 'step.intent' }]);
  });

  it('does not act again without having looked', () => {
    // Without the state observing there is no way from acting back to acting.
    const seen = new Set<StepState>(from('acting').map((row) => row.to));
    seen.delete('observing');
    for (const state of seen) for (const row of from(state)) if (row.to !== 'observing') seen.add(row.to);
    expect(seen).not.toContain('acting');
  });

  it('throws for what has no row, and never moves then', () => {
    const missing = STATES.flatMap((state) => EVENTS.filter((on) => !TRANSITIONS.some((r) => r.from === state && r.on === on)).map((on) => [state, on] as const));
    expect(missing).toContainEqual(['waiting', 'acted']);
    expect(missing).toContainEqual(['acting', 'time-up']);
    for (const [state, on] of missing) {
      expect(() => transition(state, on), `${state}/${on}`).toThrow(`a step that is ${state} cannot take the event ${on}`);
    }
    expect(() => transition('done', 'no-such-event' as StepEvent)).toThrow('a step that is done cannot take the event no-such-event');
  });
});
