import type { Acceptances } from '../../src/kinds/step.ts';
import type { Fault } from '../../src/simulator/seeds.ts';
import type { Timings } from '../../src/simulator/world.ts';
import { Draw } from './draw.ts';
import { DATABASES, instanceOf, SEOUL, type Shape, TOKYO } from './shapes.ts';

/*
 * Everything that one seed decides, as plain data. Times are milliseconds from the beginning of the scenario.
 */

/** Something that happens in the world, whoever is at work. */
export type Happening =
  | { at: number; what: 'region-lost' | 'region-back'; region: string }
  | { at: number; what: 'lag'; database: string; lagMs: number }
  | { at: number; what: 'replication-stopped' | 'replication-on'; database: string }
  | { at: number; what: 'capacity'; region: string; instances: number }
  | { at: number; what: 'fault'; until: number; fault: Fault };

/** The death of a process: at the n-th journal record that it writes, or around its n-th AWS call. */
export interface Death {
  at: 'record' | 'before-call' | 'after-call';
  n: number;
}

/** One go of a person: a start or a resume. */
export interface Go {
  acceptances: Acceptances;
  death?: Death;
  /** Ctrl-C after that many milliseconds. */
  drainMs?: number;
  /** How long the person waits after it before the next go. */
  restMs: number;
}

export interface Person {
  name: string;
  host: string;
  startsAt: number;
  goes: readonly Go[];
  /** Ends the other's run at a time and goes on with it, with a higher term. */
  takesOver: boolean;
  /** Says what is asked for when everything else is over: loss, attestation. */
  insists: boolean;
}

export interface Scenario {
  seed: number;
  shape: Shape;
  timings: Partial<Timings>;
  lagMs: number;
  /** Replication stopped so long before the scenario that no lag is known any more. */
  lagUnknown: boolean;
  happenings: readonly Happening[];
  people: readonly Person[];
  /** From then on nothing more goes wrong. What is dead stays dead. */
  calmAt: number;
}

export const BOSS = 'boss@example.com';
const MINUTE = 60_000;

function shapeOf(draw: Draw): Shape {
  return {
    databases: draw.chance(0.2) ? 2 : 1,
    fence: draw.chance(0.8),
    canary: draw.chance(0.8),
    switch: draw.chance(0.6) ? 'record' : 'object',
    compute: draw.chance(0.7),
    probe: draw.chance(0.85),
    approval: draw.chance(0.5),
    rpoMinutes: draw.pick([3, 10]),
  };
}

