import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DrError, messageOf } from '../base/errors.ts';
import { type Evidence, EvidenceSchema } from './evidence-schema.ts';
import { evidenceText, renderHtml } from './html.ts';

/** Where the two files of a report are. */
export interface ReportFiles {
  html: string;
  json: string;
}

/**
 * Writes `report.html` and `report.json` into `folder`, readable by its owner alone. Each file is there whole or not at
 * all; a report that was there before is replaced.
 * @throws DrError REPORT_NOT_WRITTEN when the folder cannot be written. An error of the schema is a defect of ours.
 */
export async function writeReport(folder: string, evidence: Evidence): Promise<ReportFiles> {
  EvidenceSchema.parse(evidence);
  const files = { html: join(folder, 'report.html'), json: join(folder, 'report.json') };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(files.json, evidenceText(evidence));
    await writeWhole(files.html, renderHtml(evidence));
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
async function writeWhole(path: string, text: string): Promise<void> {
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
