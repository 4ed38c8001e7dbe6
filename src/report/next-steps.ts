import { pastTheLine } from '../journal/requests.ts';
import type { RunState } from '../journal/state.ts';
import { fencedIn, fenceOf } from '../kinds/databases/verdict.ts';
import { drillNext, isDrill } from './drill.ts';
import { standbyEvidence } from './data-evidence.ts';
import type { Evidence } from './evidence-schema.ts';
import { regionName, visible } from './format.ts';
import { requestLines } from './requests.ts';
import { requestEvidence } from './step-evidence.ts';
import { isPlannedMove, traitsOf } from '../model/verb.ts';

export function nextSteps(state: RunState, word: Evidence['verdict']['word']): string[] {
  const { plan } = state;
  const source = regionName(plan.source);
  const target = regionName(plan.target);
  if (isDrill(state)) return drillNext(state);
  switch (word) {
    case 'unfinished':
      return [...beyondTheLine(state), `To continue: dr resume ${state.run}`];
    case 'failed':
      return state.leadingBack === undefined ? afterFailure(state) : [`Mend what stands in the way, then roll back what is left: dr abort ${state.run}`];
    case 'aborted':
      return [`${plan.runbook.name} is active in ${traitsOf(plan.verb).rebuilds ? target : source} as before. Start again when what stood in the way is mended.`];
    case 'refused':
      return [...beyondTheLine(state), ...ofRefusals(state), ...(pastTheLine(state) ? [`To continue: dr resume ${state.run}`] : ['Nothing irreversible was done.'])];
    default:
      return !traitsOf(plan.verb).movesUsers ? afterReprotect(state) : afterMove(state);
  }
}

/** What must not be done by hand while the run is on the other side of its line. */
function beyondTheLine(state: RunState): string[] {
  if (!pastTheLine(state)) return [];
  const requests = requestLines(requestEvidence(state), undefined);
  return requests.length > 0 ? requests : [`The point of no return is passed.${!traitsOf(state.plan.verb).movesUsers ? '' : ' Do not reopen the old writer.'}`];
}

function afterFailure(state: RunState): string[] {
  const crossed = pastTheLine(state);
  return [
    ...beyondTheLine(state),
    ...ofFailedSteps(state),
    `Mend what made the step fail, then continue from there: dr resume ${state.run}`,
    ...(crossed ? [] : [`Or roll back what it has changed: dr abort ${state.run}`]),
    `Do not start a second ${state.plan.verb}: this run still holds what it has changed.`,
  ];
}

/** Old writers that took writes after their copies had taken over. */
function ofReturned(state: RunState): string[] {
  return fencedIn(state).flatMap((database) => {
    const fence = fenceOf(state, database);
    return fence?.returnedAt === undefined ? [] : [fence.because];
  });
}

/** What a guard watched for did not come while the run was open: from here on nobody watches. */
function ofGuards({ steps }: RunState): string[] {
  return [...steps.values()].flatMap((step) => (step.state === 'unmet' ? [step.because] : []));
}

function afterMove(state: RunState): string[] {
  const { plan } = state;
  const source = regionName(plan.source);
  const lost =
    isPlannedMove(plan.verb)
      ? `The old databases in ${source} are read-only. They hold nothing that ${regionName(plan.target)} lacks, and are renamed and kept by the reprotect.`
      : `Keep the old databases in ${source} until a person has decided about them: writes that were not replicated exist nowhere else.`;
  return [
    `Reprotect: ${plan.runbook.name} now runs in ${regionName(plan.target)} alone. Once ${source} is healthy: dr reprotect --standby ${plan.source}`,
    ...ofGuards(state),
    ...ofReturned(state),
    lost,
    `Going back to ${source} is a decision of its own, after the reprotect: dr switchover --region ${plan.source}`,
  ];
}

function afterReprotect(state: RunState): string[] {
  const { plan } = state;
  const kept = standbyEvidence(state).flatMap((standby) => standby.kept ?? []);
  return [
    `${plan.runbook.name} can be moved again: dr switchover --region ${plan.source}, or dr failover --region ${plan.source} when ${regionName(plan.target)} is lost.`,
    ...(kept.length === 0 ? [] : [`Kept, and paid for, until a person decides about them: ${kept.join(', ')}. They may hold writes that exist nowhere else.`]),
  ];
}

function ofFailedSteps(state: RunState): string[] {
  return [...state.steps.values()].flatMap((step) =>
    step.state === 'failed' ? (step.error?.next ?? []).map((next) => `${step.id}: ${next}`) : [],
  );
}

function ofRefusals(state: RunState): string[] {
  return [...state.steps.values()].flatMap((step) =>
    step.refusal === undefined ? [] : [`${step.id}: ${step.refusal.rule}: ${step.refusal.override}`],
  );
}

/** What a run that rolled back has undone, and what not, and why: lines for a terminal. None for a run that only went forward. */
export function wayBackLines(state: RunState): string[] {
  if (state.leadingBack === undefined) return [];
  const runs = [...state.steps.values()];
  const optional = new Set(state.plan.steps.flatMap((step) => (step.optional ? [step.id] : [])));
  const undone = runs.filter((step) => step.state === 'undone').map((step) => `undone      ${step.id}`);
  const left = runs.flatMap((step) => (step.notUndone === undefined ? [] : [`${step.notUndone.code === 'NO_UNDO' && optional.has(step.id) ? 'stays     ' : 'not undone'}  ${step.id}: ${step.notUndone.message}`]));
  const lines = undone.length + left.length === 0 ? ['nothing had been changed'] : [...left, ...undone];
  // Not cut to the width of a terminal: why something is left is what a person must read to the end.
  return ['Rolled back:', ...lines.map((line) => visible(`  ${line}`))];
}
