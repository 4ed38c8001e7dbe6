import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import type { JournalRecord, LabTruth, RunMode } from '../journal/events.ts';
import { isOver, type RunState } from '../journal/state.ts';
import { traitsOf, type Verb } from '../model/verb.ts';
import { approvalEvidence, issueEvidence, leftOutOf, participantsOf, signOffEvidence } from './notes-evidence.ts';
import { changeEvidence } from './changes.ts';
import { clockEvidence, downtimeEvidence, type GivenTimes, isoOrNull, runBreakdown, runClock } from './clock-evidence.ts';
import { assessmentEvidence, databaseEvidence, standbyEvidence } from './data-evidence.ts';
import { deviationsOf } from './deviations.ts';
import { DRILL_RULE } from './drill.ts';
import { type Evidence, REPORT_SCHEMA } from './evidence-schema.ts';
import { LIVE_PARTS, regionName } from './format.ts';
import { logEvidence, probeEvidence } from './log-evidence.ts';
import { nextSteps } from './next-steps.ts';
import { objectivesOf, PASS_RULE, PROTECT_RULE, verdictOf } from './objectives.ts';
import { protectionOf } from './protection.ts';
import { hasActed, requestEvidence, stepEvidence } from './step-evidence.ts';

export interface EvidenceOptions extends GivenTimes {
  /** Who writes it. Default: the version of dr that began the run. */
  madeBy?: { name: string; version: string } | undefined;
  /** What was practised or what happened, in one sentence. Default: the source region is lost. */
  scenario?: string | undefined;
  /** What the lab's client saw, where the journal does not hold it; only of a run in the lab. */
  lab?: LabTruth | undefined;
}

/** Everything that a report says, from a run's journal: `state` folded from exactly these `records`. Pure: the same journal and options give the same document. */
export function buildEvidence(state: RunState, records: readonly JournalRecord[], options: EvidenceOptions = {}): Evidence {
  const lab = state.mode === 'lab' ? (options.lab ?? state.lab) : undefined;
  const rto = runClock(state, records, options, lab);
  const databases = databaseEvidence(state);
  const objectives = objectivesOf(state, rto, databases, lab?.lostSpanMs);
  const steps = stepEvidence(state, records);
  const verdict = verdictOf(state, rto, objectives, hasActed(records));
  return {
    schema: REPORT_SCHEMA,
    asOf: iso(state.notedAt),
    madeBy: options.madeBy ?? { name: state.tool.name, version: state.tool.version },
    test: testEvidence(state, options.scenario),
    verdict,
    scope: scopeEvidence(state),
    people: peopleEvidence(state),
    issues: issueEvidence(state),
    signOffs: signOffEvidence(state),
    protection: protectionOf(state),
    leftOut: leftOutOf(steps),
    tool: state.tool,
    endpoints: [...state.endpoints],
    objectives,
    passRule: passRuleOf(state.plan.verb),
    clock: clockEvidence(rto, state),
    downtime: downtimeEvidence(rto, state, records),
    assessment: assessmentEvidence(state),
    databases,
    standbys: standbyEvidence(state),
    lab: lab === undefined ? null : labEvidence(lab, databases, state, records),
    steps,
    requests: requestEvidence(state),
    changes: changeEvidence(state),
    deviations: deviationsOf(state, records, steps),
    probes: probeEvidence(state, records),
    log: logEvidence(state, records),
    resume: isOver(state) ? null : traitsOf(state.plan.verb).drills ? `dr drill clean ${state.run}` : `dr resume ${state.run}`,
    next: nextSteps(state, verdict.word),
    integrity: {
      head: state.head,
      records: state.records,
      text:
        'The journal of this run is a chain: every record holds the SHA-256 of the one before. Anyone who has the journal can compute ' +
        'the chain again and must arrive at this head after this many records. `dr verify FOLDER` does it, offline, and compares this report with the journal.',
      retention:
        'Keep the page, the JSON document and the journal together, for as long as your own rules ask. dr deletes none of them. ' +
        'Evidence goes stale: it speaks for this version of the runbook and for the day of the run.',
    },
  };
}

function passRuleOf(verb: Verb): string {
  const { drills, rebuilds } = traitsOf(verb);
  return drills ? DRILL_RULE : rebuilds ? PROTECT_RULE : PASS_RULE;
}

const KINDS: Record<RunMode, string> = {
  live: 'live: on AWS, with real effect',
  lab: 'rehearsal in the lab: AWS endpoints on this machine',
  simulated: 'simulation: a model in simulated time, nothing real was touched',
};

