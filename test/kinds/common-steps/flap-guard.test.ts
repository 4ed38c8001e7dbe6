import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

describe('run.flap-guard', () => {
  const clock = new VirtualClock();
  const last = { run: 'R', verb: 'failover', source: SEOUL, target: TOKYO, at: clock.now() - 60_000, by: 'kim@host', changed: [] };
  const guard = (complete: boolean) => stepOf('run.flap-guard', { windowMs: 3_600_000 }, { clock, effects: { history: { moves: () => Promise.resolve([{ ...last, complete }]), madeBy: () => Promise.resolve(undefined) } } });

  it('refuses the same move once more when the last one came to its end: something moved it back meanwhile', async () => {
    expect(await (await guard(true)).check()).toMatchObject({ state: 'refused', refusal: { rule: 'flap-guard', ageMs: 60_000 } });
    expect(await (await guard(false)).check()).toMatchObject({ state: 'ok' });
  });

  it('refuses where nothing is known of other runs', async () => {
    const step = await stepOf('run.flap-guard', { windowMs: 60_000 }, { effects: { history: undefined } });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { observed: 'the runs of the last 1m cannot be read: nothing is known of other runs' } });
  });

  const asked = async (move: object | undefined, flap?: string, what: 'check' | 'observe' = 'check') => {
    const since: number[] = [];
    const moves = (from: number) => {
      since.push(from);
      return Promise.resolve(move === undefined ? [] : [{ ...last, complete: false, ...move }]);
    };
    const step = await stepOf('run.flap-guard', { windowMs: 3_600_000 }, { clock, effects: { history: { moves, madeBy: () => Promise.resolve(undefined) } }, acceptances: flap === undefined ? {} : { flap } });
    const answer = await step[what]();
    expect(since).toEqual([clock.now() - 3_600_000]);
    return answer;
  };

  it('lets pass what has not moved, in check and when its turn comes', async () => {
    expect(await asked(undefined)).toEqual({ state: 'ok', because: 'no run has moved shop within 1h' });
    expect(await asked(undefined, undefined, 'observe')).toEqual({ state: 'reached', because: 'no run has moved shop within 1h' });
  });

  it('lets the same move be started again that did not come to its end, and no other', async () => {
    expect(await asked({})).toEqual({ state: 'ok', because: `R moved shop from ${SEOUL} to ${TOKYO} and did not come to its end: this run continues it` });
    expect(await asked({ source: 'ap-northeast-3' })).toMatchObject({ state: 'refused' });
    expect(await asked({ target: 'ap-northeast-3' })).toMatchObject({ state: 'refused' });
  });

  it('lets pass what a named person acknowledges, and says who', async () => {
    expect(await asked({ complete: true }, 'kim')).toEqual({ state: 'ok', because: `R moved shop from ${SEOUL} to ${TOKYO} 1m ago, acknowledged by kim` });
    const unknown = await stepOf('run.flap-guard', { windowMs: 3_600_000 }, { effects: { history: undefined }, acceptances: { flap: 'kim' } });
    expect(await unknown.check()).toEqual({ state: 'ok', because: 'whether it moved within 1h cannot be known, acknowledged by kim' });
  });
});
