import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packEvidence } from '../../src/app/pack.ts';
import { addIssue } from '../../src/app/notes.ts';
import { trendsOf, writeTrends } from '../../src/app/trends.ts';
import { report } from '../../src/app/report.ts';
import { putRun, clockAt, DAY } from '../app/evidence-folder.ts';
import { failedRun, goodRun, LAB, shopPlan, T0 } from '../report/fixtures.ts';

const of = (name: string) => ({ ...shopPlan(), runbook: { name, sha256: 'ab'.repeat(32), path: `runbooks/${name}.yaml` } });

/** Files of every page that dr makes, by name, from runs that show what pages can show. */
export async function pages(): Promise<Record<string, string>> {
  const state = mkdtempSync(join(tmpdir(), 'dr-pages-'));
  const green = { impactAt: T0 + 600 };
  const good = putRun(state, goodRun({ plan: of('shop'), ...green }), 0);
  const failed = putRun(state, failedRun({ plan: of('shop') }), 10);
  const lab = putRun(state, goodRun({ plan: of('billing'), mode: 'lab', labId: 'lab-1' }).at(13_500, { type: 'lab.measured', truth: LAB }), 3);
  for (const days of [12, 15, 19, 26]) putRun(state, goodRun({ plan: of('shop'), impactAt: T0 + 600 - days * 400 }), days);
  await addIssue({ state: { folder: state }, run: failed, clock: clockAt(T0 + 11 * DAY) }, { title: 'Promotion took too long: ask whether a larger class is needed', owner: 'bob@example.com', due: '2026-12-24' });
  const made: Record<string, string> = {};
  for (const [name, run] of Object.entries({ good, failed, lab })) made[`report-${name}`] = (await report({ place: { folder: state }, run })).files.html;
  const out = join(state, 'pack');
  mkdirSync(out);
  await packEvidence({ place: { folder: state }, period: { from: '2026-11-01', to: '2026-12-31', dueMs: 30 * DAY }, out, signer: undefined, now: T0 + 60 * DAY });
  const trends = await trendsOf({ folder: state }, { now: T0 + 60 * DAY, dueMs: 30 * DAY });
  made['history'] = join(state, 'history.html');
  await writeTrends(made['history'], trends, T0 + 60 * DAY);
  made['evidence-index'] = join(out, 'index.html');
  return made;
}
