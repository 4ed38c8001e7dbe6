import type { Effects } from '../../effects/effects.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { Obstacle, StepPreview } from '../../engine/preview.ts';
import type { Plan } from '../../model/plan.ts';
import { finder, type Finding, findingOf } from '../../model/finding.ts';
import type { Acceptances, PlanStep, Warning } from '../../model/step.ts';
import type { Accepted } from '../../runbook/schema.ts';

/* What a run would refuse or warn of, as findings: the rules of a run and of a look at readiness are the same. */

/** What a look at one direction needs. */
export interface Asking {
  effects: Effects;
  loaded: LoadedRunbook;
  target: string;
  signal: AbortSignal;
}

/** Said in place of people, so that what is left is what they could not say: the source is lost, everybody agrees. */
export function assumed(plan: Plan): Acceptances {
  return { sourceDown: 'dr check', flap: 'dr check', reason: 'a look at readiness', approvedBy: plan.steps.flatMap((step) => step.approval?.from.map(({ name }) => name) ?? []) };
}

/** A finding, with where what it is about stands in the runbook. */
export type PathFinding = Finding & { path: readonly string[] };

export function runFindings(plan: Plan, preview: StepPreview): PathFinding[] {
  const steps = new Map(plan.steps.map((step) => [step.id, step]));
  const refused = preview.refusals.flatMap((obstacle) => refusedBy(steps.get(obstacle.step), obstacle));
  // What people are asked for comes with every run; a gate after the assessment decides on what earlier steps of the run have made.
  const warned = preview.warned.filter(({ step }) => step.approval === undefined && (!step.gate || step.phase === 'assess'));
  return [...refused, ...warned.flatMap(({ step, warnings }) => warnings.map((warning) => warnedBy(step, warning)))];
}

function refusedBy(step: PlanStep | undefined, { step: id, title, held, refusal, error }: Obstacle): PathFinding[] {
  const about = aboutOf(id, step);
  const path = pathOf(id, step);
  if (refusal !== undefined) return [{ ...findingOf(refusal, about), path }];
  if (held !== undefined) return [{ ...finder(about).warning('held', { observed: [title, held[0] ?? ''].join(' ').trim(), wanted: 'no run that holds the application', mend: held.slice(1).join('; ') }), path }];
  const said = { observed: error ?? 'no answer', wanted: `a check of ${id} that is answered`, consequence: 'a run would be refused: unknown is not ready', mend: 'see what the check says, and check again' };
  return [{ ...finder(about).error('not-seen', said), path }];
}

function warnedBy(step: PlanStep, { rule, observed, wanted, mend, page }: Warning): PathFinding {
  const said = { observed, wanted, mend, ...(page === undefined ? {} : { page }) };
  return { ...finder(aboutOf(step.id, step)).warning(rule, said), path: pathOf(step.id, step) };
}

function aboutOf(id: string, step: PlanStep | undefined): { resource: string; region: string } {
  return { resource: step?.changes[0]?.resource ?? id.split('.').slice(0, 2).join('.'), region: step?.region ?? '' };
}

/** Steps of a resource are named by where it stands: `databases.orders.promote`. */
function pathOf(id: string, step: PlanStep | undefined): string[] {
  return step?.origin === 'resource' ? id.split('.').slice(0, 2) : [];
}

/* What the runbook says that somebody lives with. It is still shown, and fails nothing until its day is over. */

/** Milliseconds in the day that `until` names, which is the last one that counts. */
const DAY_MS = 86_400_000;

function isOver({ until }: Accepted, now: number): boolean {
  return now >= Date.parse(`${until}T00:00:00Z`) + DAY_MS;
}

/** The acceptance of a finding that counts now. */
export function acceptanceOf(accepts: readonly Accepted[], finding: Finding, now: number): Accepted | undefined {
  return accepts.find((one) => matches(one, finding) && !isOver(one, now));
}

function matches({ rule, resource }: Accepted, finding: Finding): boolean {
  return rule === finding.rule && (resource === undefined || resource === finding.resource);
}

/** Acceptances whose day is over while what they accept is still so, and those that accept nothing that was found. */
export function staleAcceptances({ runbook }: LoadedRunbook, findings: readonly Finding[], now: number): PathFinding[] {
  return runbook.accepts.flatMap((one, i) => {
    const { warning, note } = finder({ resource: `runbook:${runbook.name}`, region: '' });
    const path = ['accepts', String(i)];
    const what = `${one.rule}${one.resource === undefined ? '' : ` of ${one.resource}`}, accepted by ${one.owner}`;
    if (!findings.some((finding) => matches(one, finding))) return [{ ...note('accept-unused', { observed: `${what}: nothing of it was found`, wanted: 'acceptances of what is so', mend: 'take it out of `accepts` of the runbook' }), path }];
    return isOver(one, now) ? [{ ...warning('accept-expired', { observed: `${what}: its last day was ${one.until}`, wanted: 'a finding that is mended, or accepted again', mend: 'mend it, or agree on another day' }), path }] : [];
  });
}
