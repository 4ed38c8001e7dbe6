import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { SEOUL, simulation, type Simulation } from '../../engine/simulated.ts';
import type { AtHand } from '../context.ts';
import { stepIn, wait } from '../world.ts';

const WRITER = { region: SEOUL, id: 'shop-orders' };
const verdict = (word: string): Record<string, Json> => ({ 'source.verdict': { verdict: word, because: `it is ${word}` } });

/** The fence step. The plan is made before Seoul is broken, where it is to be. */
async function fenceOf(sim: Simulation, at: AtHand & { broken?: boolean; group?: false } = {}) {
  const step = await stepIn(sim, 'databases.orders.fence', at);
  if (at.broken === true) sim.world.breakRegion(SEOUL);
  return step;
}

/** As a runbook without `fence` gives it. */
async function withoutGroup(sim: Simulation, at: AtHand = {}) {
  return stepIn(sim, 'databases.orders.fence', { ...at, params: { group: undefined as unknown as Json } });
}

describe('fencing the old writer', () => {
  it('that answers: its security groups are replaced by the closed one, and it takes no more writes', async () => {
    const sim = await simulation();
    const step = await fenceOf(sim);
    expect(await step.check()).toMatchObject({ state: 'ok' });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'shop-orders answers, and is not in quarantine' });
    expect(sim.world.acceptsWrites(WRITER)).toBe(true);
    await step.act();
    const seen: unknown[] = [];
    for (let i = 0; i < 60 && sim.world.acceptsWrites(WRITER); i++) {
      await wait(sim, 1_000);
      seen.push(await step.observe());
      // Not fenced before it is.
      if (sim.world.acceptsWrites(WRITER)) expect(step.recorded['fence.orders']).toBeUndefined();
    }
    expect(seen).toContainEqual({ state: 'pending', waitingFor: 'aws', because: 'sg-0aaaaaaaaaaaaaaaa is being applied to shop-orders' });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'shop-orders accepts no connection: its only security group is sg-0aaaaaaaaaaaaaaaa' });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: 'fenced' });
    expect(sim.world.acceptsWrites(WRITER)).toBe(false);
  });

  it.each(['source-down', 'attested'])('that is silent: the verdict %s on its region holds', async (word) => {
    const sim = await simulation();
    const step = await fenceOf(sim, { facts: verdict(word), broken: true });
    expect(await step.observe()).toMatchObject({ state: 'reached', because: expect.stringContaining(`it is ${word}`) as string });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: word });
  });

  it('that was found silent a moment ago is not asked again', async () => {
    const sim = await simulation();
    const signal = { vantage: 'source-api', says: 'down', because: 'the RDS API gives no answer', silent: true };
    const step = await fenceOf(sim, { facts: { ...verdict('source-down'), 'signal.rds-api.orders': signal }, broken: true });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'the RDS API gives no answer; it is source-down' });
    expect(step.calls()).toEqual([]);
  });

  it.each([['not-down', verdict('not-down')], ['missing', {}], ['none of ours', { 'source.verdict': 'down' }]])('that is silent, with a verdict that is %s: refused', async (_name, facts) => {
    const sim = await simulation();
    const step = await fenceOf(sim, { facts, broken: true });
    expect(await step.observe()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'fence',
        observed: 'the old writer shop-orders cannot be fenced: rds.DescribeDBInstances in ap-northeast-2: NoAnswer: no answer within 2000 ms',
        threshold: 'fenced, or the source down by two independent signals',
        consequence: 'two writers may accept orders at once, and their data can no longer be joined',
        override: '--attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    expect(step.recorded).toEqual({});
  });

  it('that does not exist any more', async () => {
    const sim = await simulation();
    const step = await stepIn(sim, 'databases.orders.fence', { params: { id: 'gone' } });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'gone does not exist in ap-northeast-2' });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: 'fenced' });
  });

  it('that dies while it is being fenced: the next look decides', async () => {
    const sim = await simulation();
    const step = await fenceOf(sim, { facts: verdict('source-down') });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    sim.world.breakRegion(SEOUL);
    await step.act();
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it('a clear no of AWS is an error, never a verdict', async () => {
    const sim = await simulation();
    sim.world.addFault({ region: SEOUL, service: 'rds', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    const step = await fenceOf(sim, { facts: verdict('source-down') });
    await expect(step.observe()).rejects.toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
    await expect(step.act()).rejects.toMatchObject({ code: 'AccessDenied' });
    expect(step.recorded).toEqual({});
  });
});

describe('without a quarantine group', () => {
  it('a writer that answers as available is not safe by what users and checkers see: a person must say so', async () => {
    const sim = await simulation();
    const step = await withoutGroup(sim, { facts: verdict('source-down') });
    expect(await step.observe()).toMatchObject({
      state: 'refused',
      refusal: {
        rule: 'fence',
        observed: 'the old writer shop-orders cannot be fenced: its API answers that it is available, and the runbook names no quarantine group',
        threshold: 'fenced by a security group, or a named person who says that it takes no writes',
        override: '--attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    const attested = await withoutGroup(sim, { facts: verdict('source-down'), acceptances: { sourceDown: 'alice' } });
    expect(await attested.observe()).toMatchObject({ state: 'reached' });
    expect(attested.recorded['fence.orders']).toMatchObject({ verdict: 'attested', because: expect.stringContaining('attested by alice') as string });
  });

  it('one that answers as stopped is as good as its region’s verdict', async () => {
    const sim = await simulation();
    sim.world.setDbStatus(WRITER, 'stopped');
    expect(await (await withoutGroup(sim, { facts: verdict('source-down') })).observe()).toMatchObject({ state: 'reached' });
    expect(await (await withoutGroup(sim, { facts: verdict('not-down') })).observe()).toMatchObject({ state: 'refused' });
  });

  it('a silent one is as before', async () => {
    const sim = await simulation();
    const step = await withoutGroup(sim, { facts: verdict('source-down') });
    sim.world.breakRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });
});
