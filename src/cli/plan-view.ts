import { formatDuration } from '../base/duration.ts';
import type { PlanStep } from '../model/step.ts';
import type { CriticalPath } from '../plan/critical-path.ts';
import { isGuard } from '../plan/graph.ts';
import type { Plan } from '../model/plan.ts';
import { policyOf } from '../plan/policy.ts';
import { routeText } from './names.ts';
import { byPhase } from './step-tree.ts';
import type { Painter } from './style.ts';
import { columns, indent } from './text.ts';

/** A plan for people: what, in which order, how long, where the line is, what it changes, what it needs. */
export function planText(plan: Plan, critical: CriticalPath, paint: Painter): string {
  const heading = (text: string) => paint('bold', text);
  return [
    head(plan, critical, paint),
    ...(plan.findings === undefined ? [] : [`${paint('red', 'Findings')}\n${indent(plan.findings.join('\n'), 2)}`]),
    `${heading('Steps')} (* on the critical path)\n${indent(stepTable(plan, critical, paint), 2)}`,
    `${heading('Changes')}\n${indent(changes(plan).join('\n'), 2)}`,
    `${heading('AWS control planes that must answer')}\n${indent(controlPlanes(plan).join('\n'), 2)}`,
    `${heading('IAM permissions')}\n${indent(JSON.stringify(policyOf(plan.steps.flatMap((step) => step.permissions)), null, 2), 2)}`,
  ].join('\n\n');
}

function head(plan: Plan, critical: CriticalPath, paint: Painter): string {
  const title = `${plan.verb} of ${plan.runbook.name}: ${routeText(plan)}`;
  const rows = columns([
    ['strategy', plan.strategy],
    ['account', plan.account],
    ['runbook', `${plan.runbook.path} (sha256 ${plan.runbook.sha256.slice(0, 12)})`],
    ['objectives', `RTO ${formatDuration(plan.objectives.rtoMs)}, RPO ${formatDuration(plan.objectives.rpoMs)}`],
    ['expected', `${expectedText(critical)} on AWS${tooSlow(plan, critical)}`],
    ['plan', `${plan.hash.slice(0, 12)}, made ${plan.madeAt}`],
  ]);
  return `${paint('bold', title)}\n${indent(rows.join('\n'), 2)}`;
}

/** `about 4m 10s (p50), 11m (p95)` */
export function expectedText(critical: CriticalPath): string {
  return `about ${seconds(critical.p50)} (p50), ${seconds(critical.p95)} (p95)`;
}

function tooSlow(plan: Plan, critical: CriticalPath): string {
  return critical.p95 * 1000 > plan.objectives.rtoMs ? ': the p95 is longer than the RTO' : '';
}

/** Steps in a table, first those that can be taken back, then the line, then the rest. */
function stepTable(plan: Plan, critical: CriticalPath, paint: Painter): string {
  const past = beyondTheLine(plan.steps);
  const onPath = new Set(critical.steps);
  const row = (step: PlanStep) => [
    onPath.has(step.id) ? '*' : ' ',
    step.phase,
    step.id,
    step.title,
    `${seconds(step.estimate.p50)} / ${seconds(step.estimate.p95)}`,
    [step.reversibility, ...(isGuard(step) ? ['guard'] : []), ...(step.gate ? ['gate'] : []), ...(step.optional ? ['optional'] : [])].join(', '),
  ];
  const inOrder = byPhase(plan.steps).flatMap((group) => group.steps);
  const before = inOrder.filter((step) => !past.has(step.id));
  const after = inOrder.filter((step) => past.has(step.id));
  const [header = '', ...lines] = columns([[' ', 'PHASE', 'STEP', 'WHAT', 'P50 / P95', 'KIND'], ...[...before, ...after].map(row)]);
  const line = paint('red', '──── point of no return: every gate is green before anything below starts ────');
  return [
    paint('dim', header),
    ...lines.slice(0, before.length),
    ...(after.length === 0 ? [paint('dim', 'no step is beyond a point of no return')] : [line]),
    ...lines.slice(before.length),
  ].join('\n');
}

/** Steps of no return, and all that wait for one. Steps come in topological order. */
export function beyondTheLine(steps: readonly PlanStep[]): Set<string> {
  const past = new Set<string>();
  for (const step of steps) {
    const before = [...step.after, ...(step.beside ?? [])];
    if (step.reversibility === 'point-of-no-return' || before.some((id) => past.has(id))) past.add(step.id);
  }
  return past;
}

function changes(plan: Plan): string[] {
  const rows = plan.steps.flatMap((step) => step.changes.map((c) => [c.resource, c.field, `${c.before === '' ? 'none' : c.before} → ${c.after}`]));
  return rows.length === 0 ? ['none'] : columns(rows);
}

function controlPlanes(plan: Plan): string[] {
  const users = new Map<string, string[]>();
  for (const step of plan.steps) {
    for (const plane of step.controlPlanes) users.set(plane, [...(users.get(plane) ?? []), step.id]);
  }
  if (users.size === 0) return ['none'];
  return columns([...users].sort(([a], [b]) => (a < b ? -1 : 1)).map(([plane, steps]) => [plane, steps.join(', ')]));
}

function seconds(value: number): string {
  return formatDuration(value * 1000);
}
