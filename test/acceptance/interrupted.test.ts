import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { APPROVED, envelopeOf, holdPromotion, runsIn, type Stage, stage, TOKYO } from './stage.ts';
import { streaming } from './streaming.ts';
import { told } from './told.ts';

/*
 * One failover that is stopped half way, from one terminal, and looked at, competed with and resumed from others.
 */

const TIMEOUT_MS = 60_000;
let on: Stage;

beforeAll(async () => {
  on = await stage();
}, TIMEOUT_MS);
afterAll(() => on.close(), TIMEOUT_MS);

const says = async (...args: string[]): Promise<string> => told(await on.dr(args), { [on.folder]: 'FOLDER' });

describe('a failover', () => {
  it('that is stopped by Ctrl-C keeps others out until then, and is continued by dr resume', { timeout: TIMEOUT_MS }, async () => {
    const impact = await on.breakSeoul();
    const failover = ['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED];
    // It is half way until it is stopped, however long the others take.
    const goOn = holdPromotion(on.proxy);
    const first = streaming(on, [...failover, '--impact-at', impact]);
    await first.until((r) => r.type === 'checks.green');
    expect(await says(...failover)).toMatchInlineSnapshot(`
      "exit 9
      Error: Another run holds shop-lab-HASH. [RUN_IN_PROGRESS]

        Run RUN-shop-failover, term 1, by USER on HOST (process PID) since TIME.

      Next:
        dr status RUN-shop-failover    shows where it stands
        dr takeover RUN-shop-failover    if that runner is gone for good
        rm FOLDER/state/locks/shop-lab-HASH.1.json    only if that process is gone for good, and you will not resume any of its runs"
    `);

    await first.until((r) => r.type === 'step.acted' && r.step === 'databases.orders.promote');
    first.child.kill('SIGINT');
    const stopped = await first.ended;
    goOn();
    expect(told(stopped, { [on.folder]: 'FOLDER' })).toMatchInlineSnapshot(`
      "exit 7
      Stopping: no new steps will start; calls in progress will finish. Ctrl-C again quits now.
      [LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: the failover of shop has not finished: it was interrupted; the point of no return is passed.
      Promote shop-orders-tokyo to primary: requested at TIME UTC, result not yet known.
      The point of no return is passed: treat it as done. Do not reopen the old writer.
      Scale shop-api out to 6 and wait until its targets are healthy: requested at TIME UTC, result not yet known.
      Clock (UTC): RTO from impact not measured, from start not measured
        impact            TIME  given by --impact-at
        detected          not measured  home-page was down from its first sample on: when it was noticed is not known
        declared          TIME  +N s
        started           TIME  +N s
        data ready        not measured  step databases.orders.promote was not seen to end
        traffic switched  not measured  step traffic.storefront.flip was not seen to end
        served again      not measured  home-page was still down at its last sample
        verified          not measured  step verify.home-page was not seen to end
      Downtime not measured: home-page was still down at its last sample
      Data loss:
        orders  promotion requested at TIME UTC, result not yet known  if it was made, at most N s of writes is lost
      Objectives:
        RTO  not measured  the run has not finished
        RPO  not measured  promotion of orders requested at TIME UTC, result not yet known
      Report: FOLDER/state/runs/RUN-shop-failover/report.html
      To continue: dr resume RUN-shop-failover"
    `);
    expect(stopped.code).toBe(EXIT.interrupted);
    expect((await on.journal()).at(-1)).toMatchObject({ type: 'run.interrupted', signal: 'SIGINT' });

    const status = await says('status');
    expect(status).toContain('interrupted');
    expect(status).toContain('Do not reopen the old writer.');
    const resumed = await on.dr(['resume', '--json']);
    expect(envelopeOf(resumed)).toMatchObject({ ok: true, exit: 'ok', result: { standing: 'succeeded' } });
    expect(resumed.code).toBe(EXIT.ok);
    expect(on.proxy.accepted('PromoteReadReplica')).toHaveLength(1);
    expect(await says('resume')).toMatchInlineSnapshot(`
      "exit 2
      Error: There is no run that could be resumed. [NOTHING_TO_RESUME]

        State: FOLDER/state

      Next:
        dr history    lists the runs"
    `);
    const [run = ''] = await runsIn(on.state);
    expect(await says('resume', run)).toMatchInlineSnapshot(`
      "exit 2
      Error: Run RUN-shop-failover has succeeded: there is nothing to resume. [RUN_ENDED]

      Next:
        dr report RUN-shop-failover"
    `);
  });

  it('whose journal is damaged is neither shown nor resumed', { timeout: TIMEOUT_MS }, async () => {
    const [run = ''] = await runsIn(on.state);
    const path = join(on.state, 'runs', run, 'journal.jsonl');
    const whole = await readFile(path, 'utf8');
    const lines = whole.split('\n');
    await writeFile(path, [...lines.slice(0, 9), lines[9]?.replace('"term":1', '"term":2') ?? '', ...lines.slice(10)].join('\n'));
    expect(await says('status', run)).toMatchInlineSnapshot(`
      "exit 11
      Error: The journal is damaged at FOLDER/state/runs/RUN-shop-failover/journal.jsonl:10. [JOURNAL_DAMAGED]

        Record 10: its content was changed after it was written. Nothing was done.

      Next:
        keep the file: it is evidence
        dr plan --region REGION    shows what is left to do, from what AWS says now
        dr failover --region REGION    starts a new run; steps whose end state is there are skipped"
    `);
    for (const verb of ['resume', 'report', 'status']) expect((await on.dr([verb, run])).code).toBe(EXIT.journal);
    await writeFile(path, [...lines.slice(0, 7), ...lines.slice(8)].join('\n'));
    expect(await says('resume', run)).toMatchInlineSnapshot(`
      "exit 11
      Error: The journal is damaged at FOLDER/state/runs/RUN-shop-failover/journal.jsonl:8. [JOURNAL_DAMAGED]

        Record 8: it does not follow the record before it. Nothing was done.

      Next:
        keep the file: it is evidence
        dr plan --region REGION    shows what is left to do, from what AWS says now
        dr failover --region REGION    starts a new run; steps whose end state is there are skipped"
    `);
    await writeFile(path, [...lines.slice(0, 7), lines[7]?.slice(0, 40) ?? '', ...lines.slice(8)].join('\n'));
    expect(await says('report', run)).toMatchInlineSnapshot(`
      "exit 11
      Error: The journal is damaged at FOLDER/state/runs/RUN-shop-failover/journal.jsonl:8. [JOURNAL_DAMAGED]

        Record 8: it is not JSON. Nothing was done.

      Next:
        keep the file: it is evidence
        dr plan --region REGION    shows what is left to do, from what AWS says now
        dr failover --region REGION    starts a new run; steps whose end state is there are skipped"
    `);
    expect(await says('history')).toMatchInlineSnapshot(`
      "exit 11
      Warning: run RUN-shop-failover is left out: The journal is damaged at FOLDER/state/runs/RUN-shop-failover/journal.jsonl:8. Record 8: it is not JSON. Nothing was done."
    `);
    await writeFile(path, whole);
    expect((await on.dr(['status', run])).code).toBe(EXIT.ok);
  });
});
