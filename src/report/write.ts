import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DrError, messageOf } from '../base/errors.ts';
import { type Evidence, EvidenceSchema } from './evidence-schema.ts';
import { FORMATS, type ReportFormat } from './formats/formats.ts';

/** Where the files of a report are, by format. */
export type ReportFiles = Record<(typeof ALWAYS)[number], string> & Partial<Record<ReportFormat, string>>;

/** What lies beside every journal. */
const ALWAYS = ['html', 'json'] as const satisfies ReportFormat[];

/**
 * Writes a report into `folder`, readable by its owner alone: `report.html` and `report.json`, and what else is asked for. Each file is
 * there whole or not at all; a report that was there before is replaced.
 * @throws DrError REPORT_NOT_WRITTEN when the folder cannot be written. An error of the schema is a defect of ours.
 */
export async function writeReport(folder: string, evidence: Evidence, more: readonly ReportFormat[] = []): Promise<ReportFiles> {
  EvidenceSchema.parse(evidence);
  const formats = [...new Set([...ALWAYS, ...more])];
  const files = Object.fromEntries(formats.map((format) => [format, join(folder, FORMATS[format].file)])) as ReportFiles;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const format of formats) await writeWhole(join(folder, FORMATS[format].file), FORMATS[format].render(evidence));
  } catch (error) {
    throw new DrError({
      code: 'REPORT_NOT_WRITTEN',
      exit: 'journal',
      title: `the report could not be written to ${folder}`,
      detail: messageOf(error),
      next: [`make room or give access to ${folder}, then: dr report ${evidence.test.id}`],
      cause: error,
    });
  }
  return files;
}

/** A temporary file in the same folder, durable before it takes the name. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
