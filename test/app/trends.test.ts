import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { standingOf } from '../../src/app/standing.ts';
import { trendsOf, writeTrends } from '../../src/app/trends.ts';
import { plain } from '../../src/cli/text.ts';
import { statusText } from '../../src/cli/run-view.ts';
import { renderHistory } from '../../src/report/portfolio/history-page.ts';
import { trendsText } from '../../src/cli/trends-view.ts';
import type { Plan } from '../../src/model/plan.ts';
import { median } from '../../src/report/portfolio/rows.ts';
import { failedRun, goodRun, planStep, Script, shopPlan, T0 } from '../report/fixtures.ts';
import { DAY, putRun } from './evidence-folder.ts';

const folders: string[] = [];
const state = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dr-trends-'));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const options = { now: T0 + 20 * DAY, dueMs: 90 * DAY };
const green = (ms = 0) => goodRun({ impactAt: T0 + 600 - ms });

/** A reprotect that ends as told. */
function reprotect(outcome: 'succeeded' | 'failed'): Script {
  const plan: Plan = { ...shopPlan([planStep('databases.orders.rebuild', { phase: 'protect' })]), verb: 'reprotect' };
  return new Script().started(2000, { plan }).at(2100, { type: 'checks.green' }).step('databases.orders.rebuild', 2200, 9000, { act: ['rds', 'ap-northeast-2', 'CreateDBInstanceReadReplica'] }).at(9100, { type: 'run.finished', outcome });
}

describe('trends', () => {
  let folder = '';
  beforeAll(() => {
    folder = state();
    for (const [days, ms] of [[0, 0], [2, 1000], [4, 500]] as const) putRun(folder, green(ms), days);
    const slow = green(2000).records.map((record) => (record.type === 'step.done' && record.step === 'databases.orders.canary' ? { ...record, at: record.at + 9_000 } : record));
    putRun(folder, Object.assign(new Script(), { records: slow }), 6);
  });

  it('show RTO and RPO over time, the last against the one before, and what was slower than its median', async () => {
    const { views } = await trendsOf({ folder }, options);
    expect(views).toHaveLength(1);
    const [text = ''] = trendsText(views, plain);
    expect(text).toContain('shop on AWS, account 111122223333');
    expect(text).toContain('RTO  8.2 s → 9.2 s → 8.7 s → 10 s; objective 15m; +1.5 s against the one before');
    expect(text).toContain('RPO  31 s → 31 s → 31 s → 31 s; objective 1m; the same as before');
    expect(text).toContain('slower  databases.orders.canary: 9.3 s, median of 3 before 295 ms');
    expect(text).not.toContain('test due');
    expect(views[0]?.slow).toHaveLength(1);
    // The last one as if it were a drill: it is compared with drills alone.
    const mixed = views.map((view) => ({ ...view, runs: view.runs.map((run, i) => (i === view.runs.length - 1 ? { ...run, verb: 'drill' as const } : run)) }));
    const [drilled = ''] = trendsText(mixed, plain);
    expect(drilled).toContain('RTO  8.2 s → 9.2 s → 8.7 s; objective 15m; −');
    expect(drilled).toMatch(/^ {2}RTO in drills {2}10 s; objective 15m$/m);
  });

  it('a page has a plot of each, and the same figures', async () => {
    const path = join(state(), 'deep', 'history.html');
    await writeTrends(path, await trendsOf({ folder }, options), options.now);
    const page = readFileSync(path, 'utf8');
    expect(page.match(/<circle class="good"/g)).toHaveLength(8);
    expect(page.match(/<path class="wanted"/g)).toHaveLength(2);
    expect(page).toContain('RTO over time: 4 measured, 4 met; the last 10 s of 15m');
    expect(page).not.toMatch(/<script|<link|\ssrc=|\sstyle=/);
  });

  it('a page never draws a drill into the same plot as a move', async () => {
    const { views } = await trendsOf({ folder }, options);
    const mixed = views.map((view) => ({ ...view, runs: view.runs.map((run, i) => (i === view.runs.length - 1 ? { ...run, verb: 'drill' as const } : run)) }));
    const page = renderHistory(mixed, { asOf: new Date(options.now).toISOString(), damaged: [], madeBy: { name: 'dr', version: '0' } });
    expect(page).toContain('RTO over time: 3 measured, 3 met; the last 8.7 s of 15m');
    expect(page).toContain('RTO in drills over time: 1 measured, 1 met; the last 10 s of 15m');
    expect(page).toContain('<figcaption>RPO in drills</figcaption>');
  });

  it('a test is due again by its age, and by a change of the runbook', async () => {
    expect((await trendsOf({ folder }, { ...options, dueMs: 5 * DAY })).views[0]?.overdue).toBe('the last run that met its objectives is 13 days old; at most 5 days are allowed');
    const other = state();
    putRun(other, green(), 0);
    putRun(other, failedRun({ plan: { ...shopPlan(), runbook: { name: 'shop', sha256: 'cd'.repeat(32), path: 'shop.yaml' } } }), 1);
    expect((await trendsOf({ folder: other }, options)).views[0]?.overdue).toBe('the runbook has changed since the last run that met its objectives');
    const never = state();
    putRun(never, failedRun(), 0);
    expect((await trendsOf({ folder: never }, options)).views[0]?.overdue).toBe('no run has met its objectives');
  });

  it('the median of an even and of an odd number', () => {
    expect([median([3, 1]), median([5, 1, 3]), median([])]).toEqual([2, 3, undefined]);
  });
});

