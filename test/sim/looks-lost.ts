import type { Eyes } from './eyes.ts';
import type { Stage } from './stage.ts';

/*
 * A source that lives, and that nothing shows to live: nobody who looks from outside can tell it from a region that is lost.
 */

export const LOOKS_LOST = 'the application, its load balancer and the RDS API of a source were gone, and replication stood still for another reason: together they look like a region that is lost';

/** The bound on loss ends at the impact that was seen. */
export const TOOK_AGAIN = 'the source took writes again after the impact, and is left all the same: the bound does not count them';

/** A replica that is further behind than three minutes, with what a lag of a minute ago does not show, is not known to receive. */
const STANDS_STILL_MS = 110_000;
/** Replication that came back so short a time ago is in no sample yet: one a minute, a minute late. */
const SAMPLED_MS = 2 * 60_000;
/** The API was looked at so long before the source was judged. */
const LOOKED_MS = 10_000;
/** Backups that were made so soon after the trouble began show nothing, nor what was made before its run first saw it: a restore that is quick ends before the next ones arrive. */
const FIRST_SEEN_MS = 6 * 60_000;

/** As it is now, or where it cannot be asked because a machine is cut off. `seenAt`: when the run that asks first saw an outage, ms since the epoch. */
export function looksLost(stage: Stage, eyes: Eyes, seenAt = 0): boolean {
  const { chapter, zero, clock, world, databases, scenario } = stage;
  const now = clock.now();
  const apiFails = chapter.happenings.some((h) => h.what === 'fault' && h.fault.service === 'rds' && h.fault.region === chapter.source && zero + h.at <= now && now <= zero + h.until + LOOKED_MS);
  const half = chapter.happenings.find((h) => h.what === 'half-dead' && zero + h.at <= now && now <= zero + h.until);
  if (half?.what !== 'half-dead' || !half.silent || (half.api === 'well' && scenario.cutOff === undefined && !apiFails)) return false;
  // Metrics of before show a replication that received some time ago.
  const before = answersAge(stage, 'cloudwatch', chapter.target) > 0;
  return databases.every((database) => {
    const link = world.state.databases.link(eyes.ref(database, chapter.target), now);
    const on = chapter.happenings.findLast((h) => h.what === 'replication-on' && h.database === database && zero + h.at <= now);
    if (on !== undefined && now - zero - on.at < SAMPLED_MS) return true;
    if (scenario.shape.strategy !== 'backup-restore') return before || link?.mode(now) !== 'replicating' || (eyes.lossNow(database) ?? Number.POSITIVE_INFINITY) > STANDS_STILL_MS;
    return newestBackup(stage, eyes, database) < Math.max(zero + half.at + FIRST_SEEN_MS, seenAt);
  });
}

/** How old the answers are that a service gives now, milliseconds. */
export function answersAge({ chapter, zero, clock }: Stage, service: string, region: string): number {
  const at = clock.now() - zero;
  const ages = chapter.happenings.map((h) => (h.what === 'fault' && h.fault.service === service && h.fault.region === region && h.fault.effect.kind === 'stale-read' && h.at <= at && at <= h.until ? h.fault.effect.ms : 0));
  return Math.max(0, ...ages);
}

/** Up to when what has arrived in the target holds the writes of a source, ms since the epoch. */
export function newestBackup({ chapter, clock, world }: Stage, eyes: Eyes, database: string): number {
  const source = eyes.ref(database, chapter.source);
  const times = world.state.backups.in(chapter.target).flatMap((backup) => (backup.source.id === source.id && backup.source.region === source.region ? [world.state.backups.latestTime(backup, clock.now()) ?? 0] : []));
  return Math.max(0, ...times);
}
