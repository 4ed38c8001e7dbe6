import { formatDuration } from '../base/duration.ts';
import type { PlannedTwins } from '../app/preview.ts';
import { costText, NOT_COUNTED } from '../measure/prices.ts';
import type { Preview } from '../engine/preview.ts';
import type { Plan } from '../model/plan.ts';
import type { Change, PlanStep } from '../model/step.ts';
import { traitsOf } from '../model/verb.ts';
import { type CriticalPath, type Feasibility, secondsShown, sumOf } from '../plan/feasibility.ts';
import { beyondTheLine, isGuard } from '../plan/graph.ts';
import { policyOf } from '../plan/policy.ts';
import { plural } from '../base/plural.ts';
import { routeText } from './names.ts';
import { previewLines, wouldBeRefused } from './refusal-view.ts';
import { byPhase } from './step-tree.ts';
import { columns, fit, indent, type Painter, width } from './text.ts';

/** A plan as `dr plan` shows it. */
export interface ShownPlan {
  plan: Plan;
  critical: CriticalPath;
  /** Of a plan that moves users. */
  feasibility?: Feasibility | undefined;
  preview: Preview;
  /** Of a drill. */
  twins?: PlannedTwins | undefined;
  command: string;
  iam: boolean;
  /** Of the terminal; undefined: nothing is broken. */
  width: number | undefined;
}

/** A plan for people: what stands in its way, what it does, how long it takes, what it changes, how to run it. */
export function planText(shown: ShownPlan, paint: Painter): string {
  const { plan, critical, preview, command, width: room } = shown;
  const heading = (text: string) => paint('bold', text);
  const section = (title: string, lines: readonly string[]) => `${heading(title)}\n${fit(indent(lines.join('\n'), 2), room)}`;
  return [
    heading(fit(`${plan.verb} of ${plan.runbook.name}: ${routeText(plan)}`, room)),
    ...(plan.findings === undefined ? [] : [`${paint('red', 'Findings')}\n${fit(indent(plan.findings.join('\n'), 2), room)}`]),
    ...previewLines(preview, room, paint),
    fit(indent(facts(plan, critical, shown.feasibility).join('\n'), 2), room),
    `${heading('Steps')} (* decides how long it takes)\n${stepTable(plan, critical, room, paint)}`,
    ...(shown.twins === undefined ? [] : [section('Twins that are made, and deleted again', twinLines(plan, critical, shown.twins))]),
    section('Changes', changes(plan, paint)),
    section('AWS control planes that must answer', controlPlanes(plan)),
    ...(shown.iam ? [`${heading('IAM permissions')}\n${indent(JSON.stringify(policyOf(plan.steps.flatMap((step) => step.permissions)), null, 2), 2)}`] : []),
    // The command stays in one piece, to be copied.
    `${fit(summary(plan, critical, preview), room)}\nTo run it:\n  ${command}`,
  ].join('\n\n');
}

/** `19 steps, 1 irreversible, about 6m 41s (up to 12m); would be refused now: rpo-gate` */
function summary(plan: Plan, critical: CriticalPath, preview: Preview): string {
  const final = plan.steps.filter((step) => step.reversibility === 'point-of-no-return').length;
  const what = `${plural(plan.steps.length, 'step')}, ${final === 0 ? 'none' : String(final)} irreversible, about ${seconds(critical.p50)} (up to ${seconds(critical.p95)})`;
  return `${what}; ${wouldBeRefused(preview)}`;
}

function facts(plan: Plan, critical: CriticalPath, feasibility: Feasibility | undefined): string[] {
  return columns([
    ['strategy', plan.strategy],
    ['account', plan.account],
    ['runbook', `${plan.runbook.path} (sha256 ${plan.runbook.sha256.slice(0, 12)})`],
    ['objectives', `RTO ${formatDuration(plan.objectives.rtoMs)}, RPO ${formatDuration(plan.objectives.rpoMs)}`],
    ['expected', `${expectedText(critical)} on AWS${tooSlow(plan, critical)}`],
    ...(feasibility?.verdict === 'missed' ? [['RTO', `cannot be met: until users are served it takes ${secondsShown(feasibility.p50)}, ${sumOf(feasibility.steps)}`]] : []),
    ['plan', `${plan.hash.slice(0, 12)}, made ${plan.madeAt}`],
  ]);
}

/** `about 4m 10s (p50), 11m (p95)` */
function expectedText(critical: CriticalPath): string {
  return `about ${seconds(critical.p50)} (p50), ${seconds(critical.p95)} (p95)`;
}

/** A rebuilt standby has no outage that an RTO could count from. */
function tooSlow(plan: Plan, critical: CriticalPath): string {
  return traitsOf(plan.verb).movesUsers && critical.p95 * 1000 > plan.objectives.rtoMs ? ': the p95 is longer than the RTO' : '';
}

