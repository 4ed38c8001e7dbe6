import type { RunState } from '../../journal/state.ts';
import { traitsOf } from '../../model/verb.ts';
import type { Evidence } from '../evidence-schema.ts';
import { type Standby, standbyAfter } from '../protection.ts';

/* Many runs at once: what each has measured, and how each application stands after them. Pure: the same runs give the same rows. */

/** A run with its evidence, and the state that tells its protection. */
export interface ToldRun {
  state: RunState;
  evidence: Evidence;
}

export type Measured = Pick<Evidence['objectives'][number], 'objectiveMs' | 'actualMs' | 'atLeast' | 'verdict'>;

/** A run in one row. Times are ISO 8601, lengths milliseconds. */
export interface RunRow {
  run: string;
  application: string;
  account: string;
  mode: Evidence['test']['kind'];
  verb: Evidence['test']['verb'];
  /** The part that it is of a live drill. */
  live?: NonNullable<Evidence['test']['live']>['part'];
  source: string;
  target: string;
  startedAt: string;
  endedAt: string | null;
  verdict: Evidence['verdict'];
  rto: Measured | null;
  rpo: Measured | null;
  runbookSha256: string;
  runbookCommit: string | null;
  openIssues: number;
  /** Names, with what their signature is worth. */
  signOffs: { name: string; verified: Evidence['signOffs'][number]['verified'] }[];
  approvals: number;
  deviations: number;
  protection: Evidence['protection'];
  steps: { id: string; title: string; state: string; ms: number | null }[];
}

export function rowOf({ evidence }: ToldRun): RunRow {
  const { test, scope, clock, verdict, objectives, people } = evidence;
  const measured = (name: 'RTO' | 'RPO'): Measured | null => {
    const found = objectives.find((objective) => objective.name === name);
    return found === undefined ? null : { objectiveMs: found.objectiveMs, actualMs: found.actualMs, atLeast: found.atLeast, verdict: found.verdict };
  };
  return {
    run: test.id,
    application: scope.runbook.name,
    account: scope.account,
    mode: test.kind,
    verb: test.verb,
    ...(test.live === undefined ? {} : { live: test.live.part }),
    source: scope.source,
    target: scope.target,
    startedAt: clock.startedAt,
    endedAt: clock.endedAt,
    verdict,
    rto: measured('RTO'),
    rpo: measured('RPO'),
    runbookSha256: scope.runbook.sha256,
    runbookCommit: scope.runbook.git?.commit ?? null,
    openIssues: evidence.issues.filter(({ closed }) => closed === null).length,
    signOffs: evidence.signOffs.map(({ name, verified }) => ({ name, verified })),
    approvals: people.approvals.filter(({ how }) => how === 'verified').length,
    deviations: evidence.deviations.length,
    protection: evidence.protection,
    steps: evidence.steps.map(({ id, title, state, ms }) => ({ id, title, state, ms })),
  };
}

/** A step that was slower in the newest run than it usually is. */
interface SlowStep {
  step: string;
  title: string;
  ms: number;
  medianMs: number;
  /** How many earlier runs the median is of. */
  runs: number;
}

/** How an application stands in one world: on AWS, in labs, or simulated. */
export interface ApplicationView {
  name: string;
  account: string;
  mode: RunRow['mode'];
  /** Oldest first. */
  runs: RunRow[];
  /** The newest run that met every objective. */
  lastGreen: RunRow | null;
  /** Why a test is overdue; null where it is not. */
  overdue: string | null;
  /** ISO 8601: without a standby since then. */
  unprotectedSince: string | null;
  unprotectedBecause: string;
  issues: (Evidence['issues'][number] & { run: string })[];
  slow: SlowStep[];
}

interface ViewOptions {
  /** Milliseconds since the epoch: the day for which it is asked what is overdue. */
  asOf: number;
  /** How old a passed test may be. */
  dueMs: number;
}

