import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { followRun } from '../../src/app/follow.ts';
import { lockName } from '../../src/app/locks.ts';
import { thisOperator } from '../../src/app/operator.ts';
import { Journal } from '../../src/journal/journal.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { failedStory, plan, RUN, started, T0 } from '../cli/fixture.ts';

/** A run that another runner writes while it is followed: one record each time the follower waits. */
async function followed(holder: { host: string; pid: number; machine?: undefined } | undefined, until?: (waits: number) => boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'dr-follow-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const state = new LocalState(folder);
  const { machine: _here, ...operator } = { ...thisOperator('arn'), ...holder };
  const lease = await state.lease({ lock: lockName(plan().runbook.name, plan().account, []), run: RUN, operator, now: T0, ids: new SeededIds(1) });
  let now = T0;
  const clock = { now: () => (now += 1_000), sleep: () => Promise.resolve() };
  const store = state.run(RUN);
  const journal = new Journal({ store, clock, run: RUN, term: lease.term });
  const events = failedStory().records.map(({ seq: _s, run: _r, term: _t, at: _a, prev: _p, hash: _h, ...event }) => event);
  await journal.append(started());
  const rest = events.slice(1);
  if (holder === undefined) await lease.release();
  const seen: string[] = [];
  const watching = new AbortController();
  let waits = 0;
  const view = await followRun({
    place: { folder },
    run: '1a2b3c',
    clock: {
      now: clock.now,
      sleep: async () => {
        const next = rest.shift();
        if (next !== undefined) await journal.append(next);
        else await lease.release();
        if (until?.(++waits) === true) watching.abort(new Error('SIGINT'));
      },
    },
    until: watching.signal,
    onRecord: (record, run) => seen.push(`${run.records} ${record.type}`),
    onMessage: () => undefined,
  });
  await store.close();
  return { view, seen, all: events.map(({ type }, i) => `${i + 1} ${type}`) };
}

const ELSEWHERE = { host: 'elsewhere', pid: 7 };

it('a run of another machine is shown record by record, until it gives its lock back', async () => {
  const { view, seen, all } = await followed(ELSEWHERE);
  expect(seen).toEqual(all);
  expect(view.state.outcome).toBe('failed');
  expect(view.holder).toBeUndefined();
});

it('a run that nobody works on is shown, and not waited for', async () => {
  const { view, seen, all } = await followed(undefined);
  expect(seen).toEqual(all.slice(0, 1));
  expect(view).toMatchObject({ seen: false });
  expect(view.holder).toBeUndefined();
});

it('ends when the person no longer watches, and leaves the run alone', async () => {
  const { view, seen } = await followed(ELSEWHERE, (waits) => waits === 2);
  expect(seen).toHaveLength(3);
  expect(view.holder).toMatchObject({ host: 'elsewhere', run: RUN });
});
