import { describe, expect, it } from 'vitest';
import { steadyNow, systemClock } from '../../src/base/clock.ts';

const START = 1_800_000_000_000;

/** A machine: what passes, how long it sleeps, and how its clock is set. */
function machine() {
  const at = { wall: START, monotonic: 5_000, uptime: 9_000_000 };
  const now = steadyNow({ wall: () => at.wall, monotonic: () => at.monotonic, uptime: () => Math.floor(at.uptime / 1_000) * 1_000 });
  return {
    since: () => now() - START,
    pass: (ms: number) => { at.wall += ms; at.monotonic += ms; at.uptime += ms; },
    sleep: (ms: number) => { at.wall += ms; at.uptime += ms; },
    set: (ms: number) => { at.wall += ms; },
  };
}

describe('the clock of a machine that somebody sets while a process runs', () => {
  it.each([3_600_000, -3_600_000, -600_000, 5_000])('set by %d ms it continues as if nobody had', (ms) => {
    const clock = machine();
    clock.pass(60_000);
    clock.set(ms);
    clock.pass(1_000);
    expect(Math.abs(clock.since() - 61_000)).toBeLessThan(1_000);
    clock.pass(600_000);
    expect(Math.abs(clock.since() - 661_000)).toBeLessThan(1_000);
  });

  it('back and forth, and set while nobody looks', () => {
    const clock = machine();
    for (const ms of [60_000, -90_000, 3_600_000, -3_570_000]) {
      clock.pass(10_000);
      clock.set(ms);
      clock.since();
    }
    expect(Math.abs(clock.since() - 40_000)).toBeLessThan(4_000);
  });

  it('a machine that slept has slept: decisions are as old as they are', () => {
    const clock = machine();
    clock.pass(60_000);
    clock.sleep(1_200_000);
    expect(clock.since()).toBe(1_260_000);
    clock.set(-1_200_000);
    expect(Math.abs(clock.since() - 1_260_000)).toBeLessThan(1_000);
  });

  it('set right bit by bit it follows', () => {
    const clock = machine();
    for (let i = 0; i < 1_000; i++) {
      clock.pass(10_000);
      clock.set(5);
      clock.since();
    }
    expect(clock.since()).toBe(10_005_000);
  });

  it('is the clock of the tool', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  });
});
