import { drillFigures } from './drill.ts';
import type { Evidence } from './evidence-schema.ts';
import { boundAgainstLoss, CAUSE_LABELS, formatFigure, formatMs, regionName, utcTime, visible } from './format.ts';
import { modeMark } from './mode.ts';
import { NOTHING_PROMOTED } from './objectives.ts';
import { requestedText, requestLines } from './requests.ts';
import { traitsOf } from '../model/verb.ts';

/** Lines for the breakdown and for databases; the report has all. */
const BREAKDOWN_ROWS = 6;
const DATABASE_ROWS = 2;
const REFUSALS = 8;

/**
 * The end of a run for a terminal: plain text, columns aligned, no reason cut. Texts from outside cannot move the
 * cursor. The caller breaks lines at the width of its terminal, adds colour and the path of the report.
 */
export function summaryLines(evidence: Evidence): string[] {
  const mark = modeMark(evidence);
  const body = changedNothing(evidence)
    ? refusalLines(evidence)
    : bodyLines(evidence).map(visible);
  const banner = mark === undefined ? [] : [`[${mark.chip}] ${mark.ribbon.replace(/^[^:]*: /, '')}`];
  // Whole, however long: what to do stands in them.
  const requests = requestLines(evidence.requests, undefined);
  return [...banner, visible(evidence.verdict.sentence), ...requests, ...body];
}

function bodyLines(evidence: Evidence): string[] {
  if (traitsOf(evidence.test.verb).drills) return drillFigures(evidence);
  if (!traitsOf(evidence.test.verb).movesUsers) return standbyLines(evidence);
  return [...clockLines(evidence), ...downtimeLines(evidence), ...dataLines(evidence), ...guardLines(evidence), ...simulatedLines(evidence), ...objectiveLines(evidence)];
}

function simulatedLines({ steps }: Evidence): string[] {
  const ids = steps.filter((step) => step.state === 'simulated').map(({ id }) => id);
  return ids.length === 0 ? [] : [`Simulated, not run: ${ids.join(', ')}`];
}

/** A reprotect moves nobody: what counts is what follows, and what was kept. */
function standbyLines({ standbys, clock }: Evidence): string[] {
  const took = clock.endedAt === null ? [] : [`Took ${formatMs(Date.parse(clock.endedAt) - Date.parse(clock.startedAt))}`];
  const rows = standbys.map(({ database, region, by, lagMs, sampledAt }) => [
    database,
    regionName(region),
    lagMs === null ? 'not in sync yet' : `${by === 'backups' ? 'backups arrive' : 'in sync'}, ${formatMs(lagMs)} behind at ${utcTime(sampledAt ?? '')}`,
  ]);
  const kept = standbys.flatMap(({ region, kept: name }) => (name === null ? [] : [[name, regionName(region)]]));
  return [...took, ...(rows.length === 0 ? [] : ['Standbys:', ...columns(rows)]), ...(kept.length === 0 ? [] : ['Kept, until a person decides about them:', ...columns(kept)])];
}

/** Refused before anything was done: what was not measured then is no news, and why it was refused is. */
function changedNothing({ verdict, steps }: Evidence): boolean {
  return verdict.word === 'refused' && steps.every((step) => !step.acted);
}

/** Reasons, and the exact flags that override them, are whole however long they are. */
function refusalLines({ steps }: Evidence): string[] {
  const refused = steps.flatMap(({ id, refusal, check, error }) => {
    if (refusal !== null) return [[visible(`  ${id}: ${refusal.observed}`), visible(`    override: ${refusal.override}`)]];
    return check === 'failed' ? [[visible(`  ${id}: ${error?.message ?? 'the check could not be made'}`)]] : [];
  });
  const more = refused.length - REFUSALS;
  return [...refused.slice(0, REFUSALS).flat(), ...(more > 0 ? [`  and ${more} more`] : [])];
}

function clockLines({ clock, downtime }: Evidence): string[] {
  const impact = clock.phases[0]?.at ?? null;
  const rows = inTime(clock.phases).map((phase) => {
    if (phase.at === null) return [phase.label, 'not measured', phase.because];
    const after = impact === null ? '' : Date.parse(phase.at) - Date.parse(impact);
    const offset = after === '' || after === 0 ? '' : `${after < 0 ? '-' : '+'}${formatMs(Math.abs(after))}`;
    // Who says when it began, and why users count as served only from the switch, where probes were good before.
    const why = phase.phase === 'impact' || (phase.phase === 'first-good' && phase.at !== downtime.to) ? phase.because : '';
    return [phase.label, `${phase.atOrBefore ? '<=' : ''}${utcTime(phase.at)}`, [offset, why].filter((part) => part !== '').join('  ')];
  });
  const figures = [`RTO from impact ${formatFigure(clock.rtoFromImpact)}`, `from start ${formatFigure(clock.rtoFromStart)}`];
  const total = clock.timeToFailure === null ? figures.join(', ') : `time to failure ${formatFigure(clock.timeToFailure)}, no RTO`;
  return [`Clock (UTC): ${total}`, ...columns(rows)];
}

/** Users may be served before the switch was seen to be whole: what happened after the start stands in the order in which it happened. */
function inTime(phases: Evidence['clock']['phases']): Evidence['clock']['phases'] {
  const from = phases.findIndex(({ phase }) => phase === 'started') + 1;
  const known = phases.slice(from).filter(({ at }) => at !== null).sort((a, b) => Date.parse(a.at ?? '') - Date.parse(b.at ?? ''));
  return phases.map((phase, i) => (i < from || phase.at === null ? phase : (known.shift() ?? phase)));
}

