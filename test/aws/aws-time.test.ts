import { describe, expect, it } from 'vitest';
import { onAwsTime } from '../../src/aws/aws-time.ts';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';

/** A machine whose clock is off by so much, and AWS, whose answers take `ms`. */
function machine(offMs: number, options: { ms?: number; silent?: boolean } = {}) {
  const true_ = new VirtualClock();
  const own = { now: () => true_.now() + offMs, sleep: (ms: number, signal?: AbortSignal) => true_.sleep(ms, signal) };
  const call = async () => {
    await true_.sleep(options.ms ?? 40);
    return { output: {}, requestId: undefined, ...(options.silent === true ? {} : { at: Math.floor(true_.now() / 1000) * 1000 }) };
  };
  const { aws, clock } = onAwsTime({ call: call as unknown as AwsCaller['call'] }, own);
  const ask = () => true_.run(() => aws.call({ service: 'sts', region: 'ap-northeast-1', operation: 'GetCallerIdentity', input: {} }));
  return { ask, error: () => clock.now() - true_.now(), sleep: (ms: number) => true_.run(() => clock.sleep(ms)) };
}

describe('the clock of a machine that is wrong', () => {
  it.each([-3_600_000, -90_000, -4_000, 4_000, 120_000])('is set right by the first answer: %i ms off', async (offMs) => {
    const m = machine(offMs);
    expect(m.error()).toBe(offMs);
    await m.ask();
    expect(Math.abs(m.error())).toBeLessThanOrEqual(1_000);
  });

  it('is left alone where the header could not tell', async () => {
    const m = machine(1_200);
    await m.ask();
    expect(m.error()).toBe(1_200);
  });

  it('does not jump about once it is right', async () => {
    const m = machine(-90_000);
    await m.ask();
    const error = m.error();
    for (let i = 0; i < 20; i++) {
      await m.sleep(137);
      await m.ask();
      expect(m.error()).toBe(error);
    }
  });

  describe('once it is set, by answers of another time', () => {
    /** The clock of a machine that is right, after answers whose dates are off by so much. */
    async function after(...offs: number[]): Promise<number> {
      const dates = offs.map((off) => 1_000_000 + off);
      const own = { now: () => 1_000_500, sleep: () => Promise.resolve() };
      const { aws, clock } = onAwsTime({ call: () => Promise.resolve({ at: dates.shift() }) } as unknown as AwsCaller, own);
      for (const _ of offs) await aws.call({ service: 'sts', region: 'ap-northeast-1', operation: 'GetCallerIdentity', input: {} });
      return clock.now() - own.now();
    }

    it.each([
      ['one of a region that is being lost', [0, 0, 0, -28_800_000], 0],
      ['one of two', [0, -28_800_000], 0],
      ['one in the middle', [0, 3_600_000, 0, 0], 0],
      ['two of five', [0, 0, 0, -90_000, -90_000], 0],
      ['two that do not agree', [0, -90_000, 90_000, 0], 0],
    ])('is not moved: %s', async (_name, offs, wanted) => {
      expect(await after(...offs)).toBe(wanted);
    });

    it('is moved where most of them say so: the first was wrong, or the machine was set', async () => {
      expect(await after(-28_800_000, 0, 0)).toBe(0);
      expect(await after(0, 0, 0, 0, 0, 90_000, 90_000)).toBe(0);
      expect(await after(0, 0, 0, 0, 0, 90_000, 90_000, 90_000)).toBe(90_000);
    });
  });

  it('learns nothing from an answer that took long, or has no date', async () => {
    for (const options of [{ ms: 6_000 }, { silent: true }]) {
      const m = machine(-90_000, options);
      await m.ask();
      expect(m.error()).toBe(-90_000);
    }
  });

  /** By how much the clock is moved after an answer that was asked for and came at these times, with this date. */
  async function moved(began: number, ended: number, at: number): Promise<number> {
    const times = [began, ended];
    const own = { now: () => times.shift() ?? 0, sleep: () => Promise.resolve() };
    const { aws, clock } = onAwsTime({ call: () => Promise.resolve({ at }) } as unknown as AwsCaller, own);
    await aws.call({ service: 'sts', region: 'ap-northeast-1', operation: 'GetCallerIdentity', input: {} });
    return clock.now();
  }

  it.each([
    ['half a second was cut off the date on average, and half of the way is gone', 10_000, 10_400, 100_000, 90_300],
    ['an answer of a second still counts', 10_000, 11_000, 100_000, 90_000],
    ['a longer one does not', 10_000, 11_001, 100_000, 0],
    ['nor one that came before it was asked for: the clock was set meanwhile', 10_000, 9_999, 100_000, 0],
    ['whole milliseconds', 10_000, 10_001, 100_000, 90_500],
    ['as much as a date can be off is left alone', 10_000, 10_000, 11_500, 0],
    ['more is not', 10_000, 10_000, 11_501, 2_001],
    ['nor is less', 20_000, 20_000, 17_499, -2_001],
  ])('%s', async (_, began, ended, at, by) => {
    expect(await moved(began, ended, at)).toBe(by);
  });
});
