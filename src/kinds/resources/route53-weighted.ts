import { inRegion, regionsAt } from '../common.ts';
import type { LintFinding } from '../../model/kind.ts';
import type { Strategy } from '../../model/verb.ts';
import { type Policy, sharedKind } from '../route53/shared-kind.ts';
import type { Aim } from '../route53/aim.ts';
import { type Route53Weighted, weightedSchema } from '../route53/schema.ts';
import { discoverWeighted } from '../discovery/shared-records.ts';

/*
 * One weighted record set for each region. A region is taken out by the weight 0, so that its set stays as it is.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
 */

/** So many answers in a row without the region: one that kept a tenth of the users would be missed once in eight. */
const SAMPLES = 20;

/** The weight of a region that answers: its own; the largest of all for a standby that the runbook gives 0. */
function servingWeight(t: Route53Weighted, region: string): number {
  return inRegion(t.weights, region) || Math.max(...Object.values(t.weights));
}

/** One rule for weights: 0 to 255, not 0 for all, and not 0 where every region serves. */
function lintWeights(t: Route53Weighted, strategy: Strategy): LintFinding[] {
  const idle = Object.keys(t.weights).filter((region) => t.weights[region] === 0);
  const wrong = strategy === 'active-active' ? idle.length > 0 : idle.length === Object.keys(t.weights).length;
  if (!wrong) return [];
  const message = `${idle.join(' and ')} ${idle.length === 1 ? 'has' : 'have'} the weight 0: weights are 0 to 255, a standby may have 0, and a region that serves needs at least 1${strategy === 'active-active' ? '; with active-active every region serves' : ''}`;
  return [{ path: ['weights'], message, severity: 'error' }];
}

function policyOf(t: Route53Weighted): Policy {
  const set = (region: string) => inRegion(t.sets, region);
  const weight = (region: string) => servingWeight(t, region);
  // What is not to be 0 is at least 1: a small weight must not fall out by rounding.
  const share = (region: string, percent: number) => (percent === 0 ? 0 : Math.max(1, Math.round((weight(region) * percent) / 100)));
  const weights = (shares: Record<string, number>): Aim => ({ policy: 'weighted', weights: shares });
  return {
    setsOf: (region) => [set(region)],
    aim: (inside, leaving) =>
      weights(
        Object.fromEntries(
          Object.keys(t.sets).map((region) => [set(region), region === leaving?.region ? share(region, leaving.percent) : inside.includes(region) ? weight(region) : 0]),
        ),
      ),
    back: (region, percent) => weights({ [set(region)]: share(region, percent) }),
    away: (region, { from }) => weights({ [set(region)]: share(region, from) }),
    pace: () => t.pace,
    part: (_region, percent) => `${percent} % of its share`,
    answer: (region) => t.answers?.[region],
    samples: SAMPLES,
  };
}

export default sharedKind<Route53Weighted>({
  strategies: ['backup-restore', 'pilot-light', 'warm-standby', 'active-active'],
  summary: 'Weighted Route 53 record sets, one a region: a lost region gets the weight 0, a planned drain goes in steps',
  schema: weightedSchema,
  regions: (t) => [...regionsAt(t.sets, 'sets'), ...regionsAt(t.weights, 'weights')],
  lint: lintWeights,
  policyOf,
  answers: (t, region, sets) => sets.some((set) => set.SetIdentifier === inRegion(t.sets, region) && (set.Weight ?? 0) > 0),
  discover: discoverWeighted,
  setRegions: (t) => Object.keys(t.sets),
  simulated: (t, record, region, { strategy, home }) => [
    { ...record, setIdentifier: inRegion(t.sets, region), weight: strategy === 'active-active' || region === home ? servingWeight(t, region) : 0 },
  ],
});
