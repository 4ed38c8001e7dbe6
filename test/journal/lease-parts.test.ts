import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import { claimOf, isHeld, isSuperseded, readLock, superseded, takeover, takesFrom, verbOfHolder, writerOf } from '../../src/journal/lease.ts';
import { OPERATOR, RUN, T0 } from './fixture.ts';

const IDS = { hex: () => 'ab12', uuid: () => 'u' };
const MACHINE = { start: 'boot/ns', startedAt: T0 - 1000, id: 'm' };
/** A process id that no system gives. */
const GONE = 4_194_305;

describe('a claim', () => {
  it('says on which machine it was made, where that is known', () => {
    const plain = claimOf(RUN, 3, OPERATOR, T0, IDS);
    expect(plain).toEqual({ run: RUN, term: 3, token: 'ab12', user: 'kim', host: 'ops-1', pid: 4242, since: '2026-11-20T10:15:00.000Z' });
    expect(Object.keys(plain)).not.toContain('machine');
    expect(claimOf(RUN, 3, { ...OPERATOR, machine: MACHINE }, T0, IDS).machine).toEqual(MACHINE);
  });

  it('of a machine without an id is respected by one that has none either, also after a restart', () => {
    const { id: _id, ...nameless } = MACHINE;
    const lock = { ...claimOf(RUN, 1, { ...OPERATOR, pid: GONE }, T0, IDS), machine: nameless as typeof MACHINE };
    const restarted = { ...nameless, start: 'boot-2/ns', startedAt: T0 + 1000 } as typeof MACHINE;
    expect(isHeld(lock, { host: 'ops-1', machine: restarted })).toBe(true);
    const named = { ...lock, machine: MACHINE };
    expect(isHeld(named, { host: 'ops-1', machine: { ...restarted, id: 'm' } })).toBe(false);
    // Begun in the very moment of the claim: not known to be later.
    expect(isHeld(named, { host: 'ops-1', machine: { ...restarted, id: 'm', startedAt: T0 } })).toBe(true);
  });

  it('of another container of the same start is respected, also where the clock of the machine was set forward since', () => {
    const lock = { ...claimOf(RUN, 1, { ...OPERATOR, pid: GONE }, T0, IDS), machine: MACHINE };
    expect(isHeld(lock, { host: 'ops-1', machine: { ...MACHINE, start: 'boot/ns-2', startedAt: T0 + 3_600_000 } })).toBe(true);
  });
});

it('who writes a journal of a higher term is named by that term', () => {
  expect(writerOf(7)).toBe('A runner with term 7 writes its journal now: it has taken over.');
  expect(superseded('shop', undefined, writerOf(7))).toMatchObject({ code: 'SUPERSEDED', detail: 'A runner with term 7 writes its journal now: it has taken over.' });
});

describe('who may take what somebody holds', () => {
  const lock = (run: string) => claimOf(run, 3, OPERATOR, T0, IDS);
  const DRILL = RUN.replace('failover', 'drill');

  it('follows from the verb in the id of the run: a drill is cleaned up after, any other run is taken over', () => {
    expect([RUN, DRILL, RUN.replace('failover', 'flight'), 'unknown', ''].map((run) => verbOfHolder({ run }))).toEqual(['failover', 'drill', undefined, undefined, undefined]);
    expect(takeover(lock(RUN))).toEqual([`dr takeover ${RUN}    if that runner is gone for good`]);
    expect(takeover(lock(DRILL))).toEqual([`dr drill clean ${DRILL} --takeover    stops that drill, and deletes its twins`]);
    expect(takeover(lock('unknown'))).toEqual([]);
  });

  it('is asked of the very claim that is there, where it is not said of all', () => {
    expect([true, false].map((force) => takesFrom(force, lock(RUN)))).toEqual([true, false]);
    expect([RUN, DRILL].map((run) => takesFrom((holder) => holder.run === DRILL, lock(run)))).toEqual([false, true]);
  });
});

it('a lock that lacks a field is somebody’s, of nobody’s name; its term is that of its place', () => {
  const whole = claimOf(RUN, 3, OPERATOR, T0, IDS);
  expect(readLock(JSON.stringify(whole), 5)).toEqual({ ...whole, term: 5 });
  for (const field of ['run', 'token', 'user', 'host', 'pid', 'since'] as const) {
    const { [field]: _lost, ...rest } = whole;
    expect(readLock(JSON.stringify(rest), 5)).toMatchObject({ run: 'unknown', term: 5, token: '' });
  }
});

it('a run that somebody has taken over is known by its code, and by that alone', () => {
  const of = (code: string) => isSuperseded(new DrError({ code, exit: 'busy', title: '' }));
  expect([of('SUPERSEDED'), of('RUN_IN_PROGRESS'), isSuperseded(Object.assign(new Error('x'), { code: 'SUPERSEDED' }))]).toEqual([true, false, false]);
});
