import { judgeSource, type Signal } from '../../model/signals.ts';
import type { AlarmSeen } from './alarms.ts';
import type { Api, Evidence, TargetsSeen } from './evidence.ts';

/*
 * What is broken, and would moving help? Pure. Whether a source is down is `judgeSource`, the rule of a failover; what is added here is
 * where the trouble is, because a failover mends only what stays behind.
 */

/**
 * - `nothing`: users are served, and nothing speaks against it
 * - `service`: one service of AWS, or one database
 * - `application`: the region, its database and its replication work, and users are not served
 * - `zone`: only the targets of one Availability Zone
 * - `region`: what a failover is for
 * - `observer`: this machine cannot see
 */
type Scope = 'nothing' | 'service' | 'application' | 'zone' | 'region' | 'observer' | 'unknown';

export interface Judgement {
  scope: Scope;
  /** e.g. the database, the service or the zone. */
  what?: string;
  recommendation: 'move' | 'do-not-move' | 'unknown';
  reasons: readonly string[];
  look: readonly string[];
}

type Says = Signal['says'];

interface Weighed extends Evidence {
  /** What users get: seen from here, or by Route 53's checkers. */
  users: Says;
  sourceApi: 'answers' | 'silent' | 'partly' | 'unknown';
  targetApi: 'answers' | 'silent' | 'partly' | 'unknown';
  verdict: ReturnType<typeof judgeSource>;
}

/** @param planned false where no plan of the failover can be made now. */
export function judge(evidence: Evidence, planned: boolean): Judgement {
  const signals = evidence.signals.map(({ signal }) => signal);
  const seen: Weighed = {
    ...evidence,
    users: usersOf(signals, evidence.alarms),
    sourceApi: regionApi(evidence.apis, evidence.source),
    targetApi: regionApi(evidence.apis, evidence.target),
    verdict: judgeSource(signals, undefined, evidence.impactAt),
  };
  const judged = blind(seen) ?? zonal(seen) ?? (seen.users === 'up' ? served(seen) : seen.users === 'down' ? notServed(seen, planned) : unseen(seen));
  return { ...judged, reasons: [...judged.reasons, ...publishedOf(judged, evidence)] };
}

/** What AWS Health publishes decides nothing: AWS publishes late, and an issue may be of a part that is not used. It stands beside what was seen. */
function publishedOf({ scope }: Judgement, { health = [] }: Evidence): string[] {
  if (scope !== 'region' && scope !== 'service') return [];
  return health.filter((one) => one.says === 'down').map(({ signal, region, because }) => `${signal} in ${region}: ${because}`);
}

const of = (signals: readonly Signal[], vantage: Signal['vantage']): Signal[] => signals.filter((one) => one.vantage === vantage);
const says = (signals: readonly Signal[], what: Says): boolean => signals.some((one) => one.says === what);

/**
 * Two observers that contradict each other leave it unknown; but checkers often test less than a probe, or have not noticed yet: a probe
 * that is bad counts where `blind` does not say that this machine sees nothing. An alarm of the runbook is one observer more.
 */
export function usersOf(signals: readonly Signal[], alarms: readonly AlarmSeen[] = []): Says {
  const seen = seenBy(signals);
  const alarmed = alarms.some((one) => one.says === 'down');
  // One that is quiet may not have noticed yet: it counts where nobody else sees users.
  if (seen === 'unknown' && nobodySees(signals)) return alarmed ? 'down' : alarms.some((one) => one.says === 'up') ? 'up' : 'unknown';
  return seen === 'up' && alarmed ? 'unknown' : seen;
}

function nobodySees(signals: readonly Signal[]): boolean {
  return [...of(signals, 'users'), ...of(signals, 'health-checkers')].every((one) => one.says === 'unknown');
}

function seenBy(signals: readonly Signal[]): Says {
  const [users, checkers] = [of(signals, 'users'), of(signals, 'health-checkers')];
  if (says(users, 'down') && says(checkers, 'up')) return 'down';
  if (says(users, 'up') && says(checkers, 'down')) return 'unknown';
  const both = [...users, ...checkers];
  return says(both, 'up') ? 'up' : says(both, 'down') ? 'down' : 'unknown';
}

function regionApi(apis: readonly Api[], region: string): Weighed['sourceApi'] {
  const here = apis.filter((api) => api.region === region);
  const [up, down] = [here.some((api) => api.says === 'up'), here.some((api) => api.says === 'down')];
  // Of what was turned away, or is still waited for, nothing is known: that is no trouble of the region.
  if (up) return down ? 'partly' : 'answers';
  return down ? 'silent' : 'unknown';
}

