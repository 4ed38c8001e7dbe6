import type { Timings } from '../simulator/timings.ts';
import type { Random } from '../simulator/random.ts';

/*
 * How long things take on AWS, as far as AWS says it. Where AWS gives no number, the default says so: measure yours, and give it.
 */

/** A duration that differs from time to time: half of them are shorter than `p50`, nineteen of twenty than `p95`. Milliseconds. */
interface Duration {
  p50: number;
  p95: number;
  what: string;
  /** AWS's page, or that there is none. */
  source: string;
}

const SECOND = 1_000;
const MINUTE = 60_000;
/** Such a figure is ours: nobody at AWS has said it. */
const NO_NUMBER = 'an assumption: AWS gives no number';

export const DURATIONS = {
  decideMs: { p50: 5 * MINUTE, p95: 15 * MINUTE, what: 'from the loss of the region to the start of the failover: an alarm, and a person who decides', source: 'an assumption: it is yours; --decide DURATION gives it' },
  lagMs: { p50: SECOND, p95: 30 * SECOND, what: 'lag of a replica in another region', source: `https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.XRgn.html: asynchronous, and more than within a region; ${NO_NUMBER}` },
  resolverMs: { p50: MINUTE, p95: MINUTE, what: 'how long resolvers keep an answer where the runbook does not say the TTL', source: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-complex-configs.html: 60 seconds or less is advised for records with health checks' },
  callMs: { p50: 120, p95: 400, what: 'one request to AWS, there and back', source: NO_NUMBER },
  promotionMs: { p50: 5 * MINUTE, p95: 15 * MINUTE, what: 'promotion of a read replica', source: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Promote.html: "several minutes or longer", by its size; the figures are an assumption' },
  modifyMs: { p50: 30 * SECOND, p95: 2 * MINUTE, what: 'change of the security groups of a database', source: NO_NUMBER },
  renameMs: { p50: 2 * MINUTE, p95: 10 * MINUTE, what: 'new name of a database', source: `https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html: a restart; ${NO_NUMBER}` },
  classMs: { p50: 7 * MINUTE, p95: 20 * MINUTE, what: 'another class of a database', source: NO_NUMBER },
  rebootMs: { p50: 30 * SECOND, p95: 2 * MINUTE, what: 'reboot of a database', source: `https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RebootDBInstance.html: "a momentary outage"; ${NO_NUMBER}` },
  replicaMs: { p50: 30 * MINUTE, p95: 120 * MINUTE, what: 'a new read replica in another region', source: `grows with the data; ${NO_NUMBER}` },
  restoreMs: { p50: 15 * MINUTE, p95: 60 * MINUTE, what: 'restore of a database from a backup', source: `grows with the data and its logs; ${NO_NUMBER}` },
  targetMs: { p50: 30 * SECOND, p95: 2 * MINUTE, what: 'from registration to a healthy target', source: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html: a check every 30 s by default, and one that passes after a registration; the figures are an assumption' },
  insyncMs: { p50: 30 * SECOND, p95: MINUTE, what: 'a change of records until all name servers have it', source: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-editing.html: generally within 60 seconds; half of that is an assumption' },
  instanceWarmUpMs: { p50: 2 * MINUTE, p95: 5 * MINUTE, what: 'launch of an instance until it serves', source: `yours may differ; ${NO_NUMBER}` },
  backupDelayMs: { p50: MINUTE, p95: 10 * MINUTE, what: 'how much older a replicated backup is than the newest restorable time', source: `https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html: of the copy ${NO_NUMBER}` },
} as const satisfies Record<string, Duration>;

export type DurationName = keyof typeof DURATIONS;
export const DURATION_NAMES = Object.keys(DURATIONS) as DurationName[];

/** z of 95 %. */
const Z95 = 1.6449;

/** Drawn from a log-normal distribution with that median and that 95th percentile: durations have a long tail to one side. */
export function drawDuration({ p50, p95 }: Pick<Duration, 'p50' | 'p95'>, random: Random): number {
  // Both are used up whatever comes of it, so that one value moves no other.
  const [u, v] = [Math.max(random.next(), Number.EPSILON), random.next()];
  if (p50 === 0 || p95 <= p50) return p50;
  const z = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  return Math.round(p50 * Math.exp((z * Math.log(p95 / p50)) / Z95));
}

export type Drawn = Record<DurationName, number>;

/** One of each, from a seed. `given` replaces what a person knows better. */
export function drawDurations(random: Random, given: Readonly<Partial<Record<DurationName, { p50: number; p95: number }>>>): Drawn {
  return Object.fromEntries(DURATION_NAMES.map((name) => [name, drawDuration(given[name] ?? DURATIONS[name], random)])) as Drawn;
}

/** Those that the simulated world knows. */
export function timingsOf({ decideMs: _decide, lagMs: _lag, resolverMs: _resolver, ...timings }: Drawn): Partial<Timings> {
  return timings;
}
