import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { judgeSource, notShown, type Sign, signalSeen, signsOfLife, showSigns, type Signal, wordsOf } from '../../src/model/signals.ts';

const signal = (vantage: Signal['vantage'], says: Signal['says'], more: Partial<Signal> = {}): Signal => ({ vantage, says, because: 'seen', ...more });

/** Facts of a run, as a step sees them. */
function facts(known: Record<string, Json> = {}) {
  return { known, fact: (name: string) => known[name], record: (name: string, value: Json) => void (known[name] = value) };
}

describe('signs of life', () => {
  it.each<[string, Signal[], Sign[]]>([
    ['nothing', [], []],
    ['users are served, and not by the source as far as is known', [signal('users', 'up')], []],
    ['users are served by another side', [signal('users', 'up', { atSource: false })], []],
    ['the source itself serves users', [signal('users', 'up', { atSource: true })], ['served']],
    ['the source itself answers users, and badly', [signal('users', 'down', { atSource: true })], []],
    ['its API answers', [signal('source-api', 'up', { atSource: true })], []],
    ['checkers reach it', [signal('health-checkers', 'up')], ['reached']],
    ['checkers do not', [signal('health-checkers', 'down')], []],
    ['a replica receives', [signal('replication', 'up', { receiving: true })], ['receives']],
    ['a replica receives nothing', [signal('replication', 'up', { receiving: false })], []],
    ['something arrived that was written after', [signal('replication', 'up', { livedAt: 1_001 })], ['arrived']],
    ['something arrived that was written by then', [signal('replication', 'up', { livedAt: 1_000 })], []],
    ['something arrived, and it is not said that it works', [signal('replication', 'unknown', { livedAt: 1_001 })], []],
    ['one of two', [signal('users', 'up', { atSource: true }), signal('users', 'up')], ['served']],
    ['each, in one order', [signal('replication', 'up', { receiving: true, livedAt: 2_000 }), signal('health-checkers', 'up'), signal('users', 'up', { atSource: true })], ['served', 'reached', 'receives', 'arrived']],
  ])('%s', (_what, signals, signs) => {
    expect(signsOfLife(signals, 1_000)).toEqual(signs);
  });

  it('nothing has arrived after an outage of which nobody knows when it began', () => {
    expect(signsOfLife([signal('replication', 'up', { livedAt: 1_001 })])).toEqual([]);
  });

  it('are said in words', () => {
    expect(wordsOf(['served', 'reached'])).toBe("the source itself serves users; Route 53's checkers reach it");
    expect(wordsOf(['receives'])).toBe('a replica still receives from it');
    expect(wordsOf(['arrived', 'refused'])).toBe('what was written after the impact has arrived from it; AWS answers for the database, and refuses to close it');
  });

  it('that a refusal has shown are known, each for itself, and once', () => {
    const run = facts();
    expect(notShown(run, ['served', 'reached', 'served'])).toEqual(['served', 'reached']);
    showSigns(run, ['served', 'refused']);
    expect(run.known).toEqual({ 'sign-shown.served': true, 'sign-shown.refused': true });
    expect(notShown(run, ['served', 'reached', 'refused'])).toEqual(['reached']);
    expect(notShown(facts({ 'sign-shown.served': 'yes' }), ['served'])).toEqual(['served']);
  });

  it('stand beside a verdict that they speak against, and beside no other', () => {
    const down = [signal('users', 'down'), signal('replication', 'down')];
    const reached = signal('health-checkers', 'up');
    expect(judgeSource(down, undefined)).not.toHaveProperty('signs');
    expect(judgeSource([signal('users', 'down')], 'alice')).not.toHaveProperty('signs');
    expect(judgeSource([signal('users', 'down')], undefined)).not.toHaveProperty('signs');
    expect(judgeSource([...down, reached], undefined).signs).toEqual(['reached']);
    expect(judgeSource([...down, reached], 'alice').signs).toEqual(['reached']);
  });
});

it('a signal that was seen ends the step, in its own words', () => {
  const run = facts();
  const seen = signal('users', 'down', { because: 'status 503' });
  expect(signalSeen(run as never, 'users', seen)).toEqual({ state: 'reached', says: 'down', because: 'down: status 503' });
  expect(run.known).toEqual({ 'signal.users': seen });
});
