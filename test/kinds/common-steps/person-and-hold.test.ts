import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { HttpRequest, HttpSample } from '../../../src/effects/effects.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf } from '../context.ts';

describe('run.approval', () => {
  const PARAMS = { from: ['ann', 'ben', 'cho'], quorum: 2 };
  const approval = (...approvedBy: string[]) => stepOf('run.approval', PARAMS, { acceptances: { approvedBy } });

  it('opens with enough names of the list, in check and gate alike', async () => {
    const step = await approval('ben', 'ann');
    const because = 'approved by ben, ann (names as given, not verified)';
    expect(await step.check()).toEqual({ state: 'ok', because });
    expect(await step.observe()).toEqual({ state: 'reached', because });
  });

  it.each<[string[], string, string]>([
    [[], '0 of 2 approvals', 'ann'],
    [['ann'], '1 of 2 approvals', 'ben'],
    [['ann', 'ann'], '1 of 2 approvals', 'ben'],
    [['ann', 'mallory'], '1 of 2 approvals; not on the list: mallory', 'ben'],
    [['Ann', 'ben '], '0 of 2 approvals; not on the list: Ann, ben ', 'ann'],
  ])('refuses %j, and names the next one to ask', async (names, observed, next) => {
    const step = await approval(...names);
    const refusal = { rule: 'approval', observed, threshold: 'approval by 2 of ann, ben, cho', consequence: 'the point of no return is not crossed without them', override: `--approved-by ${next}` };
    expect(await step.check()).toEqual({ state: 'refused', refusal });
    expect(await step.observe()).toEqual({ state: 'refused', refusal });
  });
});

