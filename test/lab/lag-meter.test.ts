import { afterEach, expect, it, vi } from 'vitest';
import { LagMeter } from '../../src/lab/lag-meter.ts';
import type { LabServer, LogPosition } from '../../src/lab/server.ts';

afterEach(() => vi.useRealTimers());

function server(position: () => Promise<LogPosition>): LabServer {
  const nothing = () => Promise.resolve();
  return { name: 's', address: () => ({ host: '', port: 0 }), start: nothing, kill: nothing, promote: nothing, stop: nothing, position };
}

it('never says that a replica is nearer than it is', async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  // The writer's log grows by one a millisecond; the replica has what was written 250 ms ago, until the link is cut.
  let dead = false;
  let cutAt = Number.POSITIVE_INFINITY;
  const writer = server(() => (dead ? Promise.reject(new Error('dead')) : Promise.resolve({ writable: true, at: BigInt(Date.now()) })));
  const replica = server(() => Promise.resolve({ writable: false, at: BigInt(Math.min(Date.now(), cutAt) - 250) }));
  const meter = new LagMeter(writer, replica);
  expect(meter.lagMs()).toBeUndefined();
  meter.start();
  for (let n = 0; n < 200; n++) {
    await vi.advanceTimersByTimeAsync(37);
    if (n === 100) cutAt = Date.now();
    if (n === 130) dead = true;
    const truth = Date.now() - (Math.min(Date.now(), cutAt) - 250);
    const measured = meter.lagMs();
    if (n > 20) expect(measured).toBeLessThan(truth + 250);
    expect(measured ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(truth);
  }
  meter.stop();
});

it('says nothing of a replica that never received anything', async () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const meter = new LagMeter(server(() => Promise.resolve({ writable: true, at: 5n })), server(() => Promise.resolve({ writable: false, at: 4n })));
  meter.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(meter.lagMs()).toBeUndefined();
  meter.stop();
});
