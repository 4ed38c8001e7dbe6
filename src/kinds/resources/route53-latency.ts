import { inRegion, regionsAt } from '../common.ts';
import { type Policy, sharedKind } from '../route53/shared-kind.ts';
import { type Aim, answersWith } from '../route53/aim.ts';
import { latencySchema, type Route53Latency } from '../route53/schema.ts';
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

export default sharedKind<Route53Latency>({
  strategies: ['active-active'],
  summary: 'Latency Route 53 record sets, one a region: the set of a lost region answers with a region that stays',
  schema: latencySchema,
  regions: (t) => [...regionsAt(t.sets, 'sets'), ...regionsAt(t.answers, 'answers')],
  policyOf,
  answers: (t, region, sets) => sets.some((set) => answersWith(set, inRegion(t.answers, region))),
  discover: discoverLatency,
  setRegions: (t) => Object.keys(t.sets),
  simulated: (t, record, region) => [{ ...record, setIdentifier: inRegion(t.sets, region), region }],
});