function testEvidence(state: RunState, scenario: string | undefined): Evidence['test'] {
  const { plan, acceptances } = state;
  const assumptions: string[] = [];
  if (state.live !== undefined) assumptions.push(`It is a part of the live drill ${state.live.id}: users are moved from ${state.live.home} to ${state.live.away}, and must be back by ${iso(state.live.backBy)}.`);
  if (acceptances.sourceDown !== undefined) assumptions.push(`The source is down, as a person attested: ${acceptances.sourceDown}`);
  if (state.mode === 'lab') assumptions.push('Times of AWS control planes in the lab are a model’s, not AWS’s.');
  if (state.mode === 'simulated') assumptions.push('All times are simulated.');
  const simulated = [...state.steps.values()].filter((step) => step.simulated === true).map(({ id }) => id);
  if (simulated.length > 0) assumptions.push(`Simulated, not run: ${simulated.join(', ')}.`);
  return {
    id: state.run,
    kind: state.mode,
    kindText: KINDS[state.mode],
    verb: plan.verb,
    scenario:
      `${liveText(state)}${scenario ?? acceptances.reason ?? scenarioOf(state)}`,
    ...(state.live === undefined ? {} : { live: { id: state.live.id, part: state.live.part } }),
    assumptions,
  };
}

const SCENARIOS: Record<Verb, (name: string, source: string, target: string) => string> = {
  failover: (name, source, target) => `${source} is lost; ${name} is made active in ${target}.`,
  switchover: (name, source, target) => `A planned move: ${name} leaves ${source}, which is healthy, for ${target}.`,
  reprotect: (name, source, target) => `${name} is active in ${target} and has no standby in ${source}: it is rebuilt.`,
  drill: (name, source, target) => `A drill: what a failover of ${name} to ${target} does is done on twins; ${name} stays in ${source}.`,
};

/** Before whatever else is said of it: nobody takes it for an outage, or for a move that stays. */
function liveText({ live }: RunState): string {
  return live === undefined ? '' : `Live drill ${live.id}, ${LIVE_PARTS[live.part]}. `;
}

function scenarioOf({ plan }: RunState): string {
  return SCENARIOS[plan.verb](plan.runbook.name, regionName(plan.source), regionName(plan.target));
}

function scopeEvidence(state: RunState): Evidence['scope'] {
  const { plan } = state;
  const { name, path, sha256 } = plan.runbook;
  const resources = new Set(plan.steps.flatMap((step) => step.changes.map((change) => change.resource)));
  return {
    runbook: { name, path, sha256, git: state.git ?? null },
    strategy: plan.strategy,
    source: plan.source,
    target: plan.target,
    account: plan.account,
    resources: [...resources].sort(),
    plan: { hash: plan.hash, madeAt: plan.madeAt, fingerprint: plan.fingerprint },
  };
}

function peopleEvidence(state: RunState): Evidence['people'] {
  const { dataLossSeconds, sourceDown, flap, reason, approvedBy } = state.acceptances;
  const acceptances: string[] = [];
  if (dataLossSeconds === 'unknown') acceptances.push('a loss of data that cannot be bounded accepted');
  else if (dataLossSeconds !== undefined) acceptances.push(`loss of up to ${formatDuration(dataLossSeconds * 1000)} of data accepted`);
  if (sourceDown !== undefined) acceptances.push(`source attested to be down: ${sourceDown}`);
  if (flap !== undefined) acceptances.push(`a move so soon after another acknowledged: ${flap}`);
  if (reason !== undefined) acceptances.push(`reason: ${reason}`);
  return {
    operator: state.operator,
    resumedBy: [...state.resumedBy],
    confirmedBy: state.confirmedBy,
    approvals: approvalEvidence(state),
    approvedBy: [...approvedBy],
    acceptances,
    participants: participantsOf(state),
  };
}

function labEvidence(
  lab: LabTruth,
  databases: Evidence['databases'],
  state: RunState,
  records: readonly JournalRecord[],
): NonNullable<Evidence['lab']> {
  const { lastGoodAt, firstGoodAt } = lab;
  const bounds = databases.flatMap((db) => (db.rpo.boundMs === null ? [] : [db.rpo.boundMs]));
  const window = lastGoodAt === undefined || firstGoodAt === undefined ? undefined : { from: lastGoodAt, to: firstGoodAt };
  return {
    postgres: lab.postgres ?? 'real',
    clientDowntimeMs: lab.clientDowntimeMs ?? null,
    lastGoodAt: isoOrNull(lastGoodAt),
    firstGoodAt: isoOrNull(firstGoodAt),
    acknowledged: lab.acknowledged,
    lost: lab.lost,
    unreachable: lab.unreachable ?? 0,
    lostSpanMs: lab.lostSpanMs,
    boundHolds: bounds.length === 0 ? null : Math.max(...bounds) >= lab.lostSpanMs,
    breakdown: window === undefined ? [] : runBreakdown(window, state, records),
  };
}
