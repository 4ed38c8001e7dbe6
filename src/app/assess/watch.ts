import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, iso } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { formatDuration } from '../../base/duration.ts';
import type { Plan } from '../../model/plan.ts';
import { rounds } from '../rounds.ts';
import type { AssessedWay, Assessment } from './assess.ts';

/*
 * `dr assess` again and again. One look proves little: what is held to be so changes only when several looks in a row say so, so that a
 * signal that comes and goes is said once, and not at each look. It never acts.
 */

/**
 * - `well`: nothing was seen to be wrong
 * - `trouble`: something is, and no failover is recommended (yet)
 * - `move`: a failover is recommended
 */
const STANDINGS = ['well', 'trouble', 'move'] as const;
export type Standing = (typeof STANDINGS)[number];

function standingOf({ recommendation, scope }: Pick<AssessedWay, 'recommendation' | 'scope'>): Standing {
  return recommendation === 'move' ? 'move' : scope === 'nothing' ? 'well' : 'trouble';
}

/** What is held to be so after the newest looks: worse only where each of them is at least as bad, better only where none is as bad. */
export function heldNow(held: Standing, newest: readonly Standing[], confirm: number): Standing {
  const levels = newest.slice(-confirm).map((one) => STANDINGS.indexOf(one));
  if (levels.length < confirm) return held;
  const [least, most, now] = [Math.min(...levels), Math.max(...levels), STANDINGS.indexOf(held)];
  return STANDINGS[least > now ? least : most < now ? most : now] ?? held;
}

export interface News {
  /** ISO 8601. */
  at: string;
  runbook: string;
  source: string;
  target: string;
  was: Standing;
  standing: Standing;
  /** Looks in a row that say so. */
  looks: number;
  /** The newest of them. */
  way: AssessedWay;
  /** Made where a failover is recommended: its file, where it was saved, or why there is none. */
  plan?: { steps: number; file?: string } | { none: string };
}

/** How long the watching has gone, for people who ask whether anybody watches. */
export interface Heartbeat {
  at: string;
  looks: number;
  /** Looks that could not be made. */
  failed: number;
  ways: readonly { runbook: string; source: string; target: string; standing: Standing }[];
}

interface Watch {
  everyMs: number;
  heartbeatMs: number;
  /** Looks in a row that it takes. */
  confirm: number;
  clock: Clock;
  until: AbortSignal;
  /** `impactAt` of the runbook and source: when users were last seen to be served, where they are not now. */
  assess: (impactAt: number | undefined) => Promise<Assessment>;
  plan: (target: string) => Promise<Plan>;
  /** Folder into which plans are saved. */
  plansInto?: string | undefined;
  onLook: (assessment: Assessment, first: boolean) => void;
  onNews: (news: News) => Promise<void> | void;
  onHeartbeat: (heartbeat: Heartbeat) => void;
  /** Told once for each reason in a row; undefined: looks are made again. */
  onError: (error: string | undefined) => void;
}

