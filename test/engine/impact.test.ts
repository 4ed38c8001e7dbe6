import { describe, expect, it } from 'vitest';
import { impactOf } from '../../src/engine/probes.ts';
import type { RunState } from '../../src/journal/state.ts';

/* When the outage that is going on began: up to then the loss of a promotion counts. */

interface Change {
  up: boolean;
  at: number;
  address?: string | undefined;
}
const down = (at: number, address?: string): Change => ({ up: false, at, address });
const up = (at: number, address?: string): Change => ({ up: true, at, address });

function impact(probes: readonly (readonly Change[])[], { named, actedAt }: { named?: number; actedAt?: number } = {}): number | undefined {
  const steps = new Map<string, object>([['compute.api.scaleOut', actedAt === undefined ? {} : { intendedAt: actedAt }], ['traffic.site.flip', {}]]);
  return impactOf({ impactAt: named, steps, probes: new Map(probes.map((changes, i) => [`p${i}`, { changes }])) } as unknown as RunState);
}
const since = (...changes: readonly Change[]): number | undefined => impact([changes]);

describe('a probe that failed', () => {
  it('and was good again where it had been good has seen an outage that is over: a later one counts from its own beginning', () => {
    expect(since(up(1, 'seoul'), down(2, 'seoul'))).toBe(2);
    expect(since(up(1, 'seoul'), down(2, 'seoul'), down(5, 'seoul'))).toBe(2);
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'seoul'))).toBeUndefined();
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'seoul'), down(9, 'seoul'))).toBe(9);
    expect(impact([[up(1, 'seoul'), down(2, 'seoul'), up(8, 'seoul'), down(9, 'seoul')]], { actedAt: 3 })).toBe(9);
    // A load balancer has several addresses.
    expect(since(up(1, 'seoul-1'), down(2, 'seoul-2'), up(3, 'seoul-1'), down(9, 'seoul-2'))).toBe(9);
    expect(since(up(1, 'seoul'), down(2), up(3, 'seoul'), down(9))).toBe(9);
  });

  it('and is good elsewhere, or nobody knows where, says nothing of the end of the outage', () => {
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'tokyo'))).toBe(2);
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'tokyo'), down(4, 'tokyo'), up(5, 'tokyo'))).toBe(2);
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3))).toBe(2);
    expect(since(up(1), down(2), up(3))).toBe(2);
  });

  it('from its first sample on, and is good there, has seen one that is over as long as this run has changed nothing; then it may be good since that serves', () => {
    expect(since(down(2, 'seoul'), up(3, 'seoul'), down(9, 'seoul'))).toBe(9);
    expect(impact([[down(2, 'tokyo'), up(7, 'tokyo')]], { actedAt: 6 })).toBe(2);
    expect(impact([[down(2, 'tokyo'), up(7, 'tokyo')]], { actedAt: 7 })).toBe(2);
    expect(impact([[down(2, 'tokyo'), up(7, 'tokyo')]], { actedAt: 8 })).toBeUndefined();
  });
});

it('an outage began when a person says so, and with several probes when the first of those that fail did', () => {
  expect(impact([[up(1, 'a'), down(5, 'a')]], { named: 3 })).toBe(3);
  expect(impact([[up(1, 'a'), down(5, 'a')], [up(1, 'b'), down(4, 'b')], [up(1, 'c'), down(2, 'c'), up(3, 'c')]])).toBe(4);
  expect(impact([[up(1, 'a')], []])).toBeUndefined();
});
