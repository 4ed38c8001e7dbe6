import type { Evidence } from '../evidence-schema.ts';
import { evidenceText, renderHtml } from '../html.ts';
import { renderCsv } from './csv.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';

/** How a report can be written: the name of its file, and its bytes. The same evidence gives the same bytes. */
export const FORMATS = {
  html: { file: 'report.html', render: renderHtml },
  json: { file: 'report.json', render: evidenceText },
  markdown: { file: 'report.md', render: renderMarkdown },
  junit: { file: 'report.junit.xml', render: renderJunit },
  csv: { file: 'report.csv', render: renderCsv },
} as const satisfies Record<string, { file: string; render: (evidence: Evidence) => string }>;

export type ReportFormat = keyof typeof FORMATS;
export const REPORT_FORMATS = Object.keys(FORMATS) as ReportFormat[];
