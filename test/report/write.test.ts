import { mkdtemp, readdir, readFile, stat, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/json.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { EvidenceSchema, reportJsonSchema } from '../../src/report/evidence-schema.ts';
import { writeReport } from '../../src/report/write.ts';
import { goodRun, LAB } from './fixtures.ts';

const script = goodRun({ mode: 'lab' });
const evidence = buildEvidence(script.state(), script.records, { lab: LAB });
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-report-'));
});

describe('writeReport', () => {
  it('writes both files for their owner alone, and leaves nothing else behind', async () => {
    const files = await writeReport(join(folder, 'deep', 'er'), evidence);
    expect((await readdir(join(folder, 'deep', 'er'))).sort()).toEqual(['report.html', 'report.json']);
    for (const file of [files.html, files.json]) expect((await stat(file)).mode & 0o777).toBe(0o600);
    const json = await readFile(files.json, 'utf8');
    expect(EvidenceSchema.parse(JSON.parse(json))).toEqual(evidence);
    expect(await readFile(files.html, 'utf8')).toContain(sha256(json));
  });

  it('replaces an older report, and tightens its mode', async () => {
    await writeFile(join(folder, 'report.json'), 'old', { mode: 0o644 });
    const files = await writeReport(folder, evidence);
    expect((await stat(files.json)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(files.json, 'utf8'))).toEqual(evidence);
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('leaves no half file when a name is taken by a folder, and says what to do', async () => {
    await mkdir(join(folder, 'report.html', 'x'), { recursive: true });
    await expect(writeReport(folder, evidence)).rejects.toMatchObject({ code: 'REPORT_NOT_WRITTEN', exit: 'journal' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses a document that is not one of its own schema', async () => {
    await expect(writeReport(folder, { ...evidence, verdict: { word: 'great', sentence: '' } } as never)).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('schema/report.json', () => {
  const path = new URL('../../schema/report.json', import.meta.url);

  it('is the schema of this version (UPDATE_SCHEMAS=1 writes it)', async () => {
    const text = `${JSON.stringify(reportJsonSchema(), null, 2)}\n`;
    if (process.env.UPDATE_SCHEMAS === '1') await writeFile(path, text);
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