/** Nothing answers, whatever is asked, and nobody else tells: the network of this machine is what all of it has in common. */
function blind({ apis, signals, users, sourceApi }: Weighed): Judgement | undefined {
  const nothing = apis.length > 0 && apis.every((api) => api.says !== 'up') && users !== 'up';
  if (nothing) {
    return {
      scope: 'observer',
      recommendation: 'unknown',
      reasons: ['no service of any region answers this machine: its own network, or its credentials, explain that as well as any outage'],
      look: ['run it from another network', 'the AWS Health Dashboard: https://health.aws.amazon.com/health/status'],
    };
  }
  const own = signals.filter(({ signal }) => signal.vantage === 'users' && signal.says === 'down');
  const reached = signals.some(({ signal }) => signal.vantage === 'health-checkers' && signal.says === 'up');
  if (own.length === 0 || !reached || sourceApi === 'answers') return undefined;
  return {
    scope: 'observer',
    recommendation: 'unknown',
    reasons: ["this machine gets no good answer, and Route 53's checkers, all over the world, do: trouble of this machine's network looks so, and an outage that is younger than a minute"],
    look: ['run it again in a minute, or from another network', 'ask somebody who uses the application'],
  };
}

/** Only where nothing else is wrong: an instance of a region that is in trouble as a whole stands in some zone, too. */
function zonal({ targets, source, signals, sourceApi, users }: Weighed): Judgement | undefined {
  const zone = zoneInTrouble(targets.filter(({ region }) => region === source));
  // Nobody is served, although other zones are healthy: it is not the zone.
  if (users === 'down' && !signals.some(({ signal }) => signal.vantage === 'health-checkers' && signal.says === 'up')) return undefined;
  if (zone === undefined || sourceApi !== 'answers' || of(signals.map(({ signal }) => signal), 'source-api').some((one) => one.says === 'down')) return undefined;
  return {
    scope: 'zone',
    what: zone.zone,
    recommendation: 'do-not-move',
    reasons: [
      `all ${zone.bad} targets that are not healthy are in ${zone.zone}, none there is healthy, and the ${zone.good} of other zones are`,
      'a shift away from one zone takes minutes and loses no data; a failover leaves a region that works',
      ...(zone.bad === 1 ? ['it is one target only: it may be that instance, and not its zone'] : []),
    ],
    look: [
      `shift away from it yourself (dr does not): aws arc-zonal-shift start-zonal-shift --region ${source} --resource-identifier LOAD_BALANCER_ARN --away-from ZONE_ID --expires-in 2h --comment "…"`,
      `ZONE_ID of ${zone.zone}: aws ec2 describe-availability-zones --region ${source}`,
    ],
  };
}

function served({ source, target, signals, apis, sourceApi, targetApi }: Weighed): Judgement {
  const all = signals.map(({ signal }) => signal);
  const stay = 'users are served: a failover would stop them, and could lose what has not arrived';
  const broken = of(all, 'source-api').find((one) => one.says === 'down' && one.silent !== true);
  if (broken !== undefined) {
    return { scope: 'service', what: 'a database', recommendation: 'unknown', reasons: [`${broken.because}, and the probes are good all the same`], look: ['do the probes ask for something that needs the database?', 'look at the database, and run it again'] };
  }
  if (sourceApi === 'silent' || sourceApi === 'partly') {
    const what = whichApis(apis, source);
    return { scope: 'service', what, recommendation: 'do-not-move', reasons: [`no full answer comes from the ${what}; ${stay}`, 'what runs needs no control plane'], look: [`change nothing in ${source} meanwhile; run it again when users report trouble`] };
  }
  const replication = of(all, 'replication').find((one) => one.says === 'down');
  if (replication !== undefined) {
    return { scope: 'service', what: 'replication', recommendation: 'do-not-move', reasons: [`${replication.because}; ${stay}`], look: ['mend the replication first: dr check says what is missing'] };
  }
  if (targetApi === 'silent' || targetApi === 'partly') {
    return { scope: 'service', what: `APIs of ${target}`, recommendation: 'do-not-move', reasons: [`nothing is wrong with ${source}; ${target}, the standby, does not answer in full`], look: [`until ${target} answers, no failover to it would work`] };
  }
  return { scope: 'nothing', recommendation: 'do-not-move', reasons: ['users are served, and nothing that was seen is in trouble'], look: ['to move while all is well: dr switchover, which loses nothing'] };
}

