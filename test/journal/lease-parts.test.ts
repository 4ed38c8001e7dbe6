import { describe, expect, it } from 'vitest';
import { claimOf, isHeld, superseded, writerOf } from '../../src/journal/lease.ts';
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