const TARGETS: readonly { region?: string; service: string; operation?: string }[] = [
  { region: TOKYO, service: 'rds' },
  { region: TOKYO, service: 'rds', operation: 'DescribeDBInstances' },
  { region: TOKYO, service: 'rds', operation: 'PromoteReadReplica' },
  { region: SEOUL, service: 'rds' },
  { region: SEOUL, service: 'rds', operation: 'ModifyDBInstance' },
  { region: TOKYO, service: 'cloudwatch' },
  { region: TOKYO, service: 'autoscaling' },
  { region: TOKYO, service: 'autoscaling', operation: 'UpdateAutoScalingGroup' },
  { region: TOKYO, service: 'elbv2' },
  { region: TOKYO, service: 's3' },
  { region: TOKYO, service: 's3', operation: 'PutObject' },
  { region: TOKYO, service: 'sns' },
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

function faultOf(draw: Draw, calmAt: number): Happening {
  const at = draw.between(0, calmAt - MINUTE);
  const effect = effectOf(draw);
  const times = draw.chance(0.6) ? { times: draw.between(1, 12) } : {};
  const until = Math.min(calmAt, at + draw.between(5_000, 8 * MINUTE));
  return { at, what: 'fault', until, fault: { ...draw.pick(TARGETS), effect, ...times } };
}

/** How the source is lost, if it is. */
function lossOfSource(draw: Draw, calmAt: number): Happening[] {
  const at = draw.between(0, 2 * MINUTE);
  const lost: Happening = { at, what: 'region-lost', region: SEOUL };
  const way = draw.between(0, 9);
  if (way === 0) return [];
  if (way <= 7) return [lost];
  const back = draw.between(at + 30_000, calmAt);
  const again = draw.chance(0.3) ? [{ ...lost, at: draw.between(back, calmAt) }] : [];
  return [lost, { at: back, what: 'region-back', region: SEOUL }, ...again];
}

function replicationTrouble(draw: Draw, shape: Shape, calmAt: number): Happening[] {
  return DATABASES.slice(0, shape.databases).flatMap((database): Happening[] => {
    const at = draw.between(0, 4 * MINUTE);
    if (draw.chance(0.15)) return [{ at, what: 'lag', database, lagMs: draw.pick([30_000, 5 * MINUTE, 30 * MINUTE]) }];
    if (draw.chance(0.1)) return [{ at, what: 'replication-stopped', database }, ...(draw.chance(0.5) ? [{ at: draw.between(at, calmAt), what: 'replication-on' as const, database }] : [])];
    return [];
  });
}

function acceptancesOf(draw: Draw): Acceptances {
  const loss = draw.between(0, 9);
  return {
    approvedBy: draw.chance(0.9) ? [BOSS] : ['mallory@example.com'],
    ...(loss === 0 ? { dataLossSeconds: 'unknown' as const } : loss <= 2 ? { dataLossSeconds: draw.pick([1, 60, 600, 7_200]) } : {}),
    ...(draw.chance(0.12) ? { sourceDown: 'alice' } : {}),
    ...(loss <= 2 ? { reason: 'decided on the bridge' } : {}),
  };
}

function goOf(draw: Draw): Go {
  const death: Death = { at: draw.pick(['record', 'before-call', 'after-call']), n: draw.between(1, 70) };
  return {
    acceptances: acceptancesOf(draw),
    ...(draw.chance(0.4) ? { death } : {}),
    ...(draw.chance(0.15) ? { drainMs: draw.between(100, 10 * MINUTE) } : {}),
    restMs: draw.between(1_000, MINUTE),
  };
}

function peopleOf(draw: Draw, calmAt: number): Person[] {
  const insists = draw.chance(0.8);
  const first: Person = { name: 'alice', host: 'laptop', startsAt: draw.between(0, 5 * MINUTE), goes: Array.from({ length: draw.between(1, 4) }, () => goOf(draw)), takesOver: false, insists };
  if (!draw.chance(0.2)) return [first];
  const second: Person = { name: 'bob', host: 'desk', startsAt: draw.between(first.startsAt, calmAt), goes: [goOf(draw)], takesOver: draw.chance(0.7), insists };
  return [first, second];
}

/** The scenario of a seed: always the same. */
export function scenarioOf(seed: number): Scenario {
  const draw = new Draw(seed);
  const shape = shapeOf(draw);
  const calmAt = draw.between(6, 20) * MINUTE;
  const happenings = [
    ...lossOfSource(draw, calmAt),
    ...replicationTrouble(draw, shape, calmAt),
    ...(shape.compute && draw.chance(0.1) ? [{ at: draw.between(0, calmAt), what: 'capacity' as const, region: TOKYO, instances: 1 }] : []),
    ...draw.some(5, () => faultOf(draw, calmAt)),
  ];
  return {
    seed,
    shape,
    timings: { promotionMs: draw.pick([20_000, 60_000, 240_000]), insyncMs: draw.pick([5_000, 30_000]), modifyMs: draw.pick([5_000, 30_000]), instanceWarmUpMs: draw.pick([10_000, 60_000]) },
    lagMs: draw.pick([0, 500, 2_000, 20_000]),
    lagUnknown: draw.chance(0.04),
    happenings: happenings.sort((a, b) => a.at - b.at),
    people: peopleOf(draw, calmAt),
    calmAt,
  };
}

/** One line for people: what this seed is about. */
export function describeScenario(s: Scenario): string {
  const { shape } = s;
  const parts = [`${shape.databases} database${shape.databases > 1 ? 's' : ''}`, `switch ${shape.switch}`];
  for (const part of ['fence', 'canary', 'compute', 'probe', 'approval'] as const) if (!shape[part]) parts.push(`no ${part}`);
  return `seed ${s.seed}: ${parts.join(', ')}, RPO ${shape.rpoMinutes}m, lag ${s.lagUnknown ? 'unknown' : `${s.lagMs} ms`}, ${s.people.length} at work, calm at ${s.calmAt / 1000} s`;
}

export { instanceOf };
