import { iso } from '../base/clock.ts';
import { plural } from '../base/plural.ts';
import { keptUntil, leftBehind, type RunState } from '../journal/state.ts';
import { rpoFact } from '../kinds/databases/facts.ts';
import { notCompared } from '../kinds/production.ts';
import type { Phase, Says } from '../model/step.ts';
import { traitsOf } from '../model/verb.ts';
import type { Evidence, EvidenceObjective } from './evidence-schema.ts';
import { formatMs, regionName } from './format.ts';

/* What a drill proves, and what it does not: it did on twins what a failover does, and nobody was moved. */

export const DRILL_RULE =
  'The drill passes when every step on its twins succeeded, production was the same before and after as far as it answered, nothing of the drill is left, and the ' +
  'times below are within the objectives. RTO counts from the moment at which the twins were there to the end of the last step that a failover ' +
  'takes as well. It does not hold the detection, the fence, approvals, and the time for which resolvers keep an old answer. RPO is what the ' +
  'standby lacked when the drill looked. What was not measured never counts as met.';

/** What a failover does too. */
const RECOVERY: ReadonlySet<Phase> = new Set(['fence', 'data', 'compute', 'traffic', 'verify']);

/** The end of the last step of some phases that was done, undone since or not. Undefined where none was. */
function lastEnd(state: RunState, phases: (phase: Phase) => boolean): number | undefined {
  const ends = state.plan.steps.flatMap(({ id, phase }) => (phases(phase) ? (state.steps.get(id)?.endedAt ?? []) : []));
  return ends.length === 0 ? undefined : Math.max(...ends);
}

export function drillObjectives(state: RunState): EvidenceObjective[] {
  const { objectives } = state.plan;
  return [rto(state, objectives.rtoMs), rpo(state, objectives.rpoMs)];
}

function judged(name: 'RTO' | 'RPO', objectiveMs: number, ms: number | undefined, because: string): EvidenceObjective {
  if (ms === undefined) return { name, objectiveMs, actualMs: null, atLeast: false, verdict: 'not measured', because };
  return { name, objectiveMs, actualMs: ms, atLeast: false, verdict: ms > objectiveMs ? 'missed' : 'met', because };
}

function rto(state: RunState, objectiveMs: number): EvidenceObjective {
  if (state.outcome !== 'succeeded') return judged('RTO', objectiveMs, undefined, 'the drill did not succeed: it has no RTO');
  const from = lastEnd(state, (phase) => phase === 'prepare') ?? lastEnd(state, (phase) => phase === 'assess') ?? state.startedAt;
  const to = lastEnd(state, (phase) => RECOVERY.has(phase));
  if (to === undefined) return judged('RTO', objectiveMs, undefined, 'the drill had no step of a recovery');
  const ms = Math.max(0, to - from);
  return judged('RTO', objectiveMs, ms, `${formatMs(ms)} on the twins, counted from when they were ready; objective ${formatMs(objectiveMs)}. Not in it: detection, fencing, approvals, DNS caches`);
}

function rpo(state: RunState, objectiveMs: number): EvidenceObjective {
  const bounds = rpoFact.keys(state).map((name) => ({ name, bound: rpoFact.read(state, name) }));
  const unknown = bounds.find(({ bound }) => bound?.boundMs === undefined);
  if (unknown !== undefined) return judged('RPO', objectiveMs, undefined, `${unknown.name}: ${unknown.bound?.because ?? 'the recorded bound cannot be read'}`);
  const [worst] = bounds.sort((a, b) => (b.bound?.boundMs ?? 0) - (a.bound?.boundMs ?? 0));
  if (worst?.bound?.boundMs === undefined) {
    const copied = state.plan.steps.some(({ phase, reversibility }) => phase === 'data' && reversibility !== 'reversible');
    return { ...judged('RPO', objectiveMs, undefined, copied ? 'no bound was recorded' : 'no database is promoted'), verdict: copied ? 'not measured' : 'not applicable' };
  }
  const ms = worst.bound.boundMs;
  return judged('RPO', objectiveMs, ms, `at most ${formatMs(ms)} of ${worst.name} would have been lost; objective ${formatMs(objectiveMs)}`);
}

