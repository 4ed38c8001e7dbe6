import type { Json } from '../base/json.ts';
import { pastTheLine } from '../journal/requests.ts';
import type { RunState } from '../journal/state.ts';
import type { Rto } from '../measure/rto.ts';
import { rpoFact } from '../kinds/databases/facts.ts';
import { probeUnverifiedFact } from '../kinds/probe.ts';
import { dnsUnseenFact } from '../kinds/route53/sets.ts';
import { drillObjectives, drillSentence, isDrill } from './drill.ts';
import type { Evidence, EvidenceObjective } from './evidence-schema.ts';
import { formatFigure, formatMs, regionName } from './format.ts';
import { requestedText } from './requests.ts';
import { isPlannedMove, traitsOf } from '../model/verb.ts';

export const PASS_RULE =
  'The run passes when it succeeded, its RTO from impact was measured and is within the objective, and the loss bound of every ' +
  'database was measured and is within the objective. What was not measured never counts as met. A bound above the objective ' +
  'counts as missed even where the true loss may be smaller. Where no database is promoted, an RPO does not apply.';

export const PROTECT_RULE =
  'The run passes when it succeeded: every standby is available, replicates from the active side, and a recent sample says that its ' +
  'lag is small; or backups of the active side arrive, and their newest restorable time moves. Nobody is moved, so that RTO and RPO do not apply.';

/** The objectives that apply to a verb: a drill has its own; a reprotect moves nobody and loses nothing. */
export function objectivesOf(state: RunState, rto: Rto, databases: Evidence['databases'], trueLossMs: number | undefined): EvidenceObjective[] {
  const { verb, objectives } = state.plan;
  if (isDrill(state)) return drillObjectives(state);
  if (!traitsOf(verb).movesUsers) return [];
  const time = verifiedOutside(state, rtoObjective(rto, objectives.rtoMs));
  return [
    isPlannedMove(verb) && neverDown(state, rto) ? { ...time, actualMs: 0, atLeast: false, verdict: 'met', because: 'no probe of the run ever failed' } : time,
    promotes(state) ? rpoObjective(databases, objectives.rpoMs, trueLossMs) : nothingPromoted(objectives.rpoMs),
  ];
}

/** Names and probes of the run that were not seen from this machine, e.g. of a private hosted zone. */
function notSeenOutside(state: RunState): { names: string[]; probes: string[] } {
  const names = new Set(dnsUnseenFact.all(state).flatMap(({ value }) => value));
  const probes = probeUnverifiedFact.all(state).flatMap(({ key, value }) => (value ? [key] : []));
  return { names: [...names].sort(), probes: probes.sort() };
}

/** Recovery is seen from outside, or not measured: a name that users ask for and that this machine cannot see proves nothing. */
function verifiedOutside(state: RunState, time: EvidenceObjective): EvidenceObjective {
  const { names, probes } = notSeenOutside(state);
  const asked = new Set(state.plan.steps.flatMap(({ params }) => probedHost(params) ?? []));
  const unseen = [...probes.map((probe) => `probe ${probe}`), ...names.filter((name) => asked.has(name.replace(/\.$/, '')))];
  if (time.verdict !== 'met' || unseen.length === 0) return time;
  return { ...time, verdict: 'not measured', because: `not verified from outside: ${unseen.join(', ')} was not seen from this machine` };
}

