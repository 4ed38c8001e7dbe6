import type { RunState } from '../journal/state.ts';
import type { Evidence } from './evidence-schema.ts';
import { regionName } from './format.ts';

/** What a person does next, most urgent first. */
export function nextSteps(state: RunState, word: Evidence['verdict']['word']): string[] {
  const { plan } = state;
  const source = regionName(plan.source);
  const target = regionName(plan.target);
  switch (word) {
    case 'unfinished':
      return [`Go on from where it stopped: dr resume ${state.run}`];
    case 'failed':
      return [
        ...ofFailedSteps(state),
        `Mend what made the step fail, then go on from there: dr resume ${state.run}`,
        'Do not start a second failover: this run still holds what it has changed.',
      ];
    case 'aborted':
      return [`${plan.runbook.name} is active in ${source} as before. Start again when what stood in the way is mended.`];
    case 'refused':
      return [...ofRefusals(state), 'Nothing irreversible was done after the refusal.'];
    default:
      return [
        `Reprotect: ${plan.runbook.name} now runs in ${target} alone. Rebuild its replicas and standby capacity in ${source} once that region is healthy.`,
        `Keep the old databases in ${source} until a person has decided about them: writes that were not replicated exist nowhere else.`,
        `Going back to ${source} is a decision of its own, after replication has caught up.`,
      ];
  }
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
