import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FORMATS, REPORT_FORMATS } from '../../src/report/formats/formats.ts';
import { stateWithRun } from '../app/evidence-folder.ts';
import { RUN } from '../report/fixtures.ts';
import { BIN } from '../commands/run-dr.ts';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

it('the same journal gives the same bytes in another folder, time zone and language, by another person', async () => {
  const { state } = await stateWithRun();
  const places = [
    { TZ: 'UTC', LC_ALL: 'C', USER: 'one' },
    { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', USER: 'two', HOME: tmpdir(), NO_COLOR: '1' },
  ].map((env) => {
    const folder = mkdtempSync(join(tmpdir(), 'dr-bytes-'));
    folders.push(folder);
    cpSync(state, folder, { recursive: true });
    execFileSync(process.execPath, [BIN, 'report', RUN, '--state', folder, ...REPORT_FORMATS.flatMap((format) => ['--format', format])], { env: { ...process.env, ...env } });
    return REPORT_FORMATS.map((format) => readFileSync(join(folder, 'runs', RUN, FORMATS[format].file), 'utf8'));
  });
  folders.push(state);
  expect(places[0]?.every((text) => text.length > 1000)).toBe(true);
  expect(places[1]).toEqual(places[0]);
});