function notServed(seen: Weighed, planned: boolean): Judgement {
  const { source, target, signals, sourceApi, targetApi, verdict, standby } = seen;
  const all = signals.map(({ signal }) => signal);
  const broken = of(all, 'source-api').find((one) => one.says === 'down' && one.silent !== true);
  if (sourceApi === 'answers' && broken === undefined && of(all, 'replication').every((one) => one.says !== 'down')) return application(seen);
  const scope = scopeOf(seen, broken);
  const alarmed = (seen.alarms ?? []).filter((one) => one.says === 'down').map(({ name, region }) => `the alarm ${name} in ${region} says so, too`);
  const why = [...(broken !== undefined ? [`users are not served, and ${broken.because}`] : [verdict.because]), ...alarmed];
  const cannot = [
    ...(targetApi === 'silent' || targetApi === 'partly' ? [`${target} does not answer in full either`] : []),
    ...(planned ? [] : [`no failover to ${target} can be planned now`]),
    ...(standby.says === 'down' ? [`what stands by in ${target} gives no answer either: ${standby.because}`] : []),
  ];
  if (broken === undefined && verdict.verdict !== 'source-down') {
    const look = ['ask somebody who uses the application, look at the AWS Health Dashboard, and run it again in a minute', `you know that ${source} is lost? A named person can say so: dr failover --attest-source-down NAME --reason "…"`];
    return { scope: 'unknown', recommendation: 'unknown', reasons: [`what says down is not enough to leave ${source}: ${verdict.because}`, ...cannot], look: cannot.length > 0 ? look.slice(0, 1) : look };
  }
  if (cannot.length > 0) return { ...scope, recommendation: 'unknown', reasons: [...why, ...cannot], look: [`is ${target} in trouble, too? Look at its targets and at the AWS Health Dashboard`, 'run it from another network'] };
  const stays = broken !== undefined && scope.scope === 'service' ? ['its copy is another instance, and has none of that; what a statement has done to the data is in the copy, too', 'where it is Multi-AZ, it fails over by itself within two minutes: wait for that first'] : [`the trouble is in ${source}, and ${target} answers`];
  return { ...scope, recommendation: 'move', reasons: [...why, ...stays], look: [] };
}

/** Of users who are not served, where not only the application is in trouble. */
function scopeOf({ source, apis, sourceApi }: Weighed, broken: Signal | undefined): Pick<Judgement, 'scope' | 'what'> {
  if (broken !== undefined && sourceApi !== 'silent') return { scope: 'service', what: 'a database' };
  if (sourceApi === 'partly') return { scope: 'service', what: whichApis(apis, source) };
  return { scope: 'region' };
}

function whichApis(apis: readonly Api[], region: string): string {
  return `APIs of ${region}: ${apis.filter((api) => api.region === region && api.says === 'down').map(({ service }) => service).join(', ')}`;
}

/** The region, the database and its replication work: what is left is what the team has deployed. */
function application({ source, target, standby, signals }: Weighed): Judgement {
  const alike = standby.says === 'down' ? [`${target} does not answer users either: both regions fail alike`] : [];
  const other = standby.says === 'up' ? [`${target} answers well now: if a change went to ${source} only, moving would help, and lose what has not arrived`] : [];
  const data = signals.map(({ signal }) => signal).filter(({ vantage }) => vantage === 'source-api' || vantage === 'replication');
  const notKnown = data.filter((one) => one.says !== 'up').map(({ because }) => because);
  if (notKnown.length > 0) {
    return { scope: 'unknown', recommendation: 'unknown', reasons: [`users are not served, and the APIs of ${source} answer; whether its data is well is not known: ${notKnown.join('; ')}`], look: [`the database in ${source}, and its replication`, 'what was deployed or configured last?', 'run it again in a minute'] };
  }
  const reached = signals.some(({ signal }) => signal.vantage === 'health-checkers' && signal.says === 'up') ? ["Route 53's checkers reach it: they test less than the probes, or have not noticed yet"] : [];
  return {
    scope: 'application',
    recommendation: 'do-not-move',
    reasons: [`users are not served, and the APIs of ${source}, its database and its replication work: that is no loss of a region`, 'where it is your own deploy, or data, the trouble would follow the traffic', ...alike, ...other, ...reached],
    look: ['what was deployed or configured last? Roll it back first', `the targets and the log of the application in ${source}`, 'certificates, secrets, DNS of what it calls'],
  };
}

function unseen({ signals, alarms = [] }: Weighed): Judgement {
  const contradict = signals.some(({ signal }) => signal.says === 'up' && (signal.vantage === 'users' || signal.vantage === 'health-checkers'));
  const alarm = alarms.find((one) => one.says === 'down');
  const why = contradict ? (alarm === undefined ? "what this machine gets, and what Route 53's checkers get, contradict each other" : `users are served as far as it was asked, and the alarm ${alarm.name} in ${alarm.region} is ${alarm.because}`) : 'what users get is not seen from here: no probe, or no answer, and no health check';
  return { scope: 'unknown', recommendation: 'unknown', reasons: [why], look: ['open the application as a user does, from another network', 'run it again in a minute'] };
}

/** A zone of which no target is healthy, while every target of each other zone is. Undefined where that is not so, or not known. */
export function zoneInTrouble(seen: readonly TargetsSeen[]): { zone: string; bad: number; good: number } | undefined {
  const targets = seen.flatMap(({ targets: list }) => list ?? []);
  const zones = new Map<string, { bad: number; good: number }>();
  for (const { zone, healthy } of targets) {
    if (zone === undefined) return undefined;
    const count = zones.get(zone) ?? { bad: 0, good: 0 };
    zones.set(zone, healthy ? { ...count, good: count.good + 1 } : { ...count, bad: count.bad + 1 });
  }
  const hit = [...zones].filter(([, { bad }]) => bad > 0);
  const [first] = hit;
  if (hit.length !== 1 || zones.size < 2 || first === undefined || first[1].good > 0) return undefined;
  const good = [...zones.values()].reduce((sum, one) => sum + one.good, 0);
  return { zone: first[0], bad: first[1].bad, good };
}