export function drillSentence(word: Evidence['verdict']['word'], state: RunState, objectives: readonly EvidenceObjective[]): string {
  const { runbook, target, drill } = state.plan;
  const what = `DRILL of ${runbook.name} in ${regionName(target)}`;
  const left = leftBehind(state).map(({ id }) => id);
  const until = keptUntil(state);
  if (until !== undefined) return `${what}: its steps are over (${state.kept?.ended ?? ''}), and its twins are kept until ${iso(until)}. That production is as it was is looked at when they are deleted.`;
  if (word === 'unfinished') return `${what}: it has not finished${left.length === 0 ? '' : ', and twins of it may be there'}.`;
  const remains = left.length === 0 ? 'nothing of it is left' : `NOT EVERYTHING OF IT IS DELETED (${left.join(', ')}): dr drill clean ${state.run}`;
  const skipped = (drill?.skipped ?? []).length === 0 ? '' : ` Not practised: ${drill?.skipped.join(', ')}.`;
  const changed = [...state.steps.values()].find((step) => step.notUndone?.code === 'PRODUCTION_CHANGED');
  if (changed !== undefined) return `${what} failed: production is not as it was before: ${changed.notUndone?.message ?? ''}. ${remains}.`;
  const steps = [...state.steps.values()];
  const failed = steps.find((step) => step.error !== undefined && step.refusal === undefined);
  const refused = steps.find((step) => step.refusal !== undefined);
  switch (word) {
    case 'failed':
      return `${what} failed${failed === undefined ? '' : ` at ${failed.id}: ${failed.error?.message ?? ''}`}; ${remains}.`;
    case 'refused':
      return `${what} was refused${refused === undefined ? '' : ` by ${refused.refusal?.rule ?? ''} (${refused.id})`}; ${remains}.`;
    case 'aborted':
      return `${what} was stopped; ${remains}.`;
    default: {
      const open = [...state.steps.values()].filter(({ says }) => says === NOT_JUDGED).length;
      const unjudged = open === 0 ? '' : ` ${plural(open, 'probe')} not judged.`;
      const silent = notCompared(state);
      const compared = silent.length === 0 ? '' : ` Not compared, for it gave no answer: ${silent.join(', ')}.`;
      const words = objectives.filter((o) => o.verdict !== 'not applicable').map((o) => `${o.name} ${o.verdict}`);
      return `${what} passed on twins, and users stayed where they are; ${words.join(', ')}; ${remains}.${compared}${unjudged}${skipped}`;
    }
  }
}

export function drillNext(state: RunState): string[] {
  const left = leftBehind(state);
  if (left.length > 0) return [`Delete what is left: dr drill clean ${state.run}`];
  if (state.outcome === undefined) return [`Clean up: dr drill clean ${state.run}`];
  const refusals = [...state.steps.values()].flatMap(({ id, refusal }) => (refusal === undefined ? [] : [`${id}: ${refusal.rule}: ${refusal.override}`]));
  const failures = [...state.steps.values()].flatMap(({ id, error }) => (error?.next ?? []).filter((next) => next !== 'dr resume').map((next) => `${id}: ${next}`));
  return state.outcome === 'succeeded' ? [] : [...refusals, ...failures, 'Mend it, and drill again: a failover would meet the same.'];
}

/** What a probe says whose answer shows nothing of what users would get. */
const NOT_JUDGED: Says = 'not judged';

export function drillFigures(evidence: Evidence): string[] {
  const open = evidence.steps.filter(({ says }) => says === NOT_JUDGED).map(({ id, because }) => `${id}: ${because}`);
  return [...evidence.objectives.map((o) => `${o.name} ${o.verdict}: ${o.because}`), ...open];
}

export function isDrill(state: RunState): boolean {
  return traitsOf(state.plan.verb).drills;
}
