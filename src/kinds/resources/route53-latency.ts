import { inRegion } from '../common.ts';
import type { ResourceKind } from '../../model/kind.ts';
import { planRouting, type Policy, steps } from '../route53/routing-plan.ts';
import { type Aim, answersWith } from '../route53/aim.ts';
import { lintShared, sharedRegions } from '../route53/lint.ts';
import { observeRegions } from '../route53/observe-regions.ts';
import { inspectRouting, routingRights, sharedWatches } from '../route53/ready.ts';
import { DNS_SLA } from '../slas.ts';
import { routingTiming } from '../route53/timing.ts';
import { lookRights } from '../route53/rights.ts';
import { latencySchema, type Route53Latency, recordsOf, routingOf } from '../route53/schema.ts';
import { simulateShared, simulatedAnswer } from '../route53/simulate.ts';
import { trafficDrill } from '../route53/drill.ts';
import { discoverLatency } from '../discovery/shared-records.ts';

/*
 * One latency record set for each region. A region that is out keeps its set, and the set answers what the target
 * answers: nothing is deleted, and the runbook has all it takes to bring it back.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-latency.html
 */

function policyOf(t: Route53Latency): Policy {
  const set = (owner: string, answering: string) => ({ region: owner, answer: inRegion(t.answers, answering) });
  const sets = (owners: readonly string[], answering: (owner: string) => string): Aim => ({
    policy: 'answers',
    sets: Object.fromEntries(owners.map((owner) => [inRegion(t.sets, owner), set(owner, answering(owner))])),
  });
  return {
    setsOf: (region) => [inRegion(t.sets, region)],
    aim: (inside, leaving) => sets(Object.keys(t.sets), (owner) => (inside.includes(owner) || owner === leaving?.region ? owner : (inside[0] ?? owner))),
    back: (region) => sets([region], (owner) => owner),
    away: (region, _part, others) => sets([region], (owner) => others[0] ?? owner),
    pace: () => [0],
    part: () => 'its users',
    byName: true,
    answer: (region) => t.answers[region],
    samples: 1,
  };
}

const kind: ResourceKind<Route53Latency> = {
  section: 'traffic',
  strategies: ['active-active'],
  summary: 'Latency Route 53 record sets, one a region: the set of a lost region answers with a region that stays',
  schema: latencySchema,
  routing: (t) => routingOf(t, (region) => t.sets[region]),
  regions: (t) => [
    { path: ['sets'], regions: Object.keys(t.sets) },
    { path: ['answers'], regions: Object.keys(t.answers) },
    ...sharedRegions(t),
  ],
  lint: lintShared,
  observe: (ctx, t) =>
    observeRegions(ctx, t, {
      setsOf: (region) => [inRegion(t.sets, region)],
      answers: (region, sets) => sets.some((set) => answersWith(set, inRegion(t.answers, region))),
    }),
  plan: (ctx, name, t, state) => planRouting(ctx, name, t, state, policyOf(t)),
  drill: (ctx, name, t) => trafficDrill(ctx, name, t.zone, recordsOf(t), { set: inRegion(t.sets, ctx.target), answer: inRegion(t.answers, ctx.target) }),
  inspect: (ctx, _name, t) => inspectRouting(ctx, t, sharedWatches(t, (region) => [inRegion(t.sets, region)])),
  inspectRights: routingRights,
  timing: routingTiming,
  slas: () => Promise.resolve([DNS_SLA]),
  looks: lookRights,
  steps,
  discover: discoverLatency,
  simulate: (world, name, t) => {
    const regions = Object.keys(t.sets);
    simulateShared(world, name, t, regions, (record, region) => [
      { ...record, ...simulatedAnswer(t.answers[region], record.type, regions, region), setIdentifier: inRegion(t.sets, region), region },
    ]);
  },
};

export default kind;
