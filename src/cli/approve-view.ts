import type { WaitingGate } from '../app/approve.ts';
import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import type { PlanStep } from '../model/step.ts';
import { modeTag, regionName } from './names.ts';
import { columns, indent, type Painter } from './text.ts';
import { answerText } from './waiting.ts';

/** What an approver decides on: what was seen, what may be lost, and what comes next. */
export function approvalText({ state, gate, judgement }: WaitingGate, paint: Painter, now: number): string {
  const { plan, operator, acceptances } = state;
  const heading = (text: string) => paint('bold', text);
  const said = [
    ...(acceptances.dataLossSeconds === undefined ? [] : [['accepted loss', acceptances.dataLossSeconds === 'unknown' ? 'any, even one that cannot be bounded' : formatDuration(acceptances.dataLossSeconds * 1000)]]),
    ...(acceptances.sourceDown === undefined ? [] : [['attested down', `by ${acceptances.sourceDown}`]]),
    ...(acceptances.flap === undefined ? [] : [['moves again', `acknowledged by ${acceptances.flap}`]]),
    ...(acceptances.reason === undefined ? [] : [['reason', plain(acceptances.reason)]]),
  ];
  const rows = columns([
    ['run', `${state.run}${modeTag(state.mode)}`],
    ['what', `${plan.verb} of ${plan.runbook.name} in account ${plan.account}`],
    ['from', regionName(plan.source)],
    ['to', regionName(plan.target)],
    ['begun', `${iso(state.startedAt)} by ${operator.user}@${operator.host} (${operator.identity})`],
    ['objectives', `RTO ${formatDuration(plan.objectives.rtoMs)}, RPO ${formatDuration(plan.objectives.rpoMs)}`],
    ...said,
    ['gate', `${gate.step.id}: ${gate.quorum} of ${gate.from.map(({ name }) => name).join(', ')}`],
    ['so far', judgement.approved.length === 0 ? 'nobody' : judgement.approved.map(({ approver }) => approver).join(', ')],
  ]);
  const past = waitingFor(plan.steps, gate.step.id);
  const before = plan.steps.filter((step) => step.id !== gate.step.id && !past.has(step.id) && (step.phase === 'assess' || step.gate || state.steps.get(step.id)?.intendedAt !== undefined));
  const gates = plan.steps.filter((step) => past.has(step.id) && step.gate);
  const next = plan.steps.filter((step) => past.has(step.id) && !step.gate);
  const seen = (steps: readonly PlanStep[]) => steps.map((step) => `${step.title}: ${plain(answerText(state.steps.get(step.id), now))}`).join('\n');
  return [
    rows.join('\n'),
    `${heading('Seen')}\n${indent(seen(before), 2)}`,
    ...(gates.length === 0 ? [] : [`${heading('Decided after you, as it looks now')}\n${indent(seen(gates), 2)}`]),
    `${heading('Next steps')}\n${indent(next.map((step) => `${step.title} [${step.id}]${step.reversibility === 'point-of-no-return' ? paint('red', ' irreversible') : ''}`).join('\n'), 2)}`,
  ].join('\n\n');
}

/** What others wrote must not repaint the terminal of the person who decides on it. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

/** Steps that do not begin before the gate is open. Steps come in topological order. */
function waitingFor(steps: readonly PlanStep[], gate: string): ReadonlySet<string> {
  const past = new Set<string>();
  for (const step of steps) if (step.after.some((id) => id === gate || past.has(id))) past.add(step.id);
  return past;
}