describe('run.hold-probe', () => {
  const PROBE = { name: 'home', http: 'http://shop.example.com/', status: 200, everyMs: 1000, holdMs: 10_000 };

  async function held(statusAt: (at: number) => number, more: object = {}, facts: Record<string, Json> = {}) {
    const clock = new VirtualClock();
    const began = clock.now();
    const asked: number[] = [];
    const request = async (): Promise<HttpSample> => {
      const at = clock.now() - began;
      asked.push(at);
      await clock.sleep(100);
      const status = statusAt(at);
      return { status, body: '', address: '127.0.0.3', ms: 100, ...(status === 0 ? { error: 'ECONNREFUSED' } : {}) };
    };
    const step = await stepOf('run.hold-probe', { probe: { ...PROBE, ...more }, zones: ['Z0PUBLIC', 'Z0PRIVATE'] }, { clock, effects: { http: { request } }, facts });
    return { step, seen: await step.observe(), asked, took: clock.now() - began };
  }

  it('is reached after good answers without a gap for as long as the runbook says', async () => {
    const { seen, asked, took, step } = await held(() => 200);
    expect(seen).toMatchObject({ state: 'reached', because: expect.stringMatching(/^good for 10 s without a gap; last: status 200/) as string });
    expect(took).toBeGreaterThanOrEqual(10_000);
    expect(took).toBeLessThan(11_500);
    expect(asked.length).toBeGreaterThanOrEqual(10);
    // The time it holds is by the runbook's wish, the answers are the users'.
    const holds = step.waits().filter((w) => w.cause === 'hold').reduce((sum, w) => sum + w.to - w.from, 0);
    expect(holds).toBeGreaterThan(8_000);
  });

  it('takes good answers for none where they come from where users are led no more', async () => {
    const facts = (known: 'is' | 'not', address: string) => ({ 'dns.leads.Z0PUBLIC.A.shop.example.com': { known, answers: [{ values: [address], ttl: 60 }] }, 'dns.leads.Z0PRIVATE.A.shop.example.com': { known: 'is', answers: [{ values: ['10.0.0.3'], ttl: 60 }] } });
    const old = await held(() => 200, {}, facts('not', '127.0.0.3'));
    expect(old.seen).toEqual({ state: 'pending', because: 'status 200 from 127.0.0.3 in 100 ms, where users are led no more', waitingFor: 'users' });
    expect((await held(() => 200, {}, facts('is', '127.0.0.2'))).seen.state).toBe('pending');
    expect((await held(() => 200, {}, facts('is', '127.0.0.3'))).seen.state).toBe('reached');
    const alias = { 'dns.leads.Z0PUBLIC.A.shop.example.com': { known: 'is', answers: [{ alias: { zone: 'Z1', name: 'elb.example.com', evaluateTargetHealth: true } }] } };
    expect((await held(() => 200, {}, alias)).seen.state).toBe('reached');
  });

  it('a name that never resolved from this machine is not called bad, nor good', async () => {
    const request = (): Promise<HttpSample> => Promise.resolve({ status: 0, body: '', address: undefined, ms: 1, error: 'getaddrinfo ENOTFOUND shop.example.com' });
    const before = await stepOf('run.hold-probe', { probe: PROBE }, { effects: { http: { request } } });
    expect((await before.observe()).state).toBe('pending');
    const step = await stepOf('run.hold-probe', { probe: PROBE }, { effects: { http: { request } }, facts: { 'probe.unseen.home': true } });
    expect(await step.observe()).toMatchObject({ state: 'reached', says: 'not judged', because: expect.stringContaining('not verified from outside') as string });
    expect(step.recorded).toEqual({ 'probe.unverified.home': true });
    const users = await stepOf('run.assess-users', { probes: [PROBE] }, { effects: { http: { request } } });
    await users.observe();
    expect(users.recorded).toMatchObject({ 'signal.users': { says: 'unknown' }, 'probe.unseen.home': true });
  });

  it('one bad answer ends it: the time starts again with the next look', async () => {
    const { seen, took, step } = await held((at) => (at < 6_000 || at > 6_650 ? 200 : 0));
    expect(seen).toEqual({ state: 'pending', because: 'no answer from 127.0.0.3: ECONNREFUSED', waitingFor: 'users' });
    expect(took).toBeLessThan(8_000);
    const began = step.clock.now();
    expect((await step.observe()).state).toBe('reached');
    expect(step.clock.now() - began).toBeGreaterThanOrEqual(10_000);
  });

  it('a wrong status or body is a bad answer', async () => {
    expect((await held(() => 500)).seen).toMatchObject({ state: 'pending', because: 'status 500 from 127.0.0.3, expected 200' });
    expect((await held(() => 200, { body: 'orders' })).seen).toMatchObject({ state: 'pending' });
  });

  it('with a hold of nothing needs one good answer', async () => {
    const { seen, asked } = await held(() => 200, { holdMs: 0 });
    expect(seen.state).toBe('reached');
    expect(asked).toHaveLength(1);
  });

  describe('asks at once', () => {
    /** Answers that take no time. */
    async function instant(more: object, { facts = {}, address = '127.0.0.3' }: { facts?: Record<string, Json>; address?: string } = {}) {
      const asked: HttpRequest[] = [];
      const clock = new VirtualClock();
      const began = clock.now();
      const request = (one: HttpRequest): Promise<HttpSample> => (asked.push(one), Promise.resolve({ status: 200, body: '', address, ms: 1 }));
      const step = await stepOf('run.hold-probe', { probe: { ...PROBE, ...more } }, { clock, facts, effects: { http: { request } } });
      return { seen: await step.observe(), asked, took: clock.now() - began };
    }

    it('and holds for no moment longer than the runbook says', async () => {
      const { took, asked } = await instant({ holdMs: 10_500 });
      expect([took, asked.length]).toEqual([10_500, 12]);
      expect(asked[0]).toMatchObject({ url: PROBE.http, timeoutMs: 2_000 });
      expect(asked[0]?.signal).toBeDefined();
      expect((await instant({ holdMs: 0 })).took).toBe(0);
    });

    it('and judges a name that has begun to resolve', async () => {
      const { seen } = await instant({ holdMs: 0 }, { facts: { 'probe.unseen.home': true } });
      expect(seen).toEqual({ state: 'reached', because: 'good for 0.0 s without a gap; last: status 200 from 127.0.0.3 in 1 ms' });
    });
  });

  it.each([200, 0])('ends when it is stopped: %s', async (status) => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    const request = async (): Promise<HttpSample> => {
      await clock.sleep(100);
      stop.abort(new Error('stop'));
      return { status, body: '', address: undefined, ms: 1 };
    };
    const step = await stepOf('run.hold-probe', { probe: PROBE }, { clock, effects: { http: { request } }, signal: stop.signal });
    await expect(step.observe()).rejects.toThrow('stop');
  });
});
