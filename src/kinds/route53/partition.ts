import { partitionOf } from '../../base/regions.ts';
import type { LintFinding } from '../../model/kind.ts';
import { answersOf } from './aim.ts';
import type { Route53Failover, Route53Simple, SharedTraffic } from './schema.ts';

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
