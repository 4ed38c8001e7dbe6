import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { Signal } from '../../../src/model/signals.ts';
import type { Observation } from '../../../src/model/step.ts';
import type { Fault } from '../../../src/simulator/seeds.ts';
import { APPROVED, planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';
import type { AtHand } from '../context.ts';
import { stepIn, wait } from '../world.ts';

const WRITER = { region: SEOUL, id: 'shop-orders' };
const DOWN: Record<string, Json> = { 'source.verdict': { verdict: 'source-down', because: 'users and checkers say so' } };
const api = (signal: Omit<Signal, 'vantage'>): Record<string, Json> => ({ 'signal.rds-api.orders': { vantage: 'source-api', ...signal } });
const ANSWERED = api({ says: 'up', because: 'shop-orders is available' });

const fenceIn = (sim: Simulation, at: AtHand & { params?: Record<string, Json> }) => stepIn(sim, 'databases.orders.fence', at);

/** Looks every second until it is decided. */
async function decided(sim: Simulation, step: Awaited<ReturnType<typeof fenceIn>>): Promise<{ seen: Observation; tookMs: number; first: Observation }> {
  const began = sim.clock.now();
  const first = await step.observe();
  for (let seen = first; ; seen = await step.observe()) {
    if (seen.state !== 'pending') return { seen, first, tookMs: sim.clock.now() - began };
    if (sim.clock.now() - began > 120_000) throw new Error('it is asked for ever');
    await wait(sim, 1_000);
  }
}

describe('an API that answered when the source was judged, and answers the fence with nothing', () => {
  const facts = { ...DOWN, ...ANSWERED };

  it.each<[string, Fault]>([
    ['an answer that is lost', { region: SEOUL, service: 'rds', effect: { kind: 'answer-lost' }, times: 1 }],
    ['an error of the service', { region: SEOUL, service: 'rds', effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }, times: 2 }],
  ])('is asked again, and the writer is fenced: %s', async (_name, fault) => {
    const sim = await simulation();
    const step = await fenceIn(sim, { facts });
    sim.world.addFault(fault);
    const { first, seen } = await decided(sim, step);
    expect(first).toMatchObject({ state: 'pending', waitingFor: 'aws', because: expect.stringMatching(/; when the source was judged its API answered that shop-orders is available: it is asked again$/) as string });
    expect(seen).toEqual({ state: 'absent', because: 'shop-orders answers, and is not in quarantine' });
  });

  it('for a quarter of a minute, then a person decides; signals that were weighed while it answered do not', async () => {
    const sim = await simulation();
    const step = await fenceIn(sim, { facts });
    const attested = await fenceIn(sim, { facts, acceptances: { sourceDown: 'alice' } });
    sim.world.breakRegion(SEOUL);
    const { seen, tookMs } = await decided(sim, step);
    expect(seen).toMatchObject({ state: 'refused', refusal: { rule: 'fence', observed: expect.stringMatching(/no answer within 2000 ms, for 1\d s; when the source was judged its API answered that shop-orders is available \(if it was lost since: dr resume\)$/) as string } });
    expect(tookMs).toBeGreaterThanOrEqual(15_000);
    expect(tookMs).toBeLessThanOrEqual(20_000);
    expect((await decided(sim, attested)).seen).toMatchObject({ state: 'reached', because: expect.stringContaining('attested by alice') as string });
  });

  it('silence that is broken in between starts the count again', async () => {
    const sim = await simulation();
    const step = await fenceIn(sim, { facts });
    sim.world.breakRegion(SEOUL);
    for (let i = 0; i < 4; i++) expect(await step.observe()).toMatchObject({ state: 'pending' });
    sim.world.healRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    await wait(sim, 10_000);
    sim.world.breakRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ state: 'pending' });
  });

  it('also of a status that AWS does not list: it may take writes', async () => {
    const sim = await simulation();
    const step = await fenceIn(sim, { facts: { ...DOWN, ...api({ says: 'unknown', unsettled: true, because: 'shop-orders is quantum-leaping' }) } });
    sim.world.breakRegion(SEOUL);
    expect((await decided(sim, step)).seen).toMatchObject({ state: 'refused' });
  });

  it('nor is it fenced because its region does not know it any more: it may have another name', async () => {
    const sim = await simulation();
    const step = await fenceIn(sim, { facts, params: { id: 'gone' } });
    const { first, seen } = await decided(sim, step);
    expect(first).toMatchObject({ state: 'pending' });
    expect(seen).toMatchObject({ state: 'refused', refusal: { observed: expect.stringContaining('ap-northeast-2 answers that there is no gone, for 1') as string } });
  });

  it.each([{}, api({ says: 'down', silent: true, because: 'the RDS API gives no answer' }), api({ says: 'down', because: 'shop-orders is stopped' })])('costs a source that did not answer before no second: %j', async (before) => {
    const sim = await simulation();
    const step = await fenceIn(sim, { facts: { ...DOWN, ...before } });
    sim.world.breakRegion(SEOUL);
    expect((await decided(sim, step)).first).toMatchObject({ state: 'reached' });
  });

  it.each<[string, Record<string, Json>]>([['with', {}], ['without', { group: undefined as unknown as Json }]])('a writer that AWS says is stopped meanwhile takes no writes, %s a quarantine group', async (_name, params) => {
    const sim = await simulation();
    sim.world.setDbStatus(WRITER, 'stopped');
    const step = await fenceIn(sim, { facts, params });
    const { first } = await decided(sim, step);
    expect(first).toMatchObject({ state: 'reached', because: expect.stringMatching(/^its API answers that it is stopped/) as string });
    expect(JSON.stringify(first)).not.toContain('when the source was judged');
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: 'source-down' });
  });
});

