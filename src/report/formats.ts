import type { Evidence } from './evidence-schema.ts';
import { evidenceText, renderHtml } from './html.ts';

/** How a report can be written: the name of its file, and its bytes. The same evidence gives the same bytes. */
export const FORMATS = {
  html: { file: 'report.html', render: renderHtml },
  json: { file: 'report.json', render: evidenceText },
} as const satisfies Record<string, { file: string; render: (evidence: Evidence) => string }>;

export type ReportFormat = keyof typeof FORMATS;
export const REPORT_FORMATS = Object.keys(FORMATS) as ReportFormat[];