const WORDS: Readonly<Record<PlanStep['reversibility'], string>> = { reversible: '', compensable: 'reversible', 'point-of-no-return': 'irreversible' };

interface Row {
  mark: string;
  title: string;
  time: string;
  kind: string;
  id: string;
}

/** First the steps before the point of no return, then the line, then the rest. */
function stepTable(plan: Plan, critical: CriticalPath, room: number | undefined, paint: Painter): string {
  const past = beyondTheLine(plan.steps);
  const onPath = new Set(critical.steps);
  const row = (step: PlanStep): Row => ({
    mark: onPath.has(step.id) ? '*' : ' ',
    title: step.title,
    time: step.estimate.p95 === 0 ? '' : `${seconds(step.estimate.p50)} / ${seconds(step.estimate.p95)}`,
    kind: [WORDS[step.reversibility], isGuard(step) ? 'guard' : '', step.gate ? 'gate' : '', step.optional ? 'optional' : ''].filter((word) => word !== '').join(', '),
    id: step.id,
  });
  const inOrder = byPhase(plan.steps).flatMap((group) => group.steps);
  const before = inOrder.filter((step) => !past.has(step.id)).map(row);
  const after = inOrder.filter((step) => past.has(step.id)).map(row);
  const [header, ...lines] = rows([...before, ...after], room, paint);
  const line = fit(indent('── point of no return: every gate must pass before anything below starts ──', 2), room);
  return [
    ...(header === '' ? [] : [paint('dim', header ?? '')]),
    ...lines.slice(0, before.length),
    after.length === 0 ? paint('dim', '  all steps are reversible') : paint('red', line),
    ...lines.slice(before.length),
  ].join('\n');
}

/** A line for each step where the widest fits, else two; the first is the header, empty where there is none. */
function rows(steps: readonly Row[], room: number | undefined, paint: Painter): string[] {
  const header: Row = { mark: ' ', title: 'WHAT', time: 'P50 / P95', kind: 'KIND', id: 'STEP' };
  const table = columns([header, ...steps].map(({ mark, title, time, kind, id }) => [mark, title, time, kind, id])).map((line) => indent(line, 2));
  if (room === undefined || room < 40 || table.every((line) => width(line) <= room)) return table;
  const two = steps.map(({ mark, title, time, kind, id }) => {
    const first = fit(indent(`${mark === '*' ? '*' : '·'} ${title}`, 2), room);
    return `${first}\n${paint('dim', fit(indent([id, kind, time].filter((part) => part !== '').join(' · '), 6), room))}`;
  });
  return ['', ...two];
}

/** What was not there before, or is not there after. */
const NOTHING: ReadonlySet<string> = new Set(['', 'none', 'absent']);

/** By resource; `+` is created, `~` changed, `-` removed. */
function changes(plan: Plan, paint: Painter): string[] {
  const all = plan.steps.flatMap((step) => step.changes);
  if (all.length === 0) return ['none'];
  return [...Map.groupBy(all, (change) => change.resource)].flatMap(([resource, of]) => [resource, ...of.map((change) => indent(changeLine(change, paint), 2))]);
}

function changeLine({ field, before, after }: Change, paint: Painter): string {
  if (NOTHING.has(after)) return `${paint('red', '-')} ${field}${NOTHING.has(before) || before === 'there' ? '' : `: ${before}`}`;
  if (NOTHING.has(before)) return `${paint('green', '+')} ${field}${after === 'there' ? '' : `: ${after}`}`;
  return `${paint('yellow', '~')} ${field}: ${before} → ${after}`;
}

/** Names and cost. Without a saved plan the run has a mark of its own in them. */
function twinLines({ drill }: Plan, { p50 }: CriticalPath, { twins, cost }: PlannedTwins): string[] {
  const hours = Math.max(RENTED_HOURS_MIN, p50 / 3600);
  return [
    ...columns(twins.map(({ resource, what }) => [resource, what])),
    `Cost: ${costText(cost, hours, 'for this drill')}; left as they are: ${costText({ ...cost, unknown: [] }, 24, 'a day')}. ${NOT_COUNTED}`,
    `A run that is started without this saved plan has another mark than ${drill?.mark ?? ''} in these names.`,
  ];
}

/** AWS bills at least ten minutes of a database. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_OnDemandDBInstances.html */
const RENTED_HOURS_MIN = 1 / 6;

function controlPlanes(plan: Plan): string[] {
  const users = Map.groupBy(plan.steps.flatMap((step) => step.controlPlanes.map((plane) => ({ plane, id: step.id }))), ({ plane }) => plane);
  if (users.size === 0) return ['none'];
  return columns([...users].sort(([a], [b]) => (a < b ? -1 : 1)).map(([plane, of]) => [plane, of.map(({ id }) => id).join(', ')]));
}

function seconds(value: number): string {
  return formatDuration(value * 1000);
}
