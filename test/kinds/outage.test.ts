import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { outageAt, outageBegunBy, saysAlive } from '../../src/kinds/outage.ts';
import type { Signal } from '../../src/model/signals.ts';

const signal = (vantage: Signal['vantage'], says: Signal['says']): Signal => ({ vantage, says, because: '' });

describe('whether something says that the source lives', () => {
  it.each<[string, Signal[], boolean]>([
    ['nothing was seen', [], false],
    ['its API answers', [signal('source-api', 'up'), signal('health-checkers', 'down')], true],
    ['its API is silent', [signal('source-api', 'down')], false],
    ['its API answers for an instance that may take writes', [{ ...signal('source-api', 'unknown'), unsettled: true }], true],
    ['its API is unknown', [signal('source-api', 'unknown')], false],
    ['checkers reach it', [signal('health-checkers', 'up')], true],
    ['users are served', [signal('users', 'up')], true],
    ['users are served, and it is not known by whom', [signal('users', 'up'), signal('health-checkers', 'unknown')], true],
    ['users are served, and something else than checkers says down', [signal('users', 'up'), signal('replication', 'down')], true],
    ['users are served, maybe by the other side', [signal('users', 'up'), signal('health-checkers', 'down')], false],
    ['the source itself serves users, and checkers are locked out', [{ ...signal('users', 'up'), atSource: true }, signal('health-checkers', 'down')], true],
    ['users are served, and only some of the checkers fail', [signal('users', 'up'), signal('health-checkers', 'down'), signal('health-checkers', 'up')], true],
    ['replication continues: it says of itself up to when', [signal('replication', 'up')], false],
  ])('%s', (_name, signals, alive) => {
    expect(saysAlive(signals)).toBe(alive);
  });
});

describe('up to when loss counts', () => {
  const NOW = 1_000_000;
  const at = (impactAt: number | undefined, seen?: Json, livedAt?: number) => outageAt({ impactAt: () => impactAt, fact: (name) => (name === 'source.seen-alive' ? seen : undefined) }, livedAt, NOW);

  it('the impact, where nothing was seen of the source after it', () => {
    expect(at(600_000)).toBe(600_000);
    expect(at(600_000, 600_000, 600_000)).toBe(600_000);
    expect(at(600_000, 1, undefined)).toBe(600_000);
    expect(at(600_000, undefined, 599_999)).toBe(600_000);
  });

  it('now, where the impact is not known, or the source was seen to live after it', () => {
    expect(at(undefined)).toBe(NOW);
    expect(at(undefined, 1, 1)).toBe(NOW);
    expect(at(600_000, 600_001)).toBe(NOW);
    expect(at(600_000, undefined, 600_001)).toBe(NOW);
    expect(at(600_000, 1, 600_001)).toBe(NOW);
    expect(at(600_000, 600_001, 1)).toBe(NOW);
    // What is no time says nothing.
    expect(at(600_000, 'yesterday')).toBe(600_000);
  });
});

describe('when the outage had begun by', () => {
  const at = (impactAt: number | undefined, seen?: Json) => outageBegunBy({ impactAt: () => impactAt, fact: (name) => (name === 'source.seen-down' ? seen : undefined) });

  it('the impact, else when something first said down; where nothing has, nobody knows', () => {
    expect(at(600_000, 700_000)).toBe(600_000);
    expect(at(0, 700_000)).toBe(0);
    expect(at(undefined, 700_000)).toBe(700_000);
    expect(at(undefined, 'yesterday')).toBeUndefined();
    expect(at(undefined)).toBeUndefined();
  });
});
