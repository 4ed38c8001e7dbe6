import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { report } from '../../src/app/report.ts';
import { newestOpenRun } from '../../src/app/resume.ts';
import { listAllRuns, loadRun } from '../../src/app/runs.ts';
import { openState } from '../../src/app/state.ts';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { verifyRecords } from '../../src/journal/journal.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { TOKYO } from '../engine/simulated.ts';
import { withPlanSchema } from '../journal/fixture.ts';
import { bench, type Bench, refusalOf, stopAt } from './fixture.ts';

const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };
const journalOf = (b: Bench, run: string) => join(b.state, 'runs', run, 'journal.jsonl');

/** A run that was stopped after the promotion had been asked for. */
async function stopped(): Promise<{ b: Bench; run: string }> {
  const b = await bench();
  const { state, exit } = await b.start(stopAt((r) => r.type === 'step.acted' && r.step.endsWith('.promote')));
  expect(exit).toBe('interrupted');
  return { b, run: state.run };
}

const showRun = async (place: string, run?: string) => (await loadRun(openState({ folder: place }), run)).state;

describe('resume', () => {
  it('continues the newest run that has not succeeded, to its end, and promotes once', async () => {
    const { b, run } = await stopped();
    const result = await b.goOn();
    expect(result.exit).toBe('ok');
    expect(result.state).toMatchObject({ run, outcome: 'succeeded', term: 2, resumedBy: [{ pid: process.pid }] });
    const records = await new LocalStore(b.state, run).read();
    expect(() => verifyRecords(records, 'j')).not.toThrow();
    const promotions = records.flatMap((r) => (r.type === 'step.acted' ? r.calls : [])).filter((c) => c.operation === 'PromoteReadReplica' && c.error === undefined);
    expect(promotions).toHaveLength(1);
    expect(b.sim.world.acceptsWrites(REPLICA)).toBe(true);
    expect(JSON.parse(await readFile(result.report?.json ?? '', 'utf8'))).toMatchObject({ test: { id: run } });
  });

  it('refuses a run that has succeeded', async () => {
    const b = await bench();
    const { state } = await b.start();
    const before = await readFile(journalOf(b, state.run));
    expect(await refusalOf(b.goOn({ run: state.run }))).toMatchObject({
      code: 'RUN_ENDED',
      exit: 'usage',
      message: `Run ${state.run} has succeeded: there is nothing to resume.`,
      next: [`dr report ${state.run}`],
    });
    expect(await refusalOf(b.goOn())).toMatchObject({ code: 'NOTHING_TO_RESUME', exit: 'usage', message: 'There is no run that could be resumed.' });
    expect(await readFile(journalOf(b, state.run))).toEqual(before);
  });

  it('refuses where there is no run, and makes nothing', async () => {
    const b = await bench();
    expect(await refusalOf(b.goOn())).toMatchObject({ code: 'NOTHING_TO_RESUME' });
    await expect(readdir(b.state)).rejects.toThrow('ENOENT');
  });

  it('refuses a run that is not there, with the nearest', async () => {
    const { b, run } = await stopped();
    const slip = `${run.slice(0, -1)}${run.endsWith('0') ? '1' : '0'}`;
    expect(await refusalOf(b.goOn({ run: slip }))).toMatchObject({ code: 'RUN_UNKNOWN', exit: 'usage', message: `There is no run "${slip}".`, next: [`did you mean ${run}?`] });
    expect(await refusalOf(b.goOn({ run: '../../etc/passwd' }))).toMatchObject({ code: 'RUN_UNKNOWN', message: '"../../etc/passwd" is not the name of a run.' });
  });

  it('refuses other credentials than those of the run’s account, and writes nothing', async () => {
    const { b, run } = await stopped();
    const before = await readFile(journalOf(b, run));
    const inner = b.sim.effects.aws;
    const aws = {
      call: async (request: AwsRequest) => {
        const answer = await inner.call(request);
        return request.service === 'sts' ? { ...answer, output: { Account: '999999999999', Arn: 'arn:aws:iam::999999999999:user/x' } } : answer;
      },
    } as AwsCaller;
    expect(await refusalOf(b.goOn({ effects: { ...b.sim.effects, aws } }))).toMatchObject({
      code: 'WRONG_ACCOUNT',
      exit: 'refused',
      message: 'The run is for account 000000000000; your credentials are for 999999999999.',
      next: ['export AWS_PROFILE=…'],
    });
    expect(await readFile(journalOf(b, run))).toEqual(before);
  });

  it('refuses without credentials', async () => {
    const { b } = await stopped();
    b.sim.world.addFault({ service: 'sts', effect: { kind: 'error', httpStatus: 403, code: 'ExpiredToken' } });
    expect(await refusalOf(b.goOn())).toMatchObject({ code: 'NO_CREDENTIALS', exit: 'aws' });
  });

  it('refuses a damaged journal, by file and line, and writes nothing', async () => {
    const { b, run } = await stopped();
    const path = journalOf(b, run);
    const text = (await readFile(path, 'utf8')).replace('"checks.green"', '"checks.greem"');
    await writeFile(path, text);
    const line = text.slice(0, text.indexOf('checks.greem')).split('\n').length;
    expect(await refusalOf(b.goOn({ run }))).toMatchObject({ code: 'JOURNAL_DAMAGED', exit: 'journal', message: `The journal is damaged at ${path}:${line}.` });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('refuses a run whose plan is of another schema, before anything is asked of AWS, and writes nothing', async () => {
    const { b, run } = await stopped();
    const path = journalOf(b, run);
    const text = withPlanSchema(await new LocalStore(b.state, run).read(), 'dr.plan/1').map((record) => `${JSON.stringify(record)}\n`).join('');
    await writeFile(path, text);
    b.sim.world.addFault({ service: 'sts', effect: { kind: 'error', httpStatus: 403, code: 'ExpiredToken' } });
    expect(await refusalOf(b.goOn({ run }))).toMatchObject({
      code: 'PLAN_OF_OTHER_VERSION',
      exit: 'refused',
      message: `Run ${run} has a plan of the schema dr.plan/1; this version of dr runs dr.plan/3.`,
      next: ['continue with the version of dr that began it', 'dr failover --region ap-northeast-1    starts again, from what is there now'],
    });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('does not go by what somebody said of the source before: it may be back', async () => {
    const b = await bench({ alive: true });
    const attested = { approvedBy: ['shop-lead@example.com'], sourceDown: 'alice', reason: 'fire' };
    const first = await b.start({ acceptances: attested, ...stopAt((r) => r.type === 'step.done' && r.step.endsWith('.fence')) });
    expect(first.exit).toBe('interrupted');
    const again = await b.goOn({ acceptances: { approvedBy: [] } });
    expect(again.exit).toBe('refused');
    expect(again.state.acceptances).not.toHaveProperty('sourceDown');
    expect([...again.state.steps.values()].find((step) => step.refusal !== undefined)?.refusal).toMatchObject({ override: expect.stringContaining('--attest-source-down') as string });
  });

  it('is refused while the run is held', async () => {
    const { b, run } = await stopped();
    const second: Promise<unknown>[] = [];
    const result = await b.goOn({ onRecord: (record) => record.type === 'checks.green' && second.push(refusalOf(b.goOn({ run }))) });
    expect(result.exit).toBe('ok');
    expect(await second[0]).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy' });
  });

  it('adds what is said now to what was said before', async () => {
    const b = await bench();
    const refused = await b.start({ acceptances: { approvedBy: ['mallory'] } });
    expect(refused.exit).toBe('refused');
    const result = await b.goOn({ acceptances: { approvedBy: ['shop-lead@example.com'] } });
    expect(result.exit).toBe('ok');
    expect(result.state.acceptances.approvedBy).toEqual(['mallory', 'shop-lead@example.com']);
  });

  it('again and again: stopped three times, then to the end', async () => {
    const { b, run } = await stopped();
    for (const type of ['checks.green', 'step.started', 'step.done'] as const) {
      let passed = 0;
      const before = (await new LocalStore(b.state, run).read()).length;
      const cut = stopAt((r: JournalRecord) => r.type === type && r.seq > before && ++passed > 0);
      expect((await b.goOn(cut)).exit).toBe('interrupted');
    }
    const { state, exit } = await b.goOn();
    expect(exit).toBe('ok');
    expect(state.term).toBe(5);
    expect(state.resumedBy).toHaveLength(4);
  });
});

describe('runs', () => {
  it('are listed newest first, each as it stands', async () => {
    const b = await bench();
    expect(await listAllRuns({ folder: b.state })).toEqual({ runs: [], damaged: [] });
    const first = await b.start({ acceptances: { approvedBy: [] } });
    await b.sim.clock.run(() => b.sim.clock.sleep(5_000));
    const second = await b.start();
    const { runs } = await listAllRuns({ folder: b.state });
    expect(runs.map((r) => [r.run, r.outcome])).toEqual([[second.state.run, 'succeeded'], [first.state.run, 'refused']]);
    expect((await showRun(b.state)).run).toBe(second.state.run);
    expect((await showRun(b.state, first.state.run)).outcome).toBe('refused');
    // Its unique end, and what begins more than one.
    expect((await showRun(b.state, first.state.run.slice(-6))).run).toBe(first.state.run);
    expect(await refusalOf(showRun(b.state, '20'))).toMatchObject({ code: 'RUN_UNKNOWN', next: expect.arrayContaining([second.state.run]) });
  });

  it('that are not there are said so', async () => {
    const b = await bench();
    expect(await refusalOf(showRun(b.state))).toMatchObject({ code: 'RUN_UNKNOWN', exit: 'usage', message: 'There is no run yet.' });
    expect(await refusalOf(showRun(b.state, '20261120T101500Z-shop-failover-1a2b3c'))).toMatchObject({ code: 'RUN_UNKNOWN', next: ['dr history    lists the runs'] });
  });

  it('with a damaged journal hide no others, and are not taken for ended', async () => {
    const b = await bench();
    const older = (await b.start({ acceptances: { approvedBy: [] } })).state.run;
    await b.sim.clock.run(() => b.sim.clock.sleep(5_000));
    const newer = (await b.start({ acceptances: { approvedBy: [] } })).state.run;
    const damage = async (run: string) => writeFile(journalOf(b, run), (await readFile(journalOf(b, run), 'utf8')).replace('"approval"', '"another"'));
    await damage(older);
    const { runs, damaged } = await listAllRuns({ folder: b.state });
    expect([runs.map((r) => r.run), damaged.map((d) => d.run)]).toEqual([[newer], [older]]);
    expect(await newestOpenRun({ folder: b.state })).toBe(newer);
    // It may be the one that is meant: nobody guesses.
    await damage(newer);
    expect(await refusalOf(newestOpenRun({ folder: b.state }))).toMatchObject({ code: 'JOURNAL_DAMAGED', exit: 'journal', message: expect.stringContaining(newer) as string });
  });

  it('a folder of a run that died before its first record was whole is no run', async () => {
    const b = await bench();
    const { state } = await b.start();
    const dead = `${state.run.slice(0, -6)}ffffff`;
    const store = new LocalStore(b.state, dead);
    await store.append((await new LocalStore(b.state, state.run).read())[0] as JournalRecord);
    await store.close();
    await writeFile(journalOf(b, dead), '{"type":"run.star');
    expect((await listAllRuns({ folder: b.state })).runs.map((r) => r.run)).toEqual([state.run]);
  });
});

describe('the report', () => {
  it('is made again from the journal alone, and says the same', async () => {
    const b = await bench();
    const { state, report: files } = await b.start();
    const before = JSON.parse(await readFile(files?.json ?? '', 'utf8')) as Record<string, unknown>;
    const { files: again } = await report({ place: { folder: b.state }, run: state.run });
    expect(again).toEqual(files);
    const after = JSON.parse(await readFile(again.json, 'utf8')) as Record<string, unknown>;
    const differ = Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]));
    expect(differ).toEqual([]);
    expect(JSON.stringify(after)).toContain(state.head);
  });

  it('of a run that is not there is refused', async () => {
    const b = await bench();
    expect(await refusalOf(report({ place: { folder: b.state }, run: '20261120T101500Z-shop-failover-1a2b3c' }))).toMatchObject({ code: 'RUN_UNKNOWN' });
  });

  it('counts from when somebody says afterwards that users began to suffer, and names who said so', async () => {
    const b = await bench();
    const { state } = await b.start();
    const impactAt = (state.impactAt ?? 0) - 120_000;
    const read = async (files: { json: string }) => JSON.parse(await readFile(files.json, 'utf8')) as { clock: object };
    const before = await read((await report({ place: { folder: b.state } })).files);
    const after = await read((await report({ place: { folder: b.state }, impactAt })).files);
    expect(JSON.stringify(after.clock)).toContain('dr report --impact-at');
    expect(JSON.stringify(after.clock)).toContain(new Date(impactAt).toISOString());
    expect(JSON.stringify(before.clock)).not.toContain('dr report --impact-at');
    expect(await refusalOf(report({ place: { folder: b.state }, impactAt: state.startedAt + 1 }))).toMatchObject({ code: 'BAD_TIME', exit: 'usage' });
  });
});
