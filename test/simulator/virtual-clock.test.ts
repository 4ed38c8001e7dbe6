import { getEventListeners } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withDeadline, DeadlineError } from '../../src/base/deadline.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';

describe('VirtualClock', () => {
  it('jumps from sleeper to sleeper, in order of time and then of falling asleep', async () => {
    const clock = new VirtualClock(1000);
    const seen: string[] = [];
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      seen.push(`${name}@${clock.now()}`);
    };
    await clock.run(() => Promise.all([sleeper('late', 86_400_000), sleeper('a', 5), sleeper('b', 5), sleeper('now', 0), sleeper('past', -3)]));
    expect(seen).toEqual(['now@1000', 'past@1000', 'a@1005', 'b@1005', 'late@86401000']);
  });

  it('lets everything that a sleeper sets off end before the next wakes', async () => {
    const clock = new VirtualClock(0);
    const seen: string[] = [];
    await clock.run(() =>
      Promise.all([
        clock.sleep(1).then(async () => {
          for (let i = 0; i < 50; i++) await Promise.resolve();
          await new Promise((resolve) => setImmediate(resolve));
          seen.push('first done');
        }),
        clock.sleep(1).then(() => seen.push('second')),
      ]),
    );
    expect(seen).toEqual(['first done', 'second']);
  });

  it('does not move while a file is being written or read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dr-clock-'));
    try {
      const clock = new VirtualClock(0);
      const timeOfWrites = await clock.run(async () => {
        const alarm = clock.sleep(1);
        const times: number[] = [];
        for (let i = 0; i < 20; i++) {
          await writeFile(join(folder, 'f'), `${i}`);
          await readFile(join(folder, 'f'));
          times.push(clock.now());
        }
        await alarm;
        return times;
      });
      expect(new Set(timeOfWrites)).toEqual(new Set([0]));
      expect(clock.now()).toBe(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('aborts a sleep with the reason of its signal, before and during', async () => {
    const clock = new VirtualClock(0);
    const gone = AbortSignal.abort(new Error('never mind'));
    await expect(clock.sleep(1, gone)).rejects.toThrow('never mind');
    const controller = new AbortController();
    const sleeping = clock.run(() => clock.sleep(1000, controller.signal));
    controller.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    expect(clock.now()).toBe(0);
  });

  it('leaves no listener and no sleeper behind when thousands of deadlines are not used', async () => {
    const clock = new VirtualClock(0);
    const outer = new AbortController();
    await clock.run(async () => {
      for (let i = 0; i < 3000; i++) await withDeadline(clock, 5000, 'work', outer.signal, () => clock.sleep(1));
    });
    expect(clock.now()).toBe(3000);
    expect(clock.sleeping).toBe(0);
    await clock.run(async () => {
      for (let i = 0; i < 5; i++) await clock.sleep(1, outer.signal);
    });
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });

  it('runs a deadline in its own time', async () => {
    const clock = new VirtualClock(0);
    await expect(clock.run(() => withDeadline(clock, 5000, 'dead region', undefined, () => new Promise<never>(() => undefined)))).rejects.toThrow(DeadlineError);
    expect(clock.now()).toBe(5000);
  });

  it('reports a deadlock, and can be used afterwards', async () => {
    const clock = new VirtualClock(0);
    await expect(clock.run(() => new Promise<never>(() => undefined))).rejects.toThrow(/deadlock at 1970-01-01T00:00:00.000Z: work is pending and nobody sleeps/);
    await clock.run(() => clock.sleep(7));
    expect(clock.now()).toBe(7);
  });

  it('passes on values and errors, and lets runs overlap in one time', async () => {
    const clock = new VirtualClock(0);
    await expect(clock.run(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    const both = await Promise.all([
      clock.run(async () => clock.sleep(10).then(() => clock.now())),
      clock.run(async () => clock.sleep(4).then(() => clock.now())),
    ]);
    expect(both).toEqual([10, 4]);
  });
});
