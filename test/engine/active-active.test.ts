import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { worldOf } from '../refusals/said.ts';
import type { Fault } from '../../src/simulator/seeds.ts';
import { planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

const TICKETS = fileURLToPath(new URL('../../runbooks/active-active.yaml', import.meta.url));
const NAMES = ['tickets.example.com', 'www.tickets.example.com', 'api.tickets.example.com', 'invoices.tickets.example.com'];
const PLACES = [{ country: 'KR', continent: 'AS' }, { country: 'JP', continent: 'AS' }, { country: 'DE', continent: 'EU' }, {}];

/** Every address that a name answers anybody with. */
function answersOf(sim: Simulation, name: string): Set<string> {
  const seen = new Set<string>();
  for (const place of PLACES) {
    for (const region of [SEOUL, TOKYO]) {
      for (let i = 0; i < 30; i++) for (const value of sim.world.resolve(name, 'A', { ...place, region }).values) seen.add(value);
    }
  }
  return seen;
}

async function records(sim: Simulation) {
  const list = () => sim.world.call({ service: 'route53', region: 'us-east-1', operation: 'ListResourceRecordSets', input: { HostedZoneId: 'Z0123456789ABCDEFGHIJ' } });
  return (await sim.clock.run(list)).output.ResourceRecordSets;
}

function trouble(state: Awaited<ReturnType<typeof runPlan>>['state']) {
  return [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => ({ id: s.id, state: s.state, because: s.because, refusal: s.refusal, error: s.error }));
}

describe('an application that serves from two regions', () => {
  it('answers from both when nothing is wrong', async () => {
    const sim = await simulation({ path: TICKETS });
    for (const name of NAMES) expect([name, [...answersOf(sim, name)].sort()]).toEqual([name, ['127.0.0.2', '127.0.0.3']]);
  });

  it('takes a dead region out of every answer, for everybody', async () => {
    const sim = await simulation({ path: TICKETS });
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    expect(plan.source).toBe(SEOUL);
    const { state, outcome } = await runPlan(sim, plan);
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    for (const name of NAMES) expect([name, [...answersOf(sim, name)]]).toEqual([name, ['127.0.0.3']]);
    // Also when Seoul is back: nobody is led there by himself.
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    for (const name of NAMES) expect([name, [...answersOf(sim, name)]]).toEqual([name, ['127.0.0.3']]);
    await expect(planOf(sim, TOKYO)).rejects.toMatchObject({ code: 'ALREADY_ACTIVE' });
  });

  it.each<[string, Fault]>([
    ['the answer to the change was lost', { service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'answer-lost' } }],
    ['Route 53 does not know the change yet', { service: 'route53', operation: 'GetChange', effect: { kind: 'stale-read', ms: 15_000 } }],
  ])('is not done before its change has reached everybody, also where %s', async (_name, fault) => {
    const sim = await simulation({ path: TICKETS });
    sim.world.addFault(fault);
    // The one who looks from outside sits in Seoul, and sees nothing of what is answered in Tokyo.
    const seen: string[][] = [];
    const { outcome } = await runPlan(sim, await planOf(sim, { verb: 'switchover', region: SEOUL }), {
      onRecord: (record) => {
        if (record.type === 'step.done' && record.step === 'traffic.api.settle') seen.push([...answersOf(sim, 'api.tickets.example.com')]);
      },
    });
    expect(outcome).toBe('succeeded');
    expect(seen).toEqual([['127.0.0.2']]);
  });

  it('goes out and home again, and every record is as it was', async () => {
    const sim = await simulation({ path: TICKETS });
    const before = await records(sim);
    const sizes = () => sim.world.snapshot().groups.map(({ region, min, desired, max }) => ({ region, min, desired, max }));
    const own = sizes();
    sim.world.breakRegion(SEOUL);
    await runPlan(sim, await planOf(sim, TOKYO));
    expect(sizes()).not.toEqual(own);
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    const plan = await planOf(sim, { verb: 'reprotect', region: TOKYO });
    expect(plan.source).toBe(SEOUL);
    const { state, outcome } = await runPlan(sim, plan);
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(await records(sim)).toEqual(before);
    expect(sizes()).toEqual(own);
  });

  it('drains a healthy region in steps, and looks at the other between them', async () => {
    const sim = await simulation({ path: TICKETS });
    const plan = await planOf(sim, { verb: 'switchover', region: TOKYO });
    const shifts = plan.steps.filter((step) => step.kind.includes('.shift')).map((step) => step.title);
    expect(shifts.filter((title) => !title.includes('2 names'))).toEqual([
      `Take ${SEOUL} out of api.tickets.example.com, all its users at once: one latency name has no parts`,
      `Leave 1 of its 2 places of invoices.tickets.example.com with ${SEOUL}`,
      `Take ${SEOUL} out of invoices.tickets.example.com`,
    ]);
    const shop = plan.steps.filter((step) => step.id.startsWith('traffic.shop.')).map((step) => step.id.split('.').at(-1));
    expect(shop).toEqual(['assessHealthCheck', 'carry', 'shift1', 'hold1', 'shift2', 'hold2', 'shift3', 'hold3', 'shift4', 'settle']);
    const weights: string[] = [];
    const { state, outcome } = await runPlan(sim, plan, {
      onRecord: (record) => {
        if (record.type !== 'step.done' || !/^traffic\.shop\.shift/.test(record.step)) return;
        const sets = sim.world.snapshot().records.filter((r) => r.name === 'tickets.example.com.');
        weights.push(sets.map((set) => `${set.setIdentifier ?? ''} ${set.weight ?? ''}`).sort().join(', '));
      },
    });
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(weights).toEqual(['seoul 75, tokyo 100', 'seoul 50, tokyo 100', 'seoul 25, tokyo 100', 'seoul 0, tokyo 100']);
    for (const name of NAMES) expect([name, [...answersOf(sim, name)]]).toEqual([name, ['127.0.0.3']]);
  });

  /** What a name answers people in a country. */
  const asked = (sim: Simulation, name: string, country: string) => sim.world.resolve(name, 'A', { country, continent: 'AS', region: SEOUL }).values.join();

  it('drains geolocation place by place, the default last, and brings it back so', async () => {
    const sim = await simulation({ path: TICKETS });
    const before = await records(sim);
    const seen = async (verb: 'switchover' | 'reprotect') => {
      const steps: string[] = [];
      const { state, outcome } = await runPlan(sim, await planOf(sim, verb === 'switchover' ? { verb, region: TOKYO } : { verb, region: TOKYO, standby: SEOUL }), {
        onRecord: (record) => {
          if (record.type === 'step.done' && /^traffic\.invoices\.(shift|hold)/.test(record.step)) steps.push(`${record.step.split('.').at(-1) ?? ''}: KR ${asked(sim, 'invoices.tickets.example.com', 'KR')}, DE ${asked(sim, 'invoices.tickets.example.com', 'DE')}`);
        },
      });
      expect(trouble(state)).toEqual([]);
      expect(outcome).toBe('succeeded');
      return steps;
    };
    expect(await seen('switchover')).toEqual(['shift1: KR 127.0.0.3, DE 127.0.0.2', 'hold1: KR 127.0.0.3, DE 127.0.0.2', 'shift2: KR 127.0.0.3, DE 127.0.0.3']);
    expect(await seen('reprotect')).toEqual(['shift1: KR 127.0.0.2, DE 127.0.0.3', 'hold1: KR 127.0.0.2, DE 127.0.0.3', 'shift2: KR 127.0.0.2, DE 127.0.0.2']);
    expect(await records(sim)).toEqual(before);
  });

  it('drains latency name by name, and rolls back those that were moved when the other side falls ill', async () => {
    const sim = await worldOf('active-active', '    record: { name: api.tickets.example.com, type: A }', `    records:\n${['api', 'api2', 'api3'].map((name) => `      - { name: ${name}.tickets.example.com, type: A }`).join('\n')}`);
    const before = await records(sim);
    const plan = await planOf(sim, { verb: 'switchover', region: TOKYO });
    const shifts = plan.steps.filter((step) => /^traffic\.api\.(shift|hold)/.test(step.id));
    expect(shifts.map((step) => step.title)).toEqual([
      `Take ${SEOUL} out of api.tickets.example.com`, 'All stays healthy for 30 s',
      `Take ${SEOUL} out of api2.tickets.example.com`, 'All stays healthy for 30 s',
      `Take ${SEOUL} out of api3.tickets.example.com`,
    ]);
    const leads = () => ['api', 'api2', 'api3'].map((name) => asked(sim, `${name}.tickets.example.com`, 'KR')).join(' ');
    const seen: string[] = [];
    const { outcome } = await runPlan(sim, plan, {
      onRecord: (record) => {
        if (record.type !== 'step.done' || !/^traffic\.api\.shift/.test(record.step)) return;
        seen.push(leads());
        if (record.step.endsWith('shift2')) sim.world.addFault({ region: TOKYO, service: 'elbv2', effect: { kind: 'error', httpStatus: 400, code: 'AccessDenied', message: 'ill' } });
      },
    });
    expect(outcome).toBe('aborted');
    expect(seen).toEqual(['127.0.0.3 127.0.0.2 127.0.0.2', '127.0.0.3 127.0.0.3 127.0.0.2']);
    expect(leads()).toBe('127.0.0.2 127.0.0.2 127.0.0.2');
    expect(await records(sim)).toEqual(before);
  });

  it('leads a drain back when the region that stays falls ill on the way', async () => {
    const sim = await simulation({ path: TICKETS });
    const before = await records(sim);
    const plan = await planOf(sim, { verb: 'switchover', region: TOKYO });
    const { state, outcome, records: journal } = await runPlan(sim, plan, {
      onRecord: (record) => {
        if (record.type !== 'step.done' || record.step !== 'traffic.shop.shift2') return;
        sim.world.addFault({ region: TOKYO, service: 'elbv2', effect: { kind: 'error', httpStatus: 400, code: 'AccessDenied', message: 'ill' } });
      },
    });
    const hold = state.steps.get('traffic.shop.hold2');
    expect(hold).toMatchObject({ state: 'refused', refusal: { rule: 'survivors-carry', observed: `${TOKYO}: elbv2.DescribeTargetHealth in ${TOKYO}: AccessDenied: ill` } });
    expect(outcome).toBe('aborted');
    // Rolled back step by step, each change INSYNC before the next.
    expect(journal.flatMap((r) => (r.type === 'undo.done' ? [r.step] : [])).filter((id) => id.startsWith('traffic.shop'))).toEqual(['traffic.shop.shift2', 'traffic.shop.shift1']);
    expect(answersOf(sim, 'tickets.example.com').size).toBe(2);
    expect(await records(sim)).toEqual(before);
  });

  it('refuses to move anybody when the region that stays cannot carry them', async () => {
    const sim = await simulation({ path: TICKETS });
    sim.world.breakRegion(SEOUL);
    sim.world.setGroupCapacity(TOKYO, 'tickets-web', 4);
    const { outcome } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).not.toBe('succeeded');
    expect((await records(sim))?.filter((r) => r.Weight === 0)).toEqual([]);
  });

  it('refuses two writers that make the same keys, before anything is changed', async () => {
    const sim = await simulation({ path: TICKETS });
    sim.world.addDbParameterGroup({ region: TOKYO, name: 'tickets-writer', family: 'mysql8.4', parameters: { auto_increment_increment: '2', auto_increment_offset: '1' } });
    sim.world.breakRegion(SEOUL);
    const { state, outcome, records: journal } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('refused');
    expect(state.steps.get('databases.tickets.uniqueKeys')?.refusal).toEqual({
      rule: 'unique-keys',
      observed: `${SEOUL} and ${TOKYO} both start at 1`,
      threshold: 'auto_increment_increment of at least 2 for all, and an auto_increment_offset of its own for each of 2 writers',
      consequence: 'two regions would make the same key, and rows would be lost when they meet',
      override: 'aws rds modify-db-parameter-group --region REGION --db-parameter-group-name GROUP --parameters ParameterName=auto_increment_offset,ParameterValue=N,ApplyMethod=immediate',
    });
    expect(journal.filter((r) => r.type === 'step.intent')).toEqual([]);
  });

  it('a crash after any record, then resume, ends the same', async () => {
    const whole = await simulation({ path: TICKETS });
    whole.world.breakRegion(SEOUL);
    const { records: journal } = await runPlan(whole, await planOf(whole, TOKYO));
    const wanted = await records(whole);
    const cuts = journal.flatMap((record, i) => (record.type === 'step.intent' || record.type === 'step.acted' ? [i + 1] : []));
    expect(cuts.length).toBeGreaterThan(6);
    for (const cut of cuts) {
      const sim = await simulation({ path: TICKETS });
      sim.world.breakRegion(SEOUL);
      const stop = new AbortController();
      const seen: Parameters<typeof resumeRun>[1][number][] = [];
      await runPlan(sim, await planOf(sim, TOKYO), {
        drain: stop.signal,
        onRecord: (record) => {
          seen.push(record);
          if (seen.length === cut) stop.abort();
        },
      }).catch(() => undefined);
      const { outcome, state } = await resumeRun(sim, seen.slice(0, cut));
      expect([...state.steps.values()].flatMap((s) => s.refusal ?? [])).toEqual([]);
      expect([cut, outcome]).toEqual([cut, 'succeeded']);
      expect(await records(sim)).toEqual(wanted);
    }
  });
});
