import type { Evidence } from '../report/evidence-schema.ts';
import type { ReportFiles } from '../report/write.ts';
import { columns } from './text.ts';

export function issueLines({ issues }: Evidence, report: ReportFiles): string {
  const rows = issues.map(({ number, title, owner, due, closed }) => [String(number), closed === null ? 'open' : 'closed', due, owner, title]);
  return [...columns([['#', 'STATE', 'DUE', 'OWNER', 'ISSUE'], ...rows]), `Report: ${report.html}`].join('\n');
}