/** Watches one application until it is aborted; the last look. */
export async function watchAssessments(watch: Watch): Promise<Assessment | undefined> {
  const { clock, confirm } = watch;
  const tracks = new Map<string, { held: Standing; newest: Standing[] }>();
  let last: Assessment | undefined;
  let [looks, failed, beatAt] = [0, 0, clock.now()];
  let trouble: string | undefined;
  let servedAt: number | undefined;
  let impactAt: number | undefined;

  const beat = (): void => {
    if (clock.now() - beatAt < watch.heartbeatMs) return;
    beatAt = clock.now();
    const ways = (last?.ways ?? []).map((way) => ({ runbook: last?.runbook ?? '', source: way.source, target: way.target, standing: tracks.get(keyOf(way))?.held ?? 'well' }));
    watch.onHeartbeat({ at: iso(beatAt), looks, failed, ways });
  };

  await rounds<Assessment>({
    ...watch,
    look: () => watch.assess(impactAt),
    onError: (error) => {
      failed += 1;
      const why = messageOf(error);
      if (why !== trouble) watch.onError(why);
      trouble = why;
      beat();
    },
    onRound: async (assessment) => {
      if (trouble !== undefined) watch.onError(undefined);
      trouble = undefined;
      looks += 1;
      const now = clock.now();
      const impactKnown = impactAt !== undefined;
      if (assessment.ways.some(({ users }) => users === 'up')) [servedAt, impactAt] = [now, undefined];
      else if (assessment.ways.some(({ users }) => users === 'down')) impactAt ??= servedAt ?? now;
      watch.onLook(assessment, last === undefined);
      last = assessment;
      for (const way of assessment.ways) {
        const track = tracks.get(keyOf(way)) ?? { held: 'well' as const, newest: [] };
        tracks.set(keyOf(way), track);
        // Whether the agreed time is over is known only by a look that knows the impact: the next one.
        const standing = way.users === 'down' && !impactKnown && standingOf(way) === 'move' ? 'trouble' : standingOf(way);
        track.newest = [...track.newest, standing].slice(-confirm);
        const was = track.held;
        track.held = heldNow(was, track.newest, confirm);
        if (track.held === was) continue;
        const plan = track.held === 'move' ? { plan: await planned(watch, assessment.runbook, way.target) } : {};
        await watch.onNews({ at: assessment.at, runbook: assessment.runbook, source: way.source, target: way.target, was, standing: track.held, looks: confirm, way, ...plan });
      }
      beat();
    },
  });
  return last;
}

function keyOf({ source, target }: Pick<AssessedWay, 'source' | 'target'>): string {
  return `${source} ${target}`;
}

async function planned({ plan, plansInto }: Watch, runbook: string, target: string): Promise<NonNullable<News['plan']>> {
  try {
    const made = await plan(target);
    if (plansInto === undefined) return { steps: made.steps.length };
    const file = join(plansInto, `${runbook}-${target}.json`);
    await writeFile(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
    return { steps: made.steps.length, file };
  } catch (error) {
    return { none: messageOf(error) };
  }
}

/** What people are shown: what has changed, the evidence, and the one command where there is one. */
export function newsLines({ runbook, source, target, was, standing, looks, way, plan }: News): string[] {
  const seen = way.rows.filter(({ says, api }) => says === 'down' || (says === 'unknown' && api === undefined)).slice(0, 8);
  const head = {
    well: `${runbook}: ${source} is well again, as ${looks} looks in a row say`,
    trouble: was === 'move' ? `${runbook}: moving from ${source} to ${target} is no longer recommended, as ${looks} looks in a row say` : `${runbook}: something is wrong in ${source} (${[way.scope, ...(way.what === undefined ? [] : [way.what])].join(': ')}), and moving is not recommended now, as ${looks} looks in a row say`,
    move: `${runbook}: MOVE from ${source} to ${target} is recommended, as ${looks} looks in a row say. A person decides`,
  }[standing];
  const advice = standing === 'move'
    ? [
        ...(way.failover === undefined ? [] : [`Command: ${way.failover.command}`, ...way.failover.approvals.map((words) => `Has to agree: ${words}`), ...(way.failover.refusedBy ?? []).map(({ rule, observed, mend }) => `Refused now by ${rule}: ${observed}. ${mend}`)]),
        ...(plan === undefined ? [] : 'none' in plan ? [`No plan: ${plan.none}`] : [`Plan: ${plan.steps} steps${plan.file === undefined ? '' : `, saved as ${plan.file}`}`]),
        ...way.cost.losses.map(({ database, boundMs }) => `Would lose of ${database}: ${boundMs === undefined ? 'not known' : `at most ${formatDuration(boundMs)}`}`),
      ]
    : standing === 'trouble' ? way.look.map((one) => `Look at: ${one}`) : [];
  return [head, ...(standing === 'well' ? [] : [...way.reasons.map((reason) => `Because: ${reason}`), ...seen.map(({ signal, observer, says, because }) => `Seen: ${signal} (${observer}): ${says}: ${because}`)]), ...advice];
}
