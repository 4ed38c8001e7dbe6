import type { Evidence } from '../evidence-schema.ts';
import { visible } from '../format.ts';

/** The columns of `report.csv`. A cell that does not apply is empty; times are ISO 8601 in UTC, lengths milliseconds. */
export const CSV_COLUMNS = ['run', 'application', 'verb', 'mode', 'row', 'name', 'title', 'state', 'at', 'ended_at', 'ms', 'objective_ms', 'detail', 'request_ids'] as const;
type Row = Partial<Record<(typeof CSV_COLUMNS)[number], string | number | null>>;

/** One table for a spreadsheet, RFC 4180: the verdict, objectives, times, steps, deviations, issues and sign-offs of a run, one a row. */
export function renderCsv(evidence: Evidence): string {
  const { test, scope } = evidence;
  const run = { run: test.id, application: scope.runbook.name, verb: test.verb, mode: test.kind };
  const lines = rowsOf(evidence).map((row) => CSV_COLUMNS.map((column) => cell({ ...run, ...row }[column] ?? '')).join(','));
  return [CSV_COLUMNS.join(','), ...lines, ''].join('\r\n');
}

function rowsOf({ verdict, clock, objectives, steps, deviations, issues, signOffs }: Evidence): Row[] {
  return [
    { row: 'verdict', name: 'run', state: verdict.word, at: clock.startedAt, ended_at: clock.endedAt, detail: verdict.sentence },
    ...objectives.map((o): Row => ({ row: 'objective', name: o.name, state: o.verdict, ms: o.actualMs, objective_ms: o.objectiveMs, detail: o.because })),
    ...clock.phases.map((p): Row => ({ row: 'time', name: p.phase, title: p.label, state: p.at === null ? 'not measured' : 'measured', at: p.at, detail: p.because })),
    ...steps.map((s): Row => ({ row: 'step', name: s.id, title: s.title, state: s.state, at: s.startedAt, ended_at: s.endedAt, ms: s.ms, objective_ms: s.expected.p95Ms, detail: s.because, request_ids: s.calls.flatMap((call) => call.requestId ?? []).join(' ') })),
    ...deviations.map((d): Row => ({ row: 'deviation', name: d.step ?? '', title: d.sort, at: d.at, detail: d.text })),
    ...issues.map((i): Row => ({ row: 'issue', name: i.number, title: i.title, state: i.closed === null ? 'open' : 'closed', at: i.addedAt, ended_at: i.closed?.at ?? null, detail: `${i.owner}, due ${i.due}` })),
    ...signOffs.map((s): Row => ({ row: 'sign-off', name: s.name, state: s.verified, at: s.at, detail: s.because })),
  ];
}

/** A spreadsheet takes a text that begins like a formula for one: a quotation mark before it keeps it a text. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = visible(value);
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
