import { DrError } from '../../base/errors.ts';
import { partsOfRunId } from '../../base/ids.ts';
import type { Effects } from '../../effects/effects.ts';
import type { FleetRecord } from '../../journal/events.ts';
import { isOver, type RunState } from '../../journal/state.ts';
import type { Acceptances } from '../../model/step.ts';
import { loadRunbook } from '../../runbook/load.ts';
import { liveEffects } from '../live-effects.ts';
import { resume } from '../resume.ts';
import type { GitOf } from '../operator.ts';
import type { RunResult, RunWatchers } from '../run-to-the-end.ts';
import { type DamagedRun, leftOutLine, listAllRuns } from '../runs.ts';
import { shownPlace, type StatePlace } from '../state.ts';
import { runPlan } from '../start-run.ts';
import { type FleetResult, sharing, whatWasPlanned } from './fleet.ts';
import { activeAlready, failed, type FleetOutcome, outcomeOf, runInTurn, worst } from './outcome.ts';
import { planMember } from './plans.ts';

interface ResumeFleetRequest extends RunWatchers {
  state: StatePlace;
  acceptances: Acceptances;
  /** Takes what has begun from the run that holds it: the person who says so gives a reason. */
  takeOver?: boolean;
  /** Asked before anything is taken or begun. @throws DrError (declined). */
  confirm?(fleet: FleetRecord, open: readonly RunState[]): void;
  effects?: Effects;
  gitOf?: GitOf;
}

/**
 * Continues with the newest fleet that is not done: its open runs are resumed, and what was not begun is planned now and
 * run, in the order of the fleet. What a person confirmed was the fleet: a runbook that has changed since is refused.
 */
export async function resumeFleet(request: ResumeFleetRequest): Promise<FleetResult> {
  const effects = sharing(request.effects ?? liveEffects());
  const { fleet, runs, unreadable } = await openFleet(request.state);
  for (const run of unreadable.values()) request.onMessage?.(`Warning: ${leftOutLine(run)}`);
  request.confirm?.(fleet, [...runs.values()].filter((run) => !isOver(run)));
  const endedBefore = (name: string): FleetOutcome | undefined => {
    const unknown = unreadable.get(name);
    if (unknown !== undefined) return failed(name, unknown.error);
    const before = runs.get(name);
    return before?.outcome === 'succeeded' ? activeAlready(name, `run ${before.run} has succeeded`) : undefined;
  };
  const outcomes = await runInTurn(fleet.members.map((m) => ({ ...m, ended: endedBefore(m.name) })), request.drain, async (name) => {
    const before = runs.get(name);
    const outcome = await outcomeOf(name, before === undefined ? begin(request, effects, fleet, name, runs) : resume({ ...request, effects, run: before.run }));
    return outcome.error?.code === 'ALREADY_ACTIVE' ? activeAlready(name, outcome.because) : outcome;
  });
  return { id: fleet.id, region: fleet.region, outcomes, notes: [], exit: worst(outcomes.map((o) => o.exit)) };
}

/**
 * The newest fleet with a member that has not succeeded, the newest run of each member, and of each member that may have a run in it that
 * cannot be read, that run: nothing is begun or resumed for it.
 */
async function openFleet(state: StatePlace): Promise<{ fleet: FleetRecord; runs: Map<string, RunState>; unreadable: Map<string, DamagedRun> }> {
  const { runs: all, damaged } = await listAllRuns(state);
  for (const id of new Set(all.flatMap((run) => run.fleet?.id ?? []))) {
    const mine = all.filter((run) => run.fleet?.id === id);
    const fleet = mine[0]?.fleet;
    if (fleet === undefined) continue;
    // Newest first, so that an older run of the same name does not replace it.
    const runs = new Map(mine.toReversed().map((run) => [run.plan.runbook.name, run]));
    const begunAt = partsOfRunId(id)?.startedAt ?? 0;
    const since = damaged.map((run) => ({ run, parts: partsOfRunId(run.run) })).filter(({ parts }) => parts !== undefined && parts.startedAt >= begunAt);
    const names = new Set(fleet.members.map(({ name }) => name));
    const unreadable = new Map(since.flatMap(({ run, parts }) => (parts !== undefined && names.has(parts.runbook) ? [[parts.runbook, run] as const] : [])));
    if (fleet.members.some(({ name }) => runs.get(name)?.outcome !== 'succeeded')) return { fleet, runs, unreadable };
  }
  throw new DrError({
    code: 'NOTHING_TO_RESUME',
    exit: 'usage',
    title: 'No run of many applications is open.',
    detail: `State: ${shownPlace(state)}`,
    next: ['dr history    lists the runs', 'dr resume    continues the newest run of one application'],
  });
}

async function begin(request: ResumeFleetRequest, effects: Effects, fleet: FleetRecord, name: string, runs: ReadonlyMap<string, RunState>): Promise<RunResult> {
  const member = fleet.members.find((m) => m.name === name);
  const confirmed = [...runs.values()][0];
  if (member === undefined || confirmed === undefined) throw new Error(`${name} is not part of the fleet`);
  const loaded = await loadRunbook(member.path);
  if (loaded.sha256 !== member.sha256) {
    throw new DrError({
      code: 'RUNBOOK_CHANGED',
      exit: 'refused',
      title: `The runbook ${member.path} was changed after all of them were confirmed.`,
      next: [`dr failover --region ${fleet.region} --runbook ${name}`],
    });
  }
  const planned = await planMember(effects, { loaded, needs: member.needs }, fleet);
  if (planned.state === 'failed') throw planned.error;
  if (planned.state === 'there') throw new DrError({ code: 'ALREADY_ACTIVE', exit: 'refused', title: planned.because });
  const { confirmedBy, declaredAt } = confirmed;
  // What a person said holds for all of them; what was seen of one application says nothing of another.
  const impactAt = confirmed.impactSource === undefined ? confirmed.impactAt : undefined;
  const acceptances = { ...confirmed.acceptances, ...request.acceptances, approvedBy: [...new Set([...confirmed.acceptances.approvedBy, ...request.acceptances.approvedBy])] };
  return runPlan({ ...request, ...whatWasPlanned(planned), effects, confirmedBy, declaredAt, acceptances, fleet, ...(impactAt === undefined ? {} : { impactAt }) });
}
