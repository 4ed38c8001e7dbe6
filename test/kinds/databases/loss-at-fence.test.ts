import { describe, expect, it } from 'vitest';
import { boundAtFence } from '../../../src/kinds/databases/loss.ts';
import type { Json } from '../../../src/base/json.ts';

const bound = { database: 'orders', method: 'replica-lag', boundMs: 20_000, lagMs: 19_000, sampledAt: 99_000, ageMs: 1_000, outageAt: 100_000, because: 'measured' };

function at(rpo: Json, fence: Json, impactNamed = false, seenAlive: Json = null) {
  const facts: Record<string, Json> = { 'rpo.orders': rpo, 'fence.orders': fence, 'source.seen-alive': seenAlive };
  return boundAtFence({ fact: (name) => facts[name], impactNamed }, 'orders');
}

describe('the bound on loss when the old writer is cut off', () => {
  it('counts every second until the fence', () => {
    expect(at(bound, { verdict: 'fenced', because: '', at: 131_000 })).toMatchObject({ boundMs: 51_000, outageAt: 131_000, database: 'orders' });
  });

  it('counts them for any verdict where nobody knew that the source had stopped', () => {
    expect(at(bound, { verdict: 'attested', because: '', at: 104_000 })).toMatchObject({ boundMs: 24_000 });
    expect(at(bound, { verdict: 'attested', because: '', at: 104_000 }, true)).toMatchObject({ boundMs: 24_000 });
    expect(at(bound, { verdict: 'source-down', because: '', at: 104_000 }, true)).toMatchObject({ boundMs: 24_000, outageAt: 104_000 });
  });

  it('counts them where a named person alone says that it is down, unless it was said since when', () => {
    const before = { ...bound, outageAt: 99_500 };
    const word = { verdict: 'attested', because: '', at: 131_000 };
    expect(at(before, word)).toMatchObject({ boundMs: 51_500, outageAt: 131_000, because: expect.stringContaining('nobody else has seen when it stopped (--impact-at, if an alarm knows)') as string });
    expect(at(before, word, true)).toBeUndefined();
    expect(at(before, { ...word, verdict: 'fenced' }, true)).toMatchObject({ boundMs: 51_500 });
  });

  it('counts them where the source was seen to live after the impact, by a look beside the gate', () => {
    const before = { ...bound, outageAt: 99_500 };
    const down = { verdict: 'source-down', because: '', at: 131_000 };
    expect(at(before, down, true, 99_501)).toMatchObject({ boundMs: 51_500, outageAt: 131_000 });
    expect(at(before, down, true, 99_500)).toBeUndefined();
    expect(at(before, down, true, 'yes')).toBeUndefined();
  });

  it('adds nothing where the outage had begun before, and the source is down', () => {
    expect(at({ ...bound, outageAt: 99_500 }, { verdict: 'source-down', because: '', at: 131_000 })).toBeUndefined();
  });

  it('adds nothing twice, nothing to an unknown loss, and nothing without a fence', () => {
    expect(at({ ...bound, outageAt: 131_000 }, { verdict: 'fenced', because: '', at: 131_000 })).toBeUndefined();
    expect(at({ ...bound, boundMs: null }, { verdict: 'fenced', because: '', at: 131_000 })).toBeUndefined();
    expect(at(bound, { verdict: 'fenced', because: '' })).toBeUndefined();
  });

  it('says until when it counts, and keeps the rest of the bound', () => {
    expect(at(bound, { verdict: 'fenced', because: '', at: 131_000 })).toEqual({ ...bound, boundMs: 51_000, outageAt: 131_000, because: 'as measured before the fence, and every second until the old writer was cut off' });
    expect(at({ ...bound, sampledAt: null }, { verdict: 'fenced', because: '', at: 131_000 })).toBeUndefined();
    expect(at({ ...bound, ageMs: null }, { verdict: 'fenced', because: '', at: 131_000 })).toBeUndefined();
    expect(at(null, { verdict: 'fenced', because: '', at: 131_000 })).toBeUndefined();
    expect(at(bound, null)).toBeUndefined();
    expect(at(bound, { verdict: 'fenced', because: '', at: 99_000 })).toBeUndefined();
  });
});