describe('a word that was given before a sign of life was shown', () => {
  const attested = (signs: string[]): Record<string, Json> => ({ 'source.verdict': { verdict: 'attested', because: 'attested by alice', signs } });
  const silentAt = (at: number) => api({ says: 'down', silent: true, because: 'the RDS API gives no answer', at });
  const alice = { acceptances: { sourceDown: 'alice' } };

  it.each([
    ['served', 'the source itself serves users'],
    ['reached', "Route 53's checkers reach it"],
    ['receives', 'a replica still receives from it'],
    ['arrived', 'what was written after the impact has arrived from it'],
  ])('is asked for again where nothing can be fenced: %s', async (sign, words) => {
    const sim = await simulation();
    const silent = silentAt(sim.clock.now());
    const step = await fenceIn(sim, { facts: { ...attested([sign]), ...silent }, ...alice });
    expect(await step.observe()).toMatchObject({
      state: 'refused',
      refusal: {
        rule: 'fence',
        observed: `the old writer shop-orders cannot be fenced: the RDS API gives no answer. alice said that it is down, and had not been shown that ${words}`,
        threshold: 'fenced, or a named person who has been shown that, and says again that it takes no writes',
        override: '--attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    expect(step.recorded['fence.orders']).toBeUndefined();
    // What the refusal has recorded is there at the resume: the word of that start has heard of it.
    const again = await fenceIn(sim, { facts: { ...attested([sign]), ...silent, ...step.recorded }, ...alice });
    expect(await again.observe()).toMatchObject({ state: 'reached', because: expect.stringContaining('attested by alice') as string });
    // A sign that is new is another question.
    const other = sign === 'served' ? 'reached' : 'served';
    const more = await fenceIn(sim, { facts: { ...attested([sign, other]), ...silent, ...step.recorded }, ...alice });
    expect(await more.observe()).toMatchObject({ state: 'refused' });
  });

  it('holds where nothing speaks against it, and where the judge had shown what does', async () => {
    const sim = await simulation();
    const silent = silentAt(sim.clock.now());
    expect(await (await fenceIn(sim, { facts: { ...attested([]), ...silent }, ...alice })).observe()).toMatchObject({ state: 'reached' });
    const signals = { 'signal.replication.orders': { vantage: 'replication', says: 'up', because: 'lag 1 s', receiving: true } };
    const judge = await stepIn(sim, 'assess.source', { facts: signals });
    expect(await judge.observe()).toMatchObject({ state: 'refused' });
    const step = await fenceIn(sim, { facts: { ...signals, ...judge.recorded, ...attested(['receives']), ...silent }, ...alice });
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it('AWS answers for a writer, and refuses to close it: a person who attested at the start is asked again, and then the run continues', async () => {
    const sim = await simulation();
    const busy = sim.world.addFault({ region: SEOUL, operation: 'ModifyDBInstance', effect: { kind: 'error', httpStatus: 400, code: 'InvalidDBInstanceState' } });
    const said = { ...APPROVED, sourceDown: 'alice', reason: 'nobody can log in' };
    // Users get nothing, and nothing is replicated: nothing else speaks against the word.
    sim.world.setDbStatus(WRITER, 'backing-up');
    const plan = await planOf(sim, TOKYO);
    const first = await runPlan(sim, plan, { acceptances: said });
    expect(first.outcome).toBe('refused');
    expect(first.state.steps.get('databases.orders.fence')?.refusal).toMatchObject({ rule: 'fence', observed: expect.stringMatching(/AWS refuses the change: .*InvalidDBInstanceState.*alice said that it is down, and had not been shown that .*AWS answers for the database, and refuses to close it$/) as string });
    expect(sim.world.acceptsWrites({ region: TOKYO, id: 'shop-orders-tokyo' })).toBe(false);
    // A resume without a word is refused; one whose word has heard of it continues.
    expect((await resumeRun(sim, first.records, APPROVED)).outcome).toBe('refused');
    const last = await resumeRun(sim, first.records, said);
    expect(last.state.facts.get('fence.orders')).toMatchObject({ verdict: 'attested', because: expect.stringContaining('attested by alice') as string });
    busy();
  });
});

describe('a guard whose old writer answered, and was open', () => {
  const guardIn = (sim: Simulation, facts: Record<string, Json> = {}) => stepIn(sim, 'databases.orders.fenceAgain', { facts });

  it('takes one answer that is lost for no fence; after a minute of silence it is lost again', async () => {
    const sim = await simulation();
    const step = await guardIn(sim, DOWN);
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    sim.world.breakRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ state: 'pending', waitingFor: 'aws', unsafe: true, because: expect.stringMatching(/^shop-orders in ap-northeast-2 answered again at .*, was not fenced yet, and gives no answer now$/) as string });
    for (let i = 0; i < 12; i++) {
      await wait(sim, 5_000);
      await step.observe();
    }
    const lost = await step.observe();
    expect(lost).toMatchObject({ state: 'pending', waitingFor: 'hold', because: expect.stringContaining('is silent now, so it is not fenced') as string });
    expect(lost).not.toHaveProperty('unsafe');
    sim.world.healRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    sim.world.breakRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ unsafe: true });
  });

  it('that has never answered is not known to be open', async () => {
    const sim = await simulation();
    const step = await guardIn(sim, DOWN);
    sim.world.breakRegion(SEOUL);
    const seen = await step.observe();
    expect(seen).toMatchObject({ state: 'pending', waitingFor: 'hold', because: expect.stringContaining('has not answered since') as string });
    expect(seen).not.toHaveProperty('unsafe');
  });
});
