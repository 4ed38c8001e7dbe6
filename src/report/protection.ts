import { iso } from '../base/clock.ts';
import { changeOf } from '../journal/requests.ts';
import type { RunState, StepRun } from '../journal/state.ts';
import type { PlanStep } from '../model/step.ts';
import { traitsOf } from '../model/verb.ts';
import type { Evidence } from './evidence-schema.ts';
import { regionName } from './format.ts';

/*
 * Whether another region can take over. A move leaves an application without a standby, from the moment at which the old one became the
 * active side (or was asked to), until a reprotect has ended in sync.
 */

type Protection = Evidence['protection'];

export function protectionOf(state: RunState): Protection {
  const { verb, source, target, runbook } = state.plan;
  const { movesUsers, rebuilds, drills } = traitsOf(verb);
  if (drills) return { state: 'unchanged', since: null, because: 'a drill works on twins: the standby stays as it is' };
  if (rebuilds && state.outcome === 'succeeded') {
    return { state: 'restored', since: iso(state.endedAt ?? state.lastAt), because: `${runbook.name} has its standby in ${regionName(source)} again` };
  }
  const since = movesUsers ? movedAt(state) : undefined;
  if (since === undefined) return { state: 'unchanged', since: null, because: rebuilds ? 'no standby was rebuilt to the end' : `the standby in ${regionName(target)} was not used up` };
  return { state: 'unprotected', since: iso(since), because: `${runbook.name} has no standby until a reprotect of ${regionName(source)} is in sync` };
}

/** When the standby became the active side, or was asked to. Where nothing is promoted, when users were led away. */
function movedAt(state: RunState): number | undefined {
  const crossing = state.plan.steps.filter((step) => step.phase === 'data' && step.reversibility === 'point-of-no-return');
  const moving = crossing.length > 0 ? crossing : state.plan.steps.filter((step) => step.phase === 'traffic');
  const times = moving.flatMap((step) => changedAt(step, state.steps.get(step.id)) ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** A promotion that was found made is one all the same; a record that was found right has moved nobody. */
function changedAt({ reversibility }: PlanStep, run: StepRun | undefined): number | undefined {
  const change = changeOf(run);
  if (change === 'made' || change === 'requested') return run?.intendedAt ?? run?.reachedAt;
  return reversibility === 'point-of-no-return' && run?.simulated !== true ? run?.reachedAt : undefined;
}

/** How an application stands after all of its runs. */
export interface Standby {
  /** Milliseconds since the epoch: it has no standby since then. Undefined: nothing is known of its loss. */
  unprotectedSince: number | undefined;
  /** The run that says so. */
  run: string | undefined;
  because: string;
}

/** After these runs of one application, oldest first. */
export function standbyAfter(states: readonly RunState[]): Standby {
  let standing: Standby = { unprotectedSince: undefined, run: undefined, because: '' };
  for (const state of states) {
    const { state: word, since, because } = protectionOf(state);
    if (word === 'restored') standing = { unprotectedSince: undefined, run: state.run, because };
    if (word === 'unprotected' && since !== null) standing = { unprotectedSince: standing.unprotectedSince ?? Date.parse(since), run: state.run, because };
  }
  return standing;
}