function downtimeLines({ lab, downtime }: Evidence): string[] {
  const byClient = lab !== null && lab.breakdown.length > 0;
  const rows = byClient ? lab.breakdown : downtime.breakdown;
  if (rows.length === 0) return [`Downtime not measured: ${downtime.because}`];
  const total = rows.reduce((sum, row) => sum + row.ms, 0);
  const who = byClient ? " as the lab's client saw it" : downtime.atLeast ? ' or more' : '';
  const [shown, rest] = mostOf(rows);
  const cells = shown.map((row) => [CAUSE_LABELS[row.cause], formatMs(row.ms), total === 0 ? '' : `${Math.round((row.ms / total) * 100)} %`]);
  if (rest > 0) cells.push(['others', formatMs(rest), '']);
  return [`Downtime ${formatMs(total)}${who}, by what was waited for:`, ...columns(cells)];
}

/** The largest rows in their order, the tool's own always among them, and what the others add up to. */
function mostOf(rows: Evidence['downtime']['breakdown']): [Evidence['downtime']['breakdown'], number] {
  const bySize = [...rows].sort((a, b) => (a.cause === 'tool' ? -1 : b.cause === 'tool' ? 1 : b.ms - a.ms));
  const shown = new Set(rows.length <= BREAKDOWN_ROWS ? rows : bySize.slice(0, BREAKDOWN_ROWS - 1));
  const rest = rows.filter((row) => !shown.has(row)).reduce((sum, row) => sum + row.ms, 0);
  return [rows.filter((row) => shown.has(row)), rest];
}

function dataLines({ databases, lab, objectives }: Evidence): string[] {
  if (objectives.some((o) => o.name === 'RPO' && o.verdict === 'not applicable')) return [`Data loss does not apply: ${NOTHING_PROMOTED}`];
  if (databases.length === 0) return ['Data loss not measured: the plan promotes no database'];
  // What is not measured first, then the largest bound.
  const worst = [...databases].sort((a, b) => (b.rpo.boundMs ?? Number.POSITIVE_INFINITY) - (a.rpo.boundMs ?? Number.POSITIVE_INFINITY));
  const rows = worst.slice(0, databases.length <= DATABASE_ROWS ? DATABASE_ROWS : 1).map(({ name, promotion, requestedAt, rpo }) => {
    if (promotion === 'requested') return [name, `promotion ${requestedText(requestedAt)}`, rpo.boundMs === null ? `loss not measured: ${rpo.because}` : `if it was made, at most ${formatMs(rpo.boundMs)} of writes is lost`];
    if (rpo.boundMs === null) return [name, 'not measured', rpo.because];
    if (promotion === 'not-requested') return [name, 'not promoted', `a promotion would lose at most ${formatMs(rpo.boundMs)}`];
    if (rpo.boundMs === 0 && rpo.method === 'position') return [name, 'nothing', 'proven: every byte of the log had arrived'];
    const age = rpo.ageMs === null ? '' : `, sample ${formatMs(rpo.ageMs)} old`;
    return [name, `at most ${formatMs(rpo.boundMs)}`, `${rpo.method}${age}`];
  });
  const more = databases.length - rows.length;
  return ['Data loss:', ...columns(rows), ...(more > 0 ? [`  and ${more} more databases`] : []), ...returnedLines(databases), ...truthLines(databases, lab)];
}

/** Old writers that took writes after their copies had taken over: no bound of the promotion counts those. The first, and how many more. */
function returnedLines(databases: Evidence['databases']): string[] {
  const [first, ...more] = databases.filter(({ fence }) => fence.returnedAt !== null);
  if (first === undefined) return [];
  const others = more.length === 0 ? '' : `, and of ${more.length} more`;
  return [`  and what the old writer of ${first.name} took when it was back at ${utcTime(first.fence.returnedAt ?? '')}${others}: in no other instance`];
}

/** What a guard watched for did not come: the first of them, the report has all. */
function guardLines({ steps }: Evidence): string[] {
  return steps.flatMap((step) => (step.state === 'unmet' ? [step.because] : [])).slice(0, 1);
}

function truthLines(databases: Evidence['databases'], lab: Evidence['lab']): string[] {
  if (lab === null) return [];
  const bounds = databases.flatMap((db) => (db.rpo.boundMs === null ? [] : [db.rpo.boundMs]));
  const against = bounds.length === 0 ? `true loss ${formatMs(lab.lostSpanMs)}: ${lab.lost} orders` : boundAgainstLoss(Math.max(...bounds), lab);
  const postgres = lab.postgres === 'real' ? '' : ' (PostgreSQL is a model here)';
  const unreachable = lab.unreachable === 0 ? '' : `; ${lab.unreachable} more come back with the lost region`;
  return [`  ledger: ${against}, of ${lab.acknowledged} acknowledged${unreachable}${lab.boundHolds === false ? '; THE BOUND DID NOT HOLD' : ''}${postgres}`];
}

function objectiveLines({ objectives }: Evidence): string[] {
  return ['Objectives:', ...columns(objectives.map((o) => [o.name, o.verdict, o.because]))];
}

/** Rows with their cells under each other, two spaces in and two apart. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, Array.from(visible(cell)).length)));
  return rows.map((row) => `  ${row.map((cell, i) => pad(visible(cell), i === row.length - 1 ? 0 : (widths[i] ?? 0))).join('  ')}`.trimEnd());
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - Array.from(text).length));
}
