import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/seeds.ts';
import { planOf, resumeRun, runPlan, SEOUL, simulation, TOKYO } from './simulated.ts';

/*
 * A whole failover with faults laid over AWS: it ends where an undisturbed one ends, and nothing is done twice.
 */

const BRISK = { promotionMs: 30_000, instanceWarmUpMs: 15_000, insyncMs: 10_000 };
const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };

/** Faults begin when the checks are green: before that a failing call rightly refuses the run. */
async function failoverWith(faults: Fault[]) {
  const sim = await simulation({ timings: BRISK });
  sim.world.breakRegion(SEOUL);
  const plan = await planOf(sim, TOKYO);
  const first = await runPlan(sim, plan, {
    onRecord: (record) => {
      if (record.type === 'checks.green') for (const fault of faults.splice(0)) sim.world.addFault(fault);
    },
  });
  // Where the calls that fail are those that look at the source, nothing is decided, and nothing changed: it is looked at again.
  const blind = first.outcome === 'refused' && first.records.every((r) => r.type !== 'step.intent');
  if (blind) await sim.clock.run(() => sim.clock.sleep(60_000));
  const { state, outcome, records } = blind ? await resumeRun(sim, first.records) : first;
  const trouble = [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.state, s.because]);
  const calls = records.flatMap((r) => ('calls' in r ? (r.calls ?? []) : []));
  const accepted = (operation: string) => new Set(calls.filter((c) => c.operation === operation && c.error === undefined).map((c) => c.requestId)).size;
  const intents = (step: string) => records.filter((r) => r.type === 'step.intent' && r.step.endsWith(step)).length;
  await sim.clock.run(() => sim.clock.sleep(120_000));
  return { sim, outcome, trouble, accepted, intents, blind };
}

function expectRecovered({ sim, outcome, trouble }: Awaited<ReturnType<typeof failoverWith>>): void {
  expect(trouble).toEqual([]);
  expect(outcome).toBe('succeeded');
  expect(sim.world.acceptsWrites(REPLICA)).toBe(true);
  expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
}

const MUTATIONS = [
  { service: 'rds', operation: 'PromoteReadReplica' },
  { service: 'route53', operation: 'ChangeResourceRecordSets' },
  { service: 'autoscaling', operation: 'UpdateAutoScalingGroup' },
] as const;

const ONCE: [string, Fault['effect']][] = [
  ['a throttle', { kind: 'throttle' }],
  ['a server error', { kind: 'error', httpStatus: 500, code: 'InternalFailure' }],
  ['a reset', { kind: 'reset' }],
  ['an answer that is lost', { kind: 'answer-lost' }],
  ['no answer', { kind: 'hang' }],
  ['a slow answer', { kind: 'slow', ms: 4_000 }],
];

describe.each(ONCE)('%s', (_name, effect) => {
  it.each(MUTATIONS)('to $operation', async (where) => {
    for (const times of [1, 2]) {
      const run = await failoverWith([{ ...where, effect, times }]);
      expectRecovered(run);
      for (const { operation } of MUTATIONS) expect(run.accepted(operation), operation).toBeLessThanOrEqual(1);
      // A change whose answer is lost shows itself at the next look: no second request.
      if (effect.kind === 'answer-lost' && where.service === 'route53') expect(run.intents('.flip')).toBe(1);
    }
  });
});

describe('faults over everything', () => {
  it.each<[string, Fault, ('blind' | 'sees')]>([
    ['forty calls in a row are throttled', { effect: { kind: 'throttle' }, times: 40 }, 'blind'],
    ['twenty calls of Tokyo fail', { region: TOKYO, effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }, times: 20 }, 'blind'],
    ['ten calls are reset', { effect: { kind: 'reset' }, times: 10 }, 'blind'],
    ['reads of RDS are half a minute old', { service: 'rds', effect: { kind: 'stale-read', ms: 30_000 } }, 'blind'],
    ['reads of Route 53 are some seconds old', { service: 'route53', effect: { kind: 'stale-read', ms: 5_000 } }, 'blind'],
    ['reads of Auto Scaling are a minute old', { service: 'autoscaling', effect: { kind: 'stale-read', ms: 60_000 } }, 'sees'],
    ['all is slow', { effect: { kind: 'slow', ms: 900 } }, 'sees'],
  ])('%s', async (_name, fault, blind) => {
    const run = await failoverWith([fault]);
    expectRecovered(run);
    expect(run.accepted('PromoteReadReplica')).toBe(1);
    expect(run.blind, 'refused at first, and nothing was changed').toBe(blind === 'blind');
  });

  it.each(MUTATIONS.filter((m) => m.service !== 'route53'))('the answer of $operation is lost and reads are old at once: asked for again, and not made twice', async (where) => {
    const run = await failoverWith([
      { ...where, effect: { kind: 'answer-lost' }, times: 1 },
      { service: where.service, effect: { kind: 'stale-read', ms: 20_000 } },
    ]);
    expectRecovered(run);
  });
});
