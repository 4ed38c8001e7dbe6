import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { BackupKeeper } from '../../src/lab/backup-keeper.ts';
import type { LabServer } from '../../src/lab/server.ts';
import { until } from './helpers.ts';

describe('the keeper of a backup', () => {
  const shipped: { at: number; position: bigint }[] = [];
  const restored: bigint[] = [];
  let keeper: BackupKeeper;
  let onShip: () => void = () => undefined;
  const begin = () => {
    shipped.length = 0;
    keeper = new BackupKeeper(() =>
      Promise.resolve({
        ship: () => {
          shipped.push({ at: Date.now(), position: BigInt(shipped.length + 1) });
          onShip();
          return Promise.resolve(BigInt(shipped.length));
        },
        restore: (_name, at) => {
          restored.push(at);
          return Promise.resolve({} as LabServer);
        },
      }),
    );
    keeper.start();
  };
  afterEach(() => keeper.stop());

  it('has nothing of what was under way when its source died', async () => {
    const sent = new Promise<void>((resolve) => (onShip = resolve));
    begin();
    await sent;
    // Not a moment after it was sent.
    await Promise.resolve();
    keeper.pause();
    await sleep(300);
    expect(shipped).toHaveLength(1);
    expect(keeper.restorableUpTo()).toBeUndefined();
    keeper.resume();
    await keeper.first();
    expect(keeper.restorableUpTo()).toBeGreaterThan(shipped[0]?.at ?? Number.POSITIVE_INFINITY);
  });

  it('restores the first look after a time: everything until then, and as little more as there is', async () => {
    begin();
    await until('three have arrived', () => (keeper.restorableUpTo() ?? 0) >= (shipped[2]?.at ?? Number.POSITIVE_INFINITY));
    const [first, second] = shipped;
    await keeper.restore('a', 0);
    await keeper.restore('b', (first?.at ?? 0) + 1);
    await keeper.restore('c', (second?.at ?? 0) - 1);
    expect(restored).toEqual([1n, 2n, 2n]);
    await expect(keeper.restore('d', Date.now() + 60_000)).rejects.toThrow('d: the backups do not reach until');
  });
});
