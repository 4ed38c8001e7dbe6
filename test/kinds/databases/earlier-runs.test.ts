import { describe, expect, it } from 'vitest';
import type { PastMove } from '../../../src/effects/effects.ts';
import { foundWriter, intendsPromotion, isOf, thatMade } from '../../../src/kinds/databases/found-writer.ts';
import type { Change, StepContext } from '../../../src/model/step.ts';
import { SEOUL, TOKYO } from '../context.ts';

/* Whose work a writer is that this run did not promote. */

const REPLICA = { region: TOKYO, id: 'copy' };
const RESOURCE = `rds:${TOKYO}:copy`;
const move = (parts: Partial<PastMove> = {}): PastMove => ({ run: 'R7', verb: 'failover', source: SEOUL, target: TOKYO, at: 0, complete: false, by: 'kim@host', changed: [{ resource: RESOURCE, field: 'role' }], ...parts });

interface History {
  moves?: readonly PastMove[] | Error;
  madeBy?: string | Error | undefined;
}

function contextWith(history: History | undefined, signal = new AbortController().signal) {
  const asked: unknown[] = [];
  const answer = <T>(value: T | Error) => (value instanceof Error ? Promise.reject(value) : Promise.resolve(value));
  const port = history && { moves: (since: number) => (asked.push(since), answer(history.moves ?? [])), madeBy: (...what: unknown[]) => (asked.push(what), answer(history.madeBy)) };
  const ctx = { source: SEOUL, target: TOKYO, signal, effects: { history: port }, intends: (resource: string, field: string) => resource === RESOURCE && field === 'role' } as unknown as StepContext;
  return { ctx, asked };
}

const sentence = async (history?: History, usersIn?: readonly string[]) => foundWriter(contextWith(history).ctx, { ...REPLICA, usersIn });
const SEEN = `copy is already a writer, this run did not promote it, and this run moves users away from ${SEOUL}; it is a standalone primary, so whose data it holds cannot be proven`;

describe('a writer that this run did not promote', () => {
  it('is said with where users are led to, as far as the plan knows', async () => {
    expect(await sentence()).toEqual({ sentence: SEEN, run: undefined });
    expect(await sentence(undefined, [])).toEqual({ sentence: SEEN, run: undefined });
    expect((await sentence(undefined, [SEOUL, 'eu-west-1']))?.sentence).toContain(`, and users are still led to ${SEOUL} and eu-west-1; it is`);
  });

  it('is that of the application of the same failover that promoted it, and then nothing to judge', async () => {
    const { ctx, asked } = contextWith({ madeBy: 'R8', moves: [move()] });
    expect(await foundWriter(ctx, REPLICA)).toBeUndefined();
    expect(asked).toEqual([[RESOURCE, 'role']]);
  });

  it('names the run that began to promote it', async () => {
    expect(await sentence({ moves: [move()] })).toEqual({ sentence: `${SEEN}; the run R7 began to promote it`, run: 'R7' });
    expect(await sentence({})).toEqual({ sentence: SEEN, run: undefined });
  });

  it('of runs that came to their end says nothing: they are not resumed', async () => {
    expect(await foundWriter(contextWith({ moves: [move({ complete: true })] }).ctx, REPLICA)).toMatchObject({ run: undefined });
    expect(await foundWriter(contextWith({ moves: [move({ run: 'R8', complete: true }), move()] }).ctx, REPLICA)).toMatchObject({ run: 'R7' });
  });

  it('says that earlier runs cannot be read; a look that was ended says nothing', async () => {
    for (const history of [{ moves: new Error('damaged') }, { madeBy: new Error('damaged') }]) expect(await sentence(history)).toEqual({ sentence: `${SEEN}; earlier runs cannot be read: damaged`, run: undefined });
    const ended = AbortSignal.abort(new Error('the look has ended'));
    await expect(foundWriter(contextWith({ moves: new Error('damaged') }, ended).ctx, REPLICA)).rejects.toThrow('the look has ended');
  });
});

describe('runs that made the same thing', () => {
  const found = (...moves: PastMove[]) => thatMade(moves, contextWith({ moves }).ctx, RESOURCE, 'role').map(({ run }) => run);
  const other: Pick<Change, 'resource' | 'field'> = { resource: RESOURCE, field: 'size' };

  it('are those of the same move that meant to change it, the newest first', async () => {
    expect(found(move({ run: 'R9' }), move({ run: 'R8', complete: true }))).toEqual(['R9', 'R8']);
    expect(found(move({ target: SEOUL }), move({ changed: [] }), move({ changed: [other] }), move({ changed: [{ resource: `rds:${SEOUL}:copy`, field: 'role' }] }))).toEqual([]);
    expect(found(move({ run: 'R1', changed: [other, { resource: RESOURCE, field: 'role' }] }))).toEqual(['R1']);
  });
});

it('a promotion is intended by name and field', () => {
  const { ctx } = contextWith(undefined);
  expect([intendsPromotion(ctx, REPLICA), intendsPromotion(ctx, { ...REPLICA, id: 'other' })]).toEqual([true, false]);
});

it('a sample is of an instance that was there when it was taken, and of none whose age is not known', () => {
  const instance = { InstanceCreateTime: new Date(1000) };
  expect([isOf(instance, 999), isOf(instance, 1000), isOf(instance, 1001), isOf({}, 1001)]).toEqual([false, true, true, false]);
});
