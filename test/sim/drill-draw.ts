import type { Fault } from '../../src/simulator/seeds.ts';
import { Draw } from './draw.ts';
import type { Death, Scenario } from './scenario.ts';

/*
 * A drill of the application, as a seed draws it: before the first move, or beside a failover that takes the application from it.
 */

const MINUTE = 60_000;
/** One seed in so many has a drill, where its world allows one. */
const ONE_IN = 6;

/** One process of a drill: it begins or resumes it, or cleans up after it. */
export interface DrillGo {
  /** The machine of CI, or another one. */
  host: 'ci' | 'desk';
  clean: boolean;
  death?: Death;
  /** Ctrl-C after that many milliseconds. */
  drainMs?: number;
  pause?: { n: number; ms: number };
  restMs: number;
}

/** Somebody else has something that looks like a twin. */
export interface Stranger {
  /** With the very name that a twin of this drill will have; else with another that looks like one. */
  sameName: boolean;
  tags: Readonly<Record<string, string>>;
  what: 'database' | 'instance';
  /** After the first process has ended, and not right after the plan was made. */
  late: boolean;
}

export interface DrillScenario {
  when: 'before' | 'beside';
  startsAt: number;
  goes: readonly DrillGo[];
  /** Laid over the calls of each process but the last ones. */
  faults: readonly Fault[];
  stranger?: Stranger;
}

const EFFECTS: readonly Fault['effect'][] = [
  { kind: 'answer-lost' }, { kind: 'throttle' }, { kind: 'reset' }, { kind: 'hang' }, { kind: 'empty' }, { kind: 'stale-read', ms: 5_000 },
  { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }, { kind: 'error', httpStatus: 403, code: 'AccessDenied' },
];
const AIMS: readonly Pick<Fault, 'service' | 'operation'>[] = [
  { service: 'rds' }, { service: 'rds', operation: 'CreateDBInstanceReadReplica' }, { service: 'rds', operation: 'DeleteDBInstance' }, { service: 'rds', operation: 'DescribeDBInstances' },
  { service: 'rds', operation: 'RestoreDBInstanceToPointInTime' }, { service: 'rds', operation: 'PromoteReadReplica' }, { service: 'autoscaling' }, { service: 'autoscaling', operation: 'CreateAutoScalingGroup' },
  { service: 'autoscaling', operation: 'DeleteAutoScalingGroup' }, { service: 'route53' }, { service: 'route53', operation: 'ChangeResourceRecordSets' },
];

/** The same trouble where no group launches the instances: as many aims, so that a seed draws what it drew. */
export function onInstances(aim: Pick<Fault, 'service' | 'operation'>): Pick<Fault, 'service' | 'operation'> {
  if (aim.service !== 'autoscaling') return aim;
  const operation = { CreateAutoScalingGroup: 'RunInstances', DeleteAutoScalingGroup: 'TerminateInstances' }[aim.operation ?? ''];
  return { service: 'ec2', ...(operation === undefined ? {} : { operation }) };
}

function goOf(draw: Draw, first: boolean): DrillGo {
  const death: Death = { at: draw.pick(['record', 'before-call', 'after-call']), n: draw.between(1, 140) };
  return {
    host: draw.chance(0.7) ? 'ci' : 'desk',
    clean: !first && draw.chance(0.5),
    ...(draw.chance(0.55) ? { death } : {}),
    ...(draw.chance(0.12) ? { drainMs: draw.between(100, 10 * MINUTE) } : {}),
    ...(draw.chance(0.08) ? { pause: { n: draw.between(1, 60), ms: draw.between(20_000, 10 * MINUTE) } } : {}),
    restMs: draw.between(1_000, 2 * MINUTE),
  };
}

/** Drawn apart: all else of a seed stays what it was. */
export function withDrill(scenario: Scenario): Scenario {
  const draw = new Draw(scenario.seed ^ 0xd511);
  const [first] = scenario.chapters;
  const odd = scenario.detachedMs !== undefined || scenario.lagUnknown || scenario.pending === true;
  if (draw.between(1, ONE_IN) !== 1 || odd || first === undefined) return scenario;
  const when = first.verb === 'failover' && draw.chance(0.5) ? 'beside' : 'before';
  const goes = Array.from({ length: draw.between(1, 4) }, (_, i) => goOf(draw, i === 0));
  const instances = scenario.shape.compute === 'instances' || scenario.shape.compute === 'image';
  const aims = instances ? AIMS.map(onInstances) : AIMS;
  const faults = draw.some(3, (): Fault => ({ ...draw.pick(aims), effect: draw.pick(EFFECTS), times: draw.between(1, 4) }));
  const stranger: Stranger = { sameName: draw.chance(0.5), tags: draw.pick([{}, { 'dr:drill': '20261101T000000Z-shop-drill-000009' }, { 'dr:drill': 'somebody' }]), late: draw.chance(0.4), what: instances && scenario.seed % 2 === 0 ? 'instance' : 'database' };
  return { ...scenario, drill: { when, startsAt: draw.between(0, 2 * MINUTE), goes, faults, ...(draw.chance(0.3) ? { stranger } : {}) } };
}
