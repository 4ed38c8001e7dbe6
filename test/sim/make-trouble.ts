import type { Fault } from '../../src/simulator/seeds.ts';
import type { Draw } from './draw.ts';
import type { Happening } from './scenario.ts';
import { DATABASES, type Shape } from './shapes.ts';

/*
 * What goes wrong in the world of a scenario.
 */

const MINUTE = 60_000;

/** At most so many faults of AWS in a failover. */
export const TROUBLE = 5;

interface Aim {
  where?: 'source' | 'target';
  service: string;
  operation?: string;
}

const AIMS: readonly Aim[] = [
  { where: 'target', service: 'rds' },
  { where: 'target', service: 'rds', operation: 'DescribeDBInstances' },
  { where: 'target', service: 'rds', operation: 'PromoteReadReplica' },
  { where: 'target', service: 'rds', operation: 'RestoreDBInstanceToPointInTime' },
  { where: 'source', service: 'rds' },
  { where: 'source', service: 'rds', operation: 'ModifyDBInstance' },
  { where: 'source', service: 'rds', operation: 'CreateDBInstanceReadReplica' },
  { where: 'target', service: 'cloudwatch' },
  { where: 'target', service: 'autoscaling' },
  { where: 'target', service: 'autoscaling', operation: 'UpdateAutoScalingGroup' },
  { where: 'target', service: 'elbv2' },
  { where: 'target', service: 'ec2' },
  { where: 'target', service: 'ec2', operation: 'RunInstances' },
  { where: 'target', service: 's3' },
  { where: 'target', service: 's3', operation: 'PutObject' },
  { where: 'target', service: 'sns' },
  { service: 'route53' },
  { service: 'route53', operation: 'ChangeResourceRecordSets' },
  { service: 'route53', operation: 'ListResourceRecordSets' },
  { service: 'route53', operation: 'GetChange' },
];

function effectOf(draw: Draw): Fault['effect'] {
  switch (draw.between(0, 7)) {
    case 0:
    case 1:
      return { kind: 'throttle' };
    case 2:
      return { kind: 'answer-lost' };
    case 3:
      return { kind: 'hang' };
    case 4:
      return { kind: 'reset' };
    case 5:
      return { kind: 'stale-read', ms: draw.between(1_000, 120_000) };
    case 6:
      return { kind: 'slow', ms: draw.between(100, 8_000) };
    default:
      return { kind: 'error', httpStatus: draw.pick([500, 503]), code: draw.pick(['InternalFailure', 'ServiceUnavailable']) };
  }
}

export function faultOf(draw: Draw, way: { source: string; target: string }, calmAt: number): Happening {
  const at = draw.between(0, calmAt - MINUTE);
  const effect = effectOf(draw);
  const times = draw.chance(0.6) ? { times: draw.between(1, 12) } : {};
  const until = Math.min(calmAt, at + draw.between(5_000, 8 * MINUTE));
  const { where, ...aim } = draw.pick(AIMS);
  // S3 answers with what was written last: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
  const fits: Fault['effect'] = aim.service === 's3' && effect.kind === 'stale-read' ? { kind: 'slow', ms: effect.ms / 20 } : effect;
  return { at, what: 'fault', until, fault: { ...aim, ...(where === undefined ? {} : { region: way[where] }), effect: fits, ...times } };
}

/** How the source is lost, if it is. */
export function lossOfSource(draw: Draw, region: string, calmAt: number): Happening[] {
  const at = draw.between(0, 2 * MINUTE);
  const lost: Happening = { at, what: 'region-lost', region };
  const way = draw.between(0, 9);
  if (way === 0) return [];
  if (way <= 7) return [lost];
  const back = draw.between(at + 30_000, calmAt);
  const again = draw.chance(0.3) ? [{ ...lost, at: draw.between(back, calmAt) }] : [];
  return [lost, { at: back, what: 'region-back', region }, ...again];
}

export function replicationTrouble(draw: Draw, shape: Shape, calmAt: number): Happening[] {
  return DATABASES.slice(0, shape.databases).flatMap((database): Happening[] => {
    const at = draw.between(0, 4 * MINUTE);
    if (draw.chance(0.15)) return [{ at, what: 'lag', database, lagMs: draw.pick([30_000, 5 * MINUTE, 30 * MINUTE]) }];
    if (draw.chance(0.1)) return [{ at, what: 'replication-stopped', database }, ...(draw.chance(0.5) ? [{ at: draw.between(at, calmAt), what: 'replication-on' as const, database }] : [])];
    return [];
  });
}
