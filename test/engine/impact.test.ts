import { describe, expect, it } from 'vitest';
import { impactOf } from '../../src/engine/probes.ts';
import type { RunState } from '../../src/journal/state.ts';

/* When the outage that is going on began: up to then the loss of a promotion counts. */

type Change = { up: boolean; at: number };
const down = (at: number): Change => ({ up: false, at });
const up = (at: number): Change => ({ up: true, at });

function impact(probes: readonly (readonly Change[])[], { named, movedAt }: { named?: number; movedAt?: number } = {}): number | undefined {
  const plan = { steps: [{ id: 'data.orders.promote', phase: 'data' }, { id: 'traffic.site.flip', phase: 'traffic' }, { id: 'traffic.site.settle', phase: 'traffic' }] };
  const steps = new Map<string, object>([['data.orders.promote', { startedAt: 1 }], ['traffic.site.flip', movedAt === undefined ? {} : { startedAt: movedAt }], ['traffic.site.settle', {}]]);
  return impactOf({ impactAt: named, plan, steps, probes: new Map(probes.map((changes, i) => [`p${i}`, { changes }])) } as unknown as RunState);
}

describe('the outage that is going on began', () => {
  it('at the first bad sample since the last good one, wherever it was good', () => {
    expect(impact([[up(1)]])).toBeUndefined();
    expect(impact([[up(1), down(2)]])).toBe(2);
    expect(impact([[up(1), down(2), down(5)]])).toBe(2);
    expect(impact([[up(1), down(2), up(3)]])).toBeUndefined();
    expect(impact([[up(1), down(2), up(3), down(9)]])).toBe(9);
    // Bad from its first sample on, and good a minute later: what it saw first is over as well.
    expect(impact([[down(2), up(3), down(9)]])).toBe(9);
  });

  it('before this run led users elsewhere: good samples from then on are of where they are led', () => {
    expect(impact([[up(1), down(2), up(7)]], { movedAt: 7 })).toBe(2);
    expect(impact([[up(1), down(2), up(6)]], { movedAt: 7 })).toBeUndefined();
    expect(impact([[up(1), down(2), up(7), down(8), up(9)]], { movedAt: 6 })).toBe(2);
  });

  it('when a person says so, and with several probes when the first of those that fail did', () => {
    expect(impact([[up(1), down(5)]], { named: 3 })).toBe(3);
    expect(impact([[up(1), down(5)], [up(1), down(4)], [up(1), down(2), up(3)]])).toBe(4);
  });
});
