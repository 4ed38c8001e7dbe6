import type { FleetPreviews, OnProgress } from '../app/fleet/plans.ts';
import type { FleetPlan } from '../app/fleet/fleet.ts';
import { plural } from '../base/plural.ts';
import type { Obstacle, Preview } from '../engine/preview.ts';
import type { Refusal } from '../model/step.ts';
import { obstacleLines, wouldBeRefused } from './refusal-view.ts';
import { columns, fit, indent, type Painter } from './text.ts';

/** Of an application that was looked at. */
interface Seen {
  name: string;
  seen: Preview | string;
}

/**
 * What would refuse each application now: as `dr plan --runbook NAME` says it of one. Those that the same rules refuse are said together: hundreds of
 * the same are read by nobody.
 */
export function fleetPreviewText(plan: FleetPlan, previews: FleetPreviews, room: number | undefined, paint: Painter): string {
  const looked = plan.members.flatMap(({ name }): Seen[] => {
    const seen = previews.get(name);
    return seen === undefined ? [] : [{ name, seen }];
  });
  if (looked.length === 0) return '';
  const groups = [...Map.groupBy(looked, ({ seen }) => alike(seen)).values()];
  return fit(['Would they be refused now?', indent(groups.flatMap((group) => groupLines(group, group.length === looked.length, plan.region, paint)).join('\n'), 2)].join('\n'), room);
}

/** Of how many it is known that they would be refused now; empty if none. */
export function refusedCount(plan: FleetPlan, previews: FleetPreviews): string {
  const refused = [...previews.values()].filter((seen) => typeof seen !== 'string' && seen.refusals.length > 0).length;
  return refused === 0 ? '' : `Would be refused now: ${refused} of ${plan.members.filter(({ state }) => state === 'planned').length}, for what stands above.`;
}

/** The same for those that are said together. What another run holds, or could not be checked, is said of each alone. */
function alike(seen: Preview | string): string {
  if (typeof seen === 'string') return seen;
  return JSON.stringify([seen.refusals.map(({ step, refusal, error, held }) => [step, refusal?.rule, error, held]), seen.refusals.length === 0 && seen.notEvaluated.length > 0]);
}

/** `all`: nobody else was looked at, so that no names are needed. */
function groupLines(group: readonly Seen[], all: boolean, region: string, paint: Painter): string[] {
  const [first, ...others] = group;
  if (first === undefined) return [];
  const many = others.length > 0;
  const who = many ? `${all ? 'all ' : ''}${plural(group.length, 'application')}, each` : first.name;
  const names = many && !all ? [indent(`They are: ${group.map(({ name }) => name).join(', ')}`, 2)] : [];
  const { seen } = first;
  if (typeof seen === 'string') return [`${who}: ${paint('yellow', 'could not be checked')}: ${seen}`, ...names];
  const verdict = seen.refusals.length > 0 ? paint('red', wouldBeRefused(seen)) : wouldBeRefused(seen);
  const warned = group.flatMap((one) => (typeof one.seen === 'string' || one.seen.warnings.length === 0 ? [] : [one.seen.warnings.length]));
  const command = `dr plan --region ${region} --runbook ${many ? 'NAME' : first.name}`;
  const more = warned.length === 0 ? '' : ` (${many ? `${warned.length} with warnings` : plural(warned[0] ?? 0, 'warning')}: ${command})`;
  const obstacles = seen.refusals.flatMap((obstacle, n) => (many ? sharedLines(group, n, command) : obstacleLines(obstacle)));
  return [`${who}: ${verdict}${more}`, ...obstacles.map((line) => indent(line, 2)), ...names];
}

/** The obstacle with that number of all of them: what is the same once; what each observed, by its name. */
function sharedLines(group: readonly Seen[], n: number, command: string): string[] {
  const each = group.flatMap(({ name, seen }) => {
    const obstacle = typeof seen === 'string' ? undefined : seen.refusals[n];
    return obstacle === undefined ? [] : [{ name, obstacle }];
  });
  const [first] = each;
  if (first === undefined) return [];
  const own = (part: 'observed' | 'threshold' | 'consequence' | 'override', otherwise: string): string => {
    const texts = new Set(each.map(({ obstacle }) => obstacle.refusal?.[part]));
    return texts.size === 1 ? (first.obstacle.refusal?.[part] ?? '') : otherwise;
  };
  const differs = `not the same for all: ${command}`;
  const { refusal } = first.obstacle;
  const shared: Refusal | undefined = refusal === undefined ? undefined : { ...refusal, observed: own('observed', 'by each, below'), threshold: own('threshold', differs), consequence: own('consequence', differs), override: own('override', differs) };
  const title = new Set(each.map(({ obstacle }) => obstacle.title)).size === 1 ? first.obstacle.title : `${first.obstacle.title}, and alike`;
  const lines = obstacleLines({ ...first.obstacle, title, ...(shared === undefined ? {} : { refusal: shared }) } satisfies Obstacle);
  if (shared === undefined || shared.observed === refusal?.observed) return lines;
  return [...lines, ...columns(each.map(({ name, obstacle }) => [name, obstacle.refusal?.observed ?? ''])).map((line) => indent(line, 4))];
}

/** Between two lines that say how far it is. */
const SAID_EVERY_MS = 5_000;

/** Says how far planning and checking are, where that takes long. `now`: milliseconds that only grow. */
export function sayProgress(say: (line: string) => void, now: () => number = () => performance.now()): OnProgress {
  let last = now();
  return (what, done, all) => {
    if (done === all || now() - last < SAID_EVERY_MS) return;
    last = now();
    say(what === 'planned' ? `Planned ${done} of ${all}.` : `Checked ${done} of ${all} for what would refuse them now.`);
  };
}
