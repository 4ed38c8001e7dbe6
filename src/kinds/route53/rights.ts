import { globalArn } from '../../base/arn.ts';
import { partitionOf, route53RegionFor } from '../../base/regions.ts';
import { allow } from '../common.ts';
import type { LookContext } from '../../model/kind.ts';
import type { Permission } from '../../model/step.ts';
import { answersOf } from './aim.ts';
import { recordsOf, type Traffic } from './schema.ts';

/*
 * What the steps of traffic need. Each partition has one Route 53: its ARNs name neither region nor account.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
 */

/** The region that becomes active: it tells the partition. */
type At = Pick<LookContext, 'target'>;

export function route53Plane({ target }: At): string {
  return `route53@${route53RegionFor(target)}`;
}

function arn({ target }: At, service: 'route53' | 's3', resource: string): string {
  return globalArn(partitionOf(target), service, resource);
}

/** The health checks that the runbook names, if it names one for every region; else those of the records, whatever they are. */
function healthCheckArns(at: At, t: Traffic): string[] {
  const answers = Object.values(t.answers ?? {}).flatMap(answersOf);
  const ids = answers.flatMap(({ answer }) => answer.healthCheck ?? []);
  const all = ids.length > 0 && ids.length === answers.length;
  return (all ? [...new Set(ids)] : ['*']).map((id) => arn(at, 'route53', `healthcheck/${id}`));
}

function zoneArn(at: At, t: Traffic): string {
  return arn(at, 'route53', `hostedzone/${t.zone}`);
}

/** Who answers now, what Route 53's checkers see, and of what. */
export function readRights(at: At, t: Traffic): Permission[] {
  return [listRights(at, t), allow(['route53:GetHealthCheck', 'route53:GetHealthCheckStatus'], healthCheckArns(at, t))];
}

export function listRights(at: At, t: Traffic): Permission {
  return allow(['route53:ListResourceRecordSets'], [zoneArn(at, t)]);
}

/** Sets are taken out and brought back by their health checks. */
export function checkRights(at: At, t: Traffic): Permission[] {
  return [listRights(at, t), allow(['route53:GetHealthCheck', 'route53:UpdateHealthCheck'], healthCheckArns(at, t))];
}

/** Only the names and types of the runbook. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html */
export function changeRights(at: At, t: Traffic): Permission[] {
  const records = recordsOf(t);
  const of = (values: readonly string[]) => [...new Set(values)].sort();
  return [
    allow(['route53:GetHostedZone', 'route53:ListResourceRecordSets', 'route53:ListResourceRecordSetProtections'], [zoneArn(at, t)]),
    allow(['route53:ChangeResourceRecordSets'], [zoneArn(at, t)], {
      'ForAllValues:StringEquals': {
        'route53:ChangeResourceRecordSetsNormalizedRecordNames': of(records.map(({ name }) => normalizedName(name))),
        'route53:ChangeResourceRecordSetsRecordTypes': of(records.map(({ type }) => type)),
      },
    }),
    allow(['route53:GetChange'], [arn(at, 'route53', 'change/*')]),
    ...(t.kind === 'route53-simple' ? [] : [allow(['route53:GetHealthCheck', 'route53:GetHealthCheckStatus'], healthCheckArns(at, t))]),
  ];
}

/** As Route 53 compares names: lower case, without the last dot, unusual characters as octal numbers. */
export function normalizedName(name: string): string {
  const octal = (char: string) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
  return name.toLowerCase().replace(/\.$/, '').replace(/[^a-z0-9._-]/g, octal);
}

export function objectRights(at: At, bucket: string, key: string): Permission[] {
  return [allow(['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], [arn(at, 's3', `${bucket}/${key}`)]), mayList(at, bucket)];
}

/** Without it S3 answers 403 for an object that is not there. */
function mayList(at: At, bucket: string): Permission {
  return allow(['s3:ListBucket'], [arn(at, 's3', bucket)]);
}

export function lookRights(at: LookContext, t: Traffic): Permission[] {
  if (t.kind === 'route53-simple' || t.switch !== 'object') {
    const forced = t.switch === 'health-check' ? [allow(['route53:GetHealthCheck'], healthCheckArns(at, t))] : [];
    return [allow(['route53:ListResourceRecordSets'], [zoneArn(at, t)]), ...forced];
  }
  const objects = Object.entries<{ bucket: string; key: string; in?: string }>(t.object ?? {});
  const here = objects.filter(([region, { in: home = region }]) => home === at.target).map(([, object]) => object);
  return here.flatMap(({ bucket, key }) => [allow(['s3:GetObject'], [arn(at, 's3', `${bucket}/${key}`)]), mayList(at, bucket)]);
}
