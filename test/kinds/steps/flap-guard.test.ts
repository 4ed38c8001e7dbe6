import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

describe('run.flap-guard', () => {
  const clock = new VirtualClock();
  const last = { run: 'R', verb: 'failover', source: SEOUL, target: TOKYO, at: clock.now() - 60_000, by: 'kim@host' };
  const guard = (complete: boolean) => stepOf('run.flap-guard', { windowMs: 3_600_000 }, { clock, effects: { history: { moves: () => Promise.resolve([{ ...last, complete }]) } } });

  it('refuses the same move once more when the last one came to its end: something moved it back meanwhile', async () => {
    expect(await (await guard(true)).check()).toMatchObject({ state: 'refused', refusal: { rule: 'flap-guard', ageMs: 60_000 } });
    expect(await (await guard(false)).check()).toMatchObject({ state: 'ok' });
  });

  it('refuses where nothing is known of other runs', async () => {
    const step = await stepOf('run.flap-guard', { windowMs: 60_000 }, { effects: { history: undefined } });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { observed: 'the runs of the last 1m cannot be read: nothing is known of other runs' } });
  });
});
