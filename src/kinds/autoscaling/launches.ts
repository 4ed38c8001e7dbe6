import * as z from 'zod';
import { type Activity, recentActivities } from '../../aws/autoscaling.ts';
import { AwsError } from '../../aws/errors.ts';
import { activityStatus } from '../../aws/states/capacity.ts';
import { fact } from '../../model/fact.ts';
import type { StepContext } from '../../model/step.ts';
import { brief, cannotMend, isShortageText } from '../ec2/launch-reasons.ts';

/*
 * Why a group does not grow: AWS says it in the group's scaling activities, and nowhere else. It tries again by itself, later and
 * later. What happened before this run asked for more says nothing about what it asked for.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html
 */

interface Trouble {
  /** For people, in AWS's words. */
  says: string;
  since?: true;
  /** `shortage`: the region has not enough. `fixed`: the launches fail again and again for a reason that no wait mends. */
  ends?: 'shortage' | 'fixed';
}

/** Launches that fail for the same fixed reason, and the time between the first and the last of them, before the wait ends. */
const FAILURES = 3;
const FAILING_MS = 180_000;

/** The newest activity of a group before this run asked for more, by `<region>.<group>`; empty if there was none. */
const beforeFact = fact('activities-before', z.string());
const keyOf = (region: string, group: string): string => `${region}.${group}`;

/** Marks the activities until now as those of before. Asked once, right before the first act; failing that, at the first look. */
export async function markActivities(ctx: StepContext, region: string, group: string): Promise<void> {
  if (beforeFact.has(ctx, keyOf(region, group))) return;
  const activities = await activitiesOf(ctx, region, group);
  if (typeof activities !== 'string') mark(ctx, region, group, activities);
}

function mark(ctx: StepContext, region: string, group: string, activities: readonly Activity[]): void {
  beforeFact.record(ctx, keyOf(region, group), activities[0]?.ActivityId ?? '');
}

/** Newest first; or why they cannot be read. They only explain: a wait continues without them. */
async function activitiesOf(ctx: StepContext, region: string, group: string): Promise<Activity[] | string> {
  try {
    return await recentActivities(ctx.effects.aws, region, group, { signal: ctx.signal, attempts: 1 });
  } catch (error) {
    if (error instanceof AwsError) return `the scaling activities of ${group} cannot be read: ${error.code}`;
    throw error;
  }
}

/** What AWS says of the launches of a group that has too few instances; undefined when it says nothing. */
export async function launchTrouble(ctx: StepContext, region: string, group: string): Promise<Trouble | undefined> {
  const activities = await activitiesOf(ctx, region, group);
  if (typeof activities === 'string') return { says: activities };
  const before = beforeFact.read(ctx, keyOf(region, group));
  if (before === undefined) mark(ctx, region, group, activities);
  const known = activities.findIndex(({ ActivityId }) => ActivityId === (before ?? activities[0]?.ActivityId));
  const since = known === -1 ? activities : activities.slice(0, known);
  const [newest] = since.filter(hasGoneWrong);
  if (newest === undefined) {
    const older = activities.find(hasGoneWrong);
    return older === undefined ? undefined : { says: `${reasonOf(older)} (before this run waited)` };
  }
  const says = reasonOf(newest);
  const ends = isFixed(since) ? 'fixed' : newest === since[0] && isShort(newest) && noOtherZone(ctx, newest, since) ? 'shortage' : undefined;
  // A resume counts again: somebody has mended it by then, and AWS has not tried again yet.
  if (ends !== undefined) mark(ctx, region, group, activities);
  return { says, since: true, ...(ends === undefined ? {} : { ends }) };
}

/** The reason of the newest launch, where that failed; undefined where it did not, or where there was none. */
export function lastFailure(activities: readonly Activity[]): string | undefined {
  const [last] = endedLaunches(activities);
  return last !== undefined && activityStatus(last.StatusCode).succeeded === 'no' ? reasonOf(last) : undefined;
}

function isTermination({ Description = '' }: Activity): boolean {
  return Description.startsWith('Terminating');
}

/** It failed or was cancelled; or an instance was taken away from a group that is to grow. */
function hasGoneWrong(activity: Activity): boolean {
  return activityStatus(activity.StatusCode).succeeded === 'no' || isTermination(activity);
}

/** StatusMessage says why an activity failed, Cause why it was begun. */
function reasonOf(activity: Activity): string {
  const [, reason] = /Status Reason: (.*)/s.exec(activity.Description ?? '') ?? [];
  const says = activity.StatusMessage ?? reason ?? activity.Cause ?? activity.Description ?? 'AWS gives no reason';
  const status = activityStatus(activity.StatusCode);
  return `AWS: ${status.succeeded === 'no' ? `${status.shown}: ` : ''}${brief(says)}`;
}

function isShort(activity: Activity): boolean {
  return activityStatus(activity.StatusCode).succeeded === 'no' && isShortageText(reasonOf(activity));
}

function endedLaunches(activities: readonly Activity[]): Activity[] {
  return activities.filter((a) => !isTermination(a) && activityStatus(a.StatusCode).succeeded !== 'unknown');
}

/**
 * After a launch that found no room in one zone, or in its subnet, AWS tries the other zones of the group by itself: only when launches have failed so
 * for minutes has none of them room. A quota, or anything else that names no zone, is the same in all of them.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html
 */
function noOtherZone(ctx: StepContext, newest: Activity, since: readonly Activity[]): boolean {
  if (!/availability zone|subnet/i.test(reasonOf(newest))) return true;
  const ended = endedLaunches(since);
  const other = ended.findIndex((a) => !isShort(a));
  const short = other === -1 ? ended : ended.slice(0, other);
  const first = Math.min(...short.flatMap(({ StartTime }) => StartTime?.getTime() ?? []));
  return ctx.effects.clock.now() - first >= FAILING_MS;
}

/** The newest launches that have ended all failed, long enough, for one reason that no wait mends. */
function isFixed(since: readonly Activity[]): boolean {
  const ended = endedLaunches(since);
  const kind = ended[0] === undefined ? undefined : cannotMend(reasonOf(ended[0]));
  if (kind === undefined) return false;
  const other = ended.findIndex((a) => activityStatus(a.StatusCode).succeeded === 'yes' || cannotMend(reasonOf(a)) !== kind);
  const same = other === -1 ? ended : ended.slice(0, other);
  const times = same.flatMap(({ StartTime }) => StartTime?.getTime() ?? []);
  return same.length >= FAILURES && Math.max(...times) - Math.min(...times) >= FAILING_MS;
}