function probedHost(params: Json): string | undefined {
  const url = (params as { probe?: { http?: string } } | null)?.probe?.http;
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** Something in the plan gives a database a history of its own, or a bound on loss was recorded all the same. */
export function promotes(state: RunState): boolean {
  const crossing = state.plan.steps.some((step) => step.phase === 'data' && step.reversibility === 'point-of-no-return');
  return crossing || rpoFact.keys(state).length > 0;
}

export const NOTHING_PROMOTED = 'no database is promoted; what a region has not handed over comes back with it';

function nothingPromoted(objectiveMs: number): EvidenceObjective {
  return { name: 'RPO', objectiveMs, actualMs: null, atLeast: false, verdict: 'not applicable', because: NOTHING_PROMOTED };
}

/** A planned move that users did not notice has taken them no time; where nobody looked, it is not known. */
function neverDown(state: RunState, rto: Rto): boolean {
  const probes = [...state.probes.values()];
  return rto.milestones[0]?.at === undefined && state.outcome === 'succeeded' && probes.length > 0 && probes.every((p) => p.samples > 0 && p.failed === 0);
}

/** RTO from impact against its objective. A lower bound can show a miss, and can never show that it was met. */
function rtoObjective(rto: Rto, objectiveMs: number): EvidenceObjective {
  const { ms, atLeast, because } = rto.fromImpact;
  const base = { name: 'RTO' as const, objectiveMs, actualMs: ms ?? null, atLeast };
  if (ms === undefined) return { ...base, verdict: 'not measured', because };
  if (ms > objectiveMs) {
    return { ...base, verdict: 'missed', because: `${formatFigure({ ms, atLeast })} from impact, objective ${formatMs(objectiveMs)}` };
  }
  if (atLeast) return { ...base, verdict: 'not measured', because: `only a lower bound is known: ${because}` };
  return { ...base, verdict: 'met', because: `${formatMs(ms)} from impact, objective ${formatMs(objectiveMs)}` };
}

/** The worst bound of all databases against the objective; in the lab never less than the true loss. */
function rpoObjective(databases: Evidence['databases'], objectiveMs: number, trueLossMs: number | undefined): EvidenceObjective {
  const base = { name: 'RPO' as const, objectiveMs, atLeast: false };
  const unknown = (because: string): EvidenceObjective => ({ ...base, actualMs: null, verdict: 'not measured', because });
  if (databases.length === 0) return unknown('the plan promotes no database');
  let worst: { name: string; ms: number } | undefined;
  for (const { name, rpo, promotion, requestedAt } of databases) {
    if (promotion === 'requested') return unknown(`promotion of ${name} ${requestedText(requestedAt)}`);
    if (rpo.boundMs === null) return unknown(`${name}: ${rpo.because}`);
    if (promotion === 'not-requested') return unknown(`${name} was not promoted`);
    if (worst === undefined || rpo.boundMs > worst.ms) worst = { name, ms: rpo.boundMs };
  }
  if (worst === undefined) return unknown('no bound was recorded');
  if (trueLossMs !== undefined && trueLossMs > worst.ms) {
    return {
      ...base,
      actualMs: trueLossMs,
      verdict: trueLossMs > objectiveMs ? 'missed' : 'not measured',
      because: `the bound of ${formatMs(worst.ms)} did not hold: the true loss was ${formatMs(trueLossMs)}`,
    };
  }
  const returned = databases.find(({ fence }) => fence.returnedAt !== null);
  if (returned !== undefined && worst.ms <= objectiveMs) {
    return { ...base, actualMs: worst.ms, atLeast: true, verdict: 'not measured', because: `${formatMs(worst.ms)} by the promotion, and what the old writer of ${returned.name} took when it was back` };
  }
  const verdict = worst.ms <= objectiveMs ? 'met' : 'missed';
  return { ...base, actualMs: worst.ms, verdict, because: `${worst.ms === 0 ? 'nothing' : `at most ${formatMs(worst.ms)}`} of ${worst.name} lost, objective ${formatMs(objectiveMs)}` };
}

type Verdict = Evidence['verdict'];

/** The verdict in one word and one sentence. */
export function verdictOf(state: RunState, rto: Rto, objectives: readonly EvidenceObjective[], acted: boolean): Verdict {
  const word = verdictWord(state, objectives);
  const place = placeOf(state);
  const text = sentence(word, state, rto, objectives, acted) + unseenWords(state);
  return { word, sentence: place === '' ? text.replace(/^the /, 'The ') : place + text };
}

function unseenWords(state: RunState): string {
  const { names, probes } = notSeenOutside(state);
  const unseen = [...names, ...probes.map((probe) => `probe ${probe}`)];
  if (state.outcome !== 'succeeded' || unseen.length === 0) return '';
  return ` Not verified from outside: ${unseen.slice(0, 3).join(', ')}${unseen.length > 3 ? ` and ${unseen.length - 3} more` : ''} (does not resolve from this machine).`;
}

function verdictWord(state: RunState, objectives: readonly EvidenceObjective[]): Verdict['word'] {
  if (state.outcome === undefined) return 'unfinished';
  if (state.outcome !== 'succeeded') return state.outcome;
  if (objectives.some((o) => o.verdict === 'missed')) return 'missed';
  return objectives.every((o) => o.verdict === 'met' || o.verdict === 'not applicable') ? 'met' : 'not measured';
}

/** A run that was not on real AWS says so before anything else. */
function placeOf(state: RunState): string {
  if (state.mode === 'lab') return 'In the lab: ';
  if (state.mode === 'simulated') return 'Simulated: ';
  return state.endpoints.length > 0 ? 'With AWS endpoints overridden: ' : '';
}

function sentence(word: Verdict['word'], state: RunState, rto: Rto, objectives: readonly EvidenceObjective[], acted: boolean): string {
  if (isDrill(state)) return drillSentence(word, state, objectives);
  const { runbook, source, target, verb } = state.plan;
  const name = runbook.name;
  switch (word) {
    case 'met':
    case 'missed':
    case 'not measured':
      if (!traitsOf(verb).movesUsers) return `${name} runs in ${regionName(target)} and has its standby in ${regionName(source)} again.`;
      return `${name} runs in ${regionName(target)}${recoveredIn(rto, objectives)}; ${objectiveWords(objectives)}.`;
    case 'failed': {
      if (state.leadingBack !== undefined) return `the ${verb} of ${name} was rolled back, and not everything could be undone.`;
      const failed = [...state.steps.values()].find((step) => step.state === 'failed');
      const where = failed === undefined ? '' : ` at step ${failed.id}`;
      return `the ${verb} of ${name} failed${where} after ${formatMs(rto.toFailure?.ms ?? 0)}: a time to failure, not an RTO.`;
    }
    case 'refused': {
      const refused = [...state.steps.values()].find((s) => s.refusal !== undefined || s.check === 'failed');
      const rule = refused === undefined ? '' : ` by ${refused.refusal?.rule ?? 'a check that could not be made'} (${refused.id})`;
      const after = pastTheLine(state) ? 'the point of no return is passed' : acted ? 'some reversible steps had already run' : 'nothing was changed';
      return `the ${verb} of ${name} was refused${rule}; ${after}.`;
    }
    case 'aborted':
      return `the ${verb} of ${name} was rolled back (${state.leadingBack?.because ?? 'aborted'}): everything that can be undone is undone.`;
    case 'unfinished':
      return `the ${verb} of ${name} has not finished${state.interrupted ? ': it was interrupted' : ''}${pastTheLine(state) ? '; the point of no return is passed' : ''}.`;
  }
}

function recoveredIn(rto: Rto, objectives: readonly EvidenceObjective[]): string {
  const { ms, atLeast } = rto.fromImpact;
  if (ms === undefined && objectives.some((o) => o.name === 'RTO' && o.actualMs === 0)) return ', and users never saw it down';
  if (ms === undefined) return '; how long it was away was not measured';
  return ` again ${formatFigure({ ms, atLeast })} after impact`;
}

function objectiveWords(objectives: readonly EvidenceObjective[]): string {
  const apply = objectives.filter((o) => o.verdict !== 'not applicable');
  if (apply.length > 0 && apply.every((o) => o.verdict === 'met')) return `${apply.map((o) => o.name).join(' and ')} ${apply.length === 1 ? 'is' : 'are'} met`;
  return apply.map((o) => `${o.name} ${o.verdict}`).join(', ');
}