/** One view for each application and world, by name. `runs` in any order. */
export function applicationViews(runs: readonly ToldRun[], options: ViewOptions): ApplicationView[] {
  const sorted = [...runs].sort((a, b) => (a.state.run < b.state.run ? -1 : 1));
  const groups = Map.groupBy(sorted, ({ evidence: { scope, test } }) => `${scope.runbook.name} ${scope.account} ${test.kind}`);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, told]) => viewOf(told, options));
}

function viewOf(told: readonly ToldRun[], options: ViewOptions): ApplicationView {
  const runs = told.map(rowOf);
  const [first] = runs;
  const lastGreen = runs.findLast(isGreen) ?? null;
  const { unprotectedSince, because } = standbyIn(told);
  return {
    name: first?.application ?? '',
    account: first?.account ?? '',
    mode: first?.mode ?? 'live',
    runs,
    lastGreen,
    overdue: whyOverdue(runs, lastGreen, options),
    unprotectedSince: unprotectedSince === undefined ? null : new Date(unprotectedSince).toISOString(),
    unprotectedBecause: unprotectedSince === undefined ? '' : because,
    issues: told.flatMap(({ evidence }) => evidence.issues.map((issue) => ({ ...issue, run: evidence.test.id }))),
    slow: slowSteps(runs),
  };
}

/** Each lab is a world of its own: only the newest one tells how things stand. */
function standbyIn(told: readonly ToldRun[]): Standby {
  const lab = told.at(-1)?.state.labId;
  return standbyAfter(told.flatMap(({ state }) => (state.labId === lab ? [state] : [])));
}

/** The RTO of a drill holds no detection, fence or DNS cache: it is compared with those of drills alone. */
export function inDrill({ verb }: Pick<RunRow, 'verb'>): boolean {
  return traitsOf(verb).drills;
}

/** It shows something of a recovery: a move, or a drill of one. A reprotect does not. */
export function isTest({ rto, verb }: RunRow): boolean {
  return rto !== null || inDrill({ verb });
}

/** It has shown that the application can be recovered, and in time where that is measured. */
export function isGreen(row: RunRow): boolean {
  return isTest(row) && row.verdict.word === 'met';
}

const DAY_MS = 86_400_000;

/** A test is due again after a while, and after each change of the runbook. */
function whyOverdue(runs: readonly RunRow[], lastGreen: RunRow | null, { asOf, dueMs }: ViewOptions): string | null {
  if (lastGreen === null) return 'no run has met its objectives';
  const age = asOf - Date.parse(lastGreen.startedAt);
  const days = (ms: number): string => `${Math.floor(ms / DAY_MS)} days`;
  if (age > dueMs) return `the last run that met its objectives is ${days(age)} old; at most ${days(dueMs)} are allowed`;
  const newest = runs.at(-1);
  return newest !== undefined && newest.runbookSha256 !== lastGreen.runbookSha256 ? 'the runbook has changed since the last run that met its objectives' : null;
}

/** What a drill has made is undone at its end. */
const DID: ReadonlySet<string> = new Set(['done', 'undone']);
const SLOW_SHOWN = 5;
/** A second more may be chance; half as long again is not. */
const SLOWER = 1.5;
const SLOWER_MS = 1_000;

/** Steps of the newest run against the median of the same step in earlier runs of the same verb, the slowest first. */
function slowSteps(runs: readonly RunRow[]): SlowStep[] {
  const newest = runs.at(-1);
  if (newest === undefined) return [];
  const before = runs.slice(0, -1).filter(({ verb }) => verb === newest.verb);
  const found = newest.steps.flatMap(({ id, title, state, ms }): SlowStep[] => {
    const earlier = before.flatMap(({ steps }) => steps.flatMap((step) => (step.id === id && DID.has(step.state) && step.ms !== null ? [step.ms] : [])));
    const medianMs = median(earlier);
    if (ms === null || !DID.has(state) || medianMs === undefined) return [];
    return ms > medianMs * SLOWER && ms - medianMs > SLOWER_MS ? [{ step: id, title, ms, medianMs, runs: earlier.length }] : [];
  });
  return found.sort((a, b) => b.ms - b.medianMs - (a.ms - a.medianMs)).slice(0, SLOW_SHOWN);
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 || low === undefined || high === undefined ? high : (low + high) / 2;
}
