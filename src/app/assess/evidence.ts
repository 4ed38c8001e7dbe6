import type { AlarmSeen } from './alarms.ts';
import type { HealthSeen } from './health.ts';
import type { Asked } from '../../aws/looking.ts';
import type { ServingTarget } from '../../model/kind.ts';
import type { Signal } from '../../model/signals.ts';

/* What was seen of one direction, and the same as a table. Pure. */

/** A service of a region, by what its answers were. */
export interface Api {
  service: string;
  region: string;
  says: Signal['says'];
  because: string;
}

export interface TargetsSeen {
  /** e.g. `compute.web`. */
  resource: string;
  region: string;
  /** Undefined where nobody answered. */
  targets?: readonly ServingTarget[];
  /** Why not. */
  unknown?: string;
}

export interface StandbyAnswer {
  /** `down`: it gives no answer at all. A standby that is not active may well say so: that is `unknown`. */
  says: Signal['says'];
  because: string;
}

export interface Evidence {
  source: string;
  target: string;
  /** By name, as the steps of the assessment record them. */
  signals: readonly { name: string; signal: Signal }[];
  apis: readonly Api[];
  targets: readonly TargetsSeen[];
  standby: StandbyAnswer;
  alarms?: readonly AlarmSeen[];
  health?: readonly HealthSeen[];
  /** Since when users suffer, ms since the epoch, where somebody has said it. */
  impactAt?: number | undefined;
}

export interface Row {
  signal: string;
  observer: string;
  region: string;
  says: Signal['says'];
  because: string;
  /** Of what an API answers: its service. */
  api?: string;
}

/** A topic only tells people, keys are looked at for `dr check` alone, and AWS Health has rows of its own: their silence is no trouble of a region. */
const NO_SIGNAL: ReadonlySet<string> = new Set(['sns', 'kms', 'health']);

/** Each service of each region, by what became of every question to it. */
export function apisOf(asked: readonly Asked[]): Api[] {
  const groups = Map.groupBy(asked.filter(({ service }) => !NO_SIGNAL.has(service)), ({ service, region }) => `${service} ${region}`);
  return [...groups.values()].flatMap((all): Api[] => {
    const [first] = all;
    if (first === undefined) return [];
    const count = (answer: Asked['answer']): number => all.filter((one) => one.answer === answer).length;
    const [given, silent] = [count('given'), count('silent')];
    const because = given === all.length ? `${given} of ${all.length} questions answered` : `${given} of ${all.length} questions answered; no answer to ${[...new Set(all.filter(({ answer }) => answer !== 'given').map(({ operation }) => operation))].join(', ')}`;
    // A service that answers some questions and not others is in trouble, and is there.
    const says = given === all.length ? 'up' : silent > 0 && given === 0 ? 'down' : 'unknown';
    return [{ service: first.service, region: first.region, says, because }];
  }).sort((a, b) => a.region.localeCompare(b.region) || a.service.localeCompare(b.service));
}

const OBSERVER: Readonly<Record<Signal['vantage'], (at: { target: string }) => string>> = {
  users: () => 'this machine',
  'source-api': () => 'this machine',
  replication: ({ target }) => `RDS and CloudWatch in ${target}`,
  'health-checkers': () => "Route 53's checkers",
};

/** The table: what users get first, then data, compute and APIs. */
export function rowsOf({ source, target, signals, apis, targets, standby, alarms = [], health = [] }: Evidence): Row[] {
  const order: readonly Signal['vantage'][] = ['users', 'health-checkers', 'source-api', 'replication'];
  const seen = signals.toSorted((a, b) => order.indexOf(a.signal.vantage) - order.indexOf(b.signal.vantage)).map(({ name, signal }) => ({ signal: name, observer: OBSERVER[signal.vantage]({ target }), region: source, says: signal.says, because: signal.because }));
  const compute = targets.map(({ resource, region, targets: list, unknown }) => ({ signal: `targets of ${resource}`, observer: `load balancer in ${region}`, region, ...saidOf(list, unknown) }));
  const services = apis.map(({ service, region, says, because }) => ({ signal: `API of ${service} in ${region}`, observer: 'this machine', region, says, because, api: service }));
  const alarmed = alarms.map(({ name, region, says, because }) => ({ signal: `alarm ${name}`, observer: `CloudWatch in ${region}`, region, says, because }));
  const published = health.map((one) => ({ ...one, observer: 'AWS Health' }));
  return [...seen, ...alarmed, ...published, { signal: 'users, asked of the standby', observer: 'this machine', region: target, ...standby }, ...compute, ...services];
}

function saidOf(targets: readonly ServingTarget[] | undefined, unknown: string | undefined): Pick<Row, 'says' | 'because'> {
  if (targets === undefined) return { says: 'unknown', because: unknown ?? 'not asked' };
  if (targets.length === 0) return { says: 'unknown', because: 'there are none' };
  const bad = targets.filter(({ healthy }) => !healthy);
  const because = `${targets.length - bad.length} of ${targets.length} healthy${bad[0] === undefined ? '' : `: ${bad[0].because}`}`;
  return { says: bad.length === targets.length ? 'down' : 'up', because };
}
