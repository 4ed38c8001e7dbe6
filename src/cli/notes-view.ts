import { parseDuration } from '../base/duration.ts';
import { DrError } from '../base/errors.ts';
import type { Evidence } from '../report/evidence-schema.ts';
import type { ReportFiles } from '../report/write.ts';
import { columns } from './text.ts';

/** A day that the calendar has. @throws DrError (usage) */
export function dayOf(text: string, flag = '--due'): string {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (!Number.isNaN(at) && new Date(at).toISOString().startsWith(text)) return text;
  throw new DrError({ code: 'BAD_DAY', exit: 'usage', title: `${flag} ${text}: a day is expected, e.g. 2026-12-24.` });
}

/** `--due`, milliseconds. @throws DrError (usage) */
export function dueTime(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new DrError({ code: 'BAD_DURATION', exit: 'usage', title: `--due ${text}: a duration with a unit is expected, e.g. 90d.` });
}

/** The issues of a run, and where its report is. */
export function issueLines({ issues }: Evidence, report: ReportFiles): string {
  const rows = issues.map(({ number, title, owner, due, closed }) => [String(number), closed === null ? 'open' : 'closed', due, owner, title]);
  return [...columns([['#', 'STATE', 'DUE', 'OWNER', 'ISSUE'], ...rows]), `Report: ${report.html}`].join('\n');
}
