import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { fencedIn, fenceOf, recordFence, sessionsEnded } from '../../../src/kinds/databases/verdict.ts';

const NOW = 1_000_000;

function run(fence?: Json) {
  const known: Record<string, Json> = fence === undefined ? {} : { 'fence.orders': fence };
  const ctx = { effects: { clock: { now: () => NOW } }, fact: (name: string) => known[name], record: (name: string, value: Json) => void (known[name] = value) } as never;
  return { ctx, known };
}

describe('the verdict on an old writer', () => {
  it('is what was recorded; what cannot be read is unknown, and nothing is no verdict', () => {
    const { ctx } = run();
    expect(fenceOf(ctx, 'orders')).toBeUndefined();
    recordFence(ctx, 'orders', { verdict: 'fenced', because: 'seen', at: 5 });
    expect(fenceOf(ctx, 'orders')).toEqual({ verdict: 'fenced', because: 'seen', at: 5 });
    expect(fenceOf(run({ verdict: 'fine' }).ctx, 'orders')).toEqual({ verdict: 'unknown', because: 'the recorded verdict cannot be read' });
  });

  it('of one that was closed is fenced once its new name has ended the sessions', () => {
    const { ctx, known } = run({ verdict: 'closed', because: 'it accepts no new connection', at: 5 });
    sessionsEnded(ctx, 'orders');
    expect(known['fence.orders']).toEqual({ verdict: 'fenced', because: 'it accepts no new connection, and its new name took a restart, which ended every session', at: NOW });
  });

  it('of any other one stays as it is: a new name proves nothing', () => {
    for (const fence of [{ verdict: 'undone', because: 'open', at: 5 }, { verdict: 'attested', because: 'by kim' }, 'nonsense']) {
      const { ctx, known } = run(fence);
      sessionsEnded(ctx, 'orders');
      expect(known['fence.orders']).toEqual(fence);
    }
    const { ctx, known } = run();
    sessionsEnded(ctx, 'orders');
    expect(known).toEqual({});
  });

  it('is there for each database of a run', () => {
    expect(fencedIn({ facts: new Map<string, Json>([['fence.orders', { verdict: 'fenced', because: '' }], ['rpo.orders', 1], ['fence.docs', 'nonsense']]) })).toEqual(['orders', 'docs']);
  });
});