describe('since when there is no standby', () => {
  /** What status says of it, as ISO 8601. */
  async function since(...runs: [Script, number][]): Promise<string | undefined> {
    const folder = state();
    for (const [script, days] of runs) putRun(folder, script, days);
    const view = await standingOf({ folder }, undefined, options.now);
    const { views } = await trendsOf({ folder }, options);
    const at = view.standby?.unprotectedSince;
    const text = at === undefined ? undefined : new Date(at).toISOString();
    expect(views[0]?.unprotectedSince ?? undefined).toBe(text);
    expect(statusText(view, plain).includes('no standby')).toBe(text !== undefined);
    return text;
  }
  const promotedAt = (days: number): string => new Date(T0 + 3560 + days * DAY).toISOString();

  it('counts from the request of the promotion, also of a run that failed after it', async () => {
    expect(await since([green(), 0])).toBe(promotedAt(0));
    expect(await since([failedRun(), 0])).toBe(new Date(T0 + 63_100).toISOString());
  });

  it('ends with a reprotect that succeeded, and with no other', async () => {
    expect(await since([green(), 0], [reprotect('succeeded'), 1])).toBeUndefined();
    expect(await since([green(), 0], [reprotect('failed'), 1])).toBe(promotedAt(0));
    expect(await since([green(), 0], [reprotect('succeeded'), 1], [green(), 2])).toBe(promotedAt(2));
  });

  it('does not begin with a run that moved nothing', async () => {
    const refused = new Script().started(2000).at(2200, { type: 'check.refused', step: 'assess.source', refusal: { rule: 'r', observed: 'o', threshold: 't', consequence: 'c', override: 'x' } }).at(2300, { type: 'run.finished', outcome: 'refused' });
    expect(await since([refused, 0])).toBeUndefined();
    expect(await since([green(), 0], [refused, 1])).toBe(promotedAt(0));
  });
});

it('a lower bound is said as one', () => {
  const measured = { actualMs: 5_000, atLeast: true, verdict: 'not measured', objectiveMs: 900_000 };
  const runs = [{ verb: 'failover', rto: { ...measured, actualMs: null, atLeast: false }, rpo: null }, { verb: 'failover', rto: measured, rpo: null }];
  const view = { name: 'shop', account: '1', mode: 'lab', runs, slow: [], overdue: null, unprotectedSince: null, unprotectedBecause: '' };
  expect(trendsText([view as never], plain)[0]).toContain('RTO  not measured → at least 5.0 s; objective 15m');
});
