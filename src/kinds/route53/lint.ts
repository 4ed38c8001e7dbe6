import type { RecordKey } from '../../aws/route53.ts';
import type { LintFinding } from '../../model/kind.ts';
import { type Answer, answersOf } from './aim.ts';
import { recordsOf, type Route53Failover, type Route53Simple, type SharedTraffic } from './schema.ts';
import { wrongValue, wrongValues } from './values.ts';
import { partitionOf } from '../../base/regions.ts';
import { regionsAt } from '../common.ts';

/** The maps that every kind by which several regions answer may have. */
export function sharedRegions(t: SharedTraffic): { path: string[]; regions: string[]; partial?: boolean }[] {
  return [
    ...regionsAt(t.object, 'object'),
    ...regionsAt(t.capacity, 'capacity'),
    ...(t.kind === 'route53-weighted' ? regionsAt(t.answers, 'answers') : []),
    // Where an object lives is a region too, and need not be all of them.
    ...Object.entries(t.object ?? {}).map(([region, { in: home }]) => ({ path: ['object', region], regions: [home], partial: true })),
  ];
}

/** What is unwise in any of them, as far as the runbook alone can tell. */
export function lintShared(t: SharedTraffic): LintFinding[] {
  const warn = (path: string[], message: string): LintFinding => ({ path, message, severity: 'warning' });
  const findings: LintFinding[] = [];
  const unchecked = Object.entries(t.answers ?? {}).flatMap(([region, answer]) => {
    const without = answersOf(answer).filter((one) => one.answer.healthCheck === undefined);
    return without.length === 0 ? [] : [[region, without.map((one) => one.answer)] as const];
  });
  const leavesByItself = ([, answers]: (typeof unchecked)[number]): boolean => answers.every((answer) => 'alias' in answer && answer.alias.evaluateTargetHealth);
  const say = (which: typeof unchecked, what: string): void => {
    if (which.length > 0) findings.push(warn(['answers'], `${which.map(([region]) => region).join(' and ')} ${which.length === 1 ? 'has' : 'have'} ${what}`));
  };
  say(unchecked.filter((one) => !leavesByItself(one)), 'neither a health check nor an alias that evaluates its target: Route 53 would keep sending users into a lost region until a failover is run');
  if (t.switch === 'record') {
    say(
      unchecked.filter(leavesByItself),
      'an alias that evaluates its target, and no health check: Route 53 leaves a lost region by itself but cannot be asked whether it has; without another signal a failover will need a named person (--attest-source-down)',
    );
  }
  if (t.switch === 'health-check' && unchecked.length > 0) {
    findings.push({ path: ['answers'], severity: 'error', message: '`switch: health-check` needs a `healthCheck` of its own in each answer' });
  }
  if (t.switch !== 'object' && t.object !== undefined) findings.push(warn(['object'], `\`object\` is not used by \`switch: ${t.switch}\``));
  if (t.capacity === undefined) findings.push(warn([], 'without `capacity` it is only seen from health checks whether the regions that stay carry the load'));
  return findings;
}

type Answering = Pick<SharedTraffic | Route53Failover | Route53Simple, 'kind' | 'answers' | 'record' | 'records'>;

/** Answers that do not fit the types of the records: Route 53 would refuse the whole change, after the point of no return. */
export function lintAnswers(t: Answering): LintFinding[] {
  const findings: LintFinding[] = [];
  const types = [...new Set(recordsOf(t).map(({ type }) => type))];
  const refuse = (path: (string | number)[], message: string): void => void findings.push({ path: ['answers', ...path], message, severity: 'error' });
  for (const [region, said] of Object.entries(t.answers ?? {})) {
    const answers = answersOf(said);
    for (const { key, answer } of answers) {
      if (key !== undefined && !types.includes(key)) refuse([region, key], `no record of this resource has the type ${key}`);
      const path = key === undefined ? [region] : [region, key];
      for (const type of key === undefined ? types : [key]) wrongIn(answer, type, types, (at, message) => refuse([...path, ...at], message));
    }
    const missing = answers.some(({ key }) => key === undefined) ? [] : types.filter((type) => !answers.some(({ key }) => key === type));
    if (missing.length > 0) refuse([region], `the key "${missing.join('", "')}" is missing: the resource has ${missing.join(' and ')} records`);
  }
  return [...findings, ...lintZones(t)];
}

