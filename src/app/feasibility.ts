import { AwsError } from '../aws/errors.ts';
import type { Effects } from '../effects/effects.ts';
import type { StateStore } from '../journal/state-store.ts';
import { knownKind } from '../kinds/registry.ts';
import type { Plan } from '../model/plan.ts';
import { stepId } from '../model/step-id.ts';
import type { Estimate } from '../model/step.ts';
import { traitsOf } from '../model/verb.ts';
import { COUNTS_SECONDS, type Feasibility, feasibilityOf, secondsShown as shown, sumOf } from '../plan/feasibility.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { runMode } from './live-effects.ts';
import { newestRunsOf, readable } from './runs.ts';
import { finder } from '../model/finding.ts';
import type { PathFinding } from './check/run-findings.ts';

/* Can a plan keep its RTO? With the times that this application's own runs took, then those that records and health checks give, then AWS's documented ones. */

interface Asking {
  effects: Effects;
  loaded: LoadedRunbook;
  plan: Plan;
  state: StateStore;
  signal: AbortSignal;
}

export async function feasibilityNow({ effects, loaded, plan, state, signal }: Asking): Promise<Feasibility> {
  const [measured, observed] = await Promise.all([ownTimes(state, plan), observedTimes({ effects, signal, target: plan.target }, loaded)]);
  return feasibilityOf(plan, { measured, observed });
}

/** Seconds of each step in the newest runs that moved the application, by id. A run that cannot be read says nothing. */
async function ownTimes(state: StateStore, { runbook, account }: Pick<Plan, 'runbook' | 'account'>): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  const ids = await newestRunsOf(state, runbook.name);
  for (const id of ids) {
    const run = await readable(state, id);
    if (run === undefined || run.mode !== runMode(account) || !traitsOf(run.plan.verb).movesUsers) continue;
    for (const step of run.steps.values()) {
      const end = step.reachedAt ?? step.endedAt;
      if (step.state !== 'done' || step.already || step.simulated === true || step.startedAt === undefined || end === undefined) continue;
      times.set(step.id, [...(times.get(step.id) ?? []), Math.max(0, end - step.startedAt) / 1000]);
    }
  }
  return times;
}

/** What is not answered leaves the documented time. */
async function observedTimes(ctx: { effects: Effects; signal: AbortSignal; target: string }, { runbook }: LoadedRunbook): Promise<Map<string, Estimate>> {
  const times = new Map<string, Estimate>();
  await Promise.all(runbook.resources.map(async ({ section, name, kind, resource }) => {
    try {
      const found = (await (await knownKind(kind)).timing?.(ctx, resource)) ?? {};
      for (const [step, estimate] of Object.entries(found)) times.set(stepId({ section, name }, step), estimate);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
    }
  }));
  return times;
}

/** The RTO against the sum of what stands before users: refused where even the typical times are longer. */
export function rtoFindings({ runbook }: LoadedRunbook, target: string, feasibility: Feasibility): PathFinding[] {
  const { rto, p50, p95, verdict, steps } = feasibility;
  const find = finder({ resource: `runbook:${runbook.name}`, region: target });
  const path = ['objectives', 'rto'];
  const parts = { wanted: `users are served within the RTO of ${shown(rto)}`, mend: 'keep more ready, shorten what takes longest, or agree on another RTO' };
  if (verdict === 'missed') {
    return [{ ...find.error('rto-infeasible', { observed: `until users are served it takes ${shown(p50)}: ${sumOf(steps)}`, consequence: 'the objective cannot be met, however well the run goes', ...parts }), path }];
  }
  const measured = steps.every((step) => step.runs > 0 || step.p95 <= COUNTS_SECONDS);
  if (verdict === 'met' || !measured) return [];
  return [{ ...find.warning('rto-unproven', { observed: `by own runs it takes ${shown(p50)}, and up to ${shown(p95)}: ${sumOf(steps)}`, consequence: 'the objective is missed where several steps are slow', ...parts }), path }];
}
