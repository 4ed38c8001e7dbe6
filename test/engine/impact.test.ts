import { describe, expect, it } from 'vitest';
import { seenAfter } from '../../src/engine/probes.ts';

/* When the outage that is going on began: up to then the loss of a promotion counts. */

type Change = Parameters<typeof seenAfter>[1];
const down = (at: number, address?: string): Change => ({ up: false, at, address });
const up = (at: number, address?: string): Change => ({ up: true, at, address });
const since = (...changes: readonly Change[]): number | undefined => changes.reduce(seenAfter, {}).failing?.at;

describe('a probe that failed', () => {
  it('and was good again where it failed has seen an outage that is over: a later one counts from its own beginning', () => {
    expect(since(up(1, 'seoul'), down(2, 'seoul'))).toBe(2);
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'seoul'))).toBeUndefined();
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'seoul'), down(9, 'seoul'))).toBe(9);
  });

  it('and is good elsewhere, or nobody knows where, says nothing of the end of the outage', () => {
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'tokyo'))).toBe(2);
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3, 'tokyo'), down(4, 'tokyo'), up(5, 'tokyo'))).toBe(2);
    expect(since(up(1, 'seoul'), down(2, 'seoul'), up(3))).toBe(2);
    expect(since(up(1, 'seoul'), down(2), up(3, 'seoul'))).toBe(2);
  });

  it('and was never seen good there before may have failed in the region that users were led to: it becomes good when that serves', () => {
    expect(since(down(2, 'tokyo'), up(3, 'tokyo'))).toBe(2);
  });
});