/** `shop-1.ap-northeast-1.elb.amazonaws.com` of an ALB, and with the two words the other way round of an NLB. */
const BALANCER = /\.(?:elb\.([a-z0-9-]+)|([a-z0-9-]+)\.elb)\.amazonaws\.com(?:\.cn)?\.?$/;

/** The load balancers of each region have hosted zones of their own. An error where a run would write that alias. https://docs.aws.amazon.com/general/latest/gr/elb.html */
function lintZones(t: Answering): LintFinding[] {
  const severity = t.kind === 'route53-failover' || t.kind === 'route53-weighted' ? 'warning' : 'error';
  const regionOf = new Map<string, string>();
  return Object.entries(t.answers ?? {}).flatMap(([region, said]) =>
    answersOf(said).flatMap(({ key, answer }): LintFinding[] => {
      const [, ofNetwork, ofOthers] = 'alias' in answer ? (BALANCER.exec(answer.alias.name.toLowerCase()) ?? []) : [];
      const own = ofNetwork ?? ofOthers;
      if (!('alias' in answer) || own === undefined) return [];
      const other = regionOf.get(answer.alias.zone) ?? own;
      regionOf.set(answer.alias.zone, other);
      if (other === own) return [];
      const path = ['answers', region, ...(key === undefined ? [] : [key]), 'alias', 'zone'];
      return [{ path, message: `${answer.alias.zone} is the zone of a load balancer in ${other} here, and ${answer.alias.name} is in ${own}: Route 53 refuses an alias whose name is not in its zone. aws elbv2 describe-load-balancers --region ${own} shows CanonicalHostedZoneId`, severity }];
    }),
  );
}

function wrongIn(answer: Answer, type: RecordKey['type'], types: readonly string[], refuse: (at: (string | number)[], message: string) => void): void {
  if (!('values' in answer)) return;
  const together = wrongValues(type, answer.values);
  if (together !== undefined) refuse(['values'], together);
  const hint = types.length > 1 ? `; the resource has ${types.join(' and ')} records: give the answers by type, e.g. { ${types.map((one) => `${one}: { values: [...] }`).join(', ')} }` : '';
  const bad = answer.values.findIndex((value) => wrongValue(type, value) !== undefined);
  if (bad >= 0) refuse(['values', bad], `${wrongValue(type, answer.values[bad] ?? '') ?? ''}${hint}`);
}

/*
 * What the Route 53 of a partition does not have.
 * China: https://docs.amazonaws.cn/en_us/aws/latest/userguide/route53.html
 * GovCloud (US): https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-r53.html
 */

/** Names of AWS resources outside China, e.g. `lb.eu-west-1.elb.amazonaws.com`. */
const OUTSIDE_CHINA = /\.(amazonaws\.(com|eu)|cloudfront\.net)\.?$/;

/** Offline, by the regions of the runbook: an error where Route 53 would refuse the record, a warning where it may. */
export function lintPartition(t: SharedTraffic | Route53Failover | Route53Simple, regions: readonly string[]): LintFinding[] {
  const partition = partitionOf(regions[0] ?? '');
  if (partition === 'aws-us-gov' && (t.kind === 'route53-latency' || t.kind === 'route53-geolocation')) {
    const message = 'AWS documents for GovCloud (US) that latency and geolocation routing are not available: check that your zone has such records, or use route53-weighted';
    return [{ path: ['kind'], message, severity: 'warning' }];
  }
  if (partition !== 'aws-cn') return [];
  return Object.entries(t.answers ?? {}).flatMap(([region, said]) =>
    answersOf(said).flatMap(({ key, answer }): LintFinding[] => {
      if (!('alias' in answer) || !OUTSIDE_CHINA.test(answer.alias.name)) return [];
      const path = ['answers', region, ...(key === undefined ? [] : [key]), 'alias', 'name'];
      return [{ path, message: `${answer.alias.name} is outside the China regions: Route 53 in China has no alias to it`, severity: 'error' }];
    }),
  );
}
