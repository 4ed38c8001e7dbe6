import { describe, expect, it } from 'vitest';
import { buildEvidence } from '../../src/report/evidence.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { summaryLines } from '../../src/report/summary.ts';
import { failedRun, goodRun, LAB, Script } from './fixtures.ts';

const evidenceOf = (script: Script, lab?: typeof LAB): Evidence => buildEvidence(script.state(), script.records, { lab });

describe('summary for a terminal', () => {
  it('says everything of a lab run, in columns', () => {
    expect(summaryLines(evidenceOf(goodRun({ mode: 'lab' }), LAB)).join('\n')).toMatchInlineSnapshot(`
      "[LAB] a two-region lab on one machine; no AWS account was involved
      In the lab: shop runs in ap-northeast-1 (Tokyo) again 8.2 s after impact; RTO and RPO are met.
      Clock (UTC): RTO from impact 8.2 s, from start 6.8 s
        impact            10:15:00.590  the last good response of the lab's client
        detected          not measured  home-page was down from its first sample on: when it was noticed is not known
        declared          10:15:01.600  +1.0 s
        started           10:15:02.000  +1.4 s
        data ready        10:15:07.200  +6.6 s
        traffic switched  10:15:08.300  +7.7 s
        served again      10:15:08.800  +8.2 s
        verified          10:15:12.000  +11 s
      Downtime 8.2 s as the lab's client saw it, by what was waited for:
        before the run (detection, decision)  1.4 s   17 %
        database                              3.5 s   42 %
        AWS                                   1.0 s   13 %
        DNS                                   910 ms  11 %
        dr's own share                        1.1 s   13 %
        others                                312 ms
      Data loss:
        orders  at most 31 s  replica-lag, sample 33 s old
        ledger: bound 31 s, true loss 20 ms: 3 orders, of 1204 acknowledged
      Objectives:
        RTO  met  8.2 s from impact, objective 15m
        RPO  met  at most 31 s of orders lost, objective 1m"
    `);
  });

  it('gives a failed run a time to failure and no RTO', () => {
    expect(summaryLines(evidenceOf(failedRun())).join('\n')).toMatchInlineSnapshot(`
      "The failover of shop failed at step databases.orders.promote after 11m 2s: a time to failure, not an RTO.
      Promote shop-orders-tokyo: requested at 10:16:03 UTC, result not yet known (not reached within its limit of 600 s; status is "backing-up").
      The point of no return is passed: treat it as done. Do not reopen the old writer.
      Clock (UTC): time to failure 11m 2s, no RTO
        impact            <=10:15:02.350  the first sample of home-page was already bad, so it began then or before; --impact-at TIME says when
        detected          not measured    home-page was down from its first sample on: when it was noticed is not known
        declared          10:15:01.600    -750 ms
        started           10:15:02.000    -350 ms
        data ready        not measured    step databases.orders.promote was not seen to end
        traffic switched  not measured    step traffic.storefront.flip was not seen to end
        served again      not measured    home-page was still down at its last sample
        verified          not measured    step verify.home-page was not seen to end
      Downtime not measured: home-page was still down at its last sample
      Data loss:
        orders  promotion requested at 10:16:03 UTC, result not yet known  if it was made, at most 31 s of writes is lost
      Objectives:
        RTO  not measured  the run failed: it has a time to failure, not an RTO
        RPO  not measured  promotion of orders requested at 10:16:03 UTC, result not yet known"
    `);
  });

  it('of a run that changed nothing says why, and how each refusal is overridden', () => {
    const refusal = { rule: 'rpo-gate', observed: 'at most 10m of writes are lost', threshold: 'RPO 5m', consequence: 'lost', override: '--accept-data-loss 660s --reason "…"' };
    const error = { code: 'NoAnswer', message: 'autoscaling.DescribeAutoScalingGroups in ap-northeast-1: NoAnswer: read ECONNRESET' };
    const refused = new Script()
      .started(2000)
      .at(2100, { type: 'check.refused', step: 'databases.orders.rpoGate', refusal })
      .at(2200, { type: 'check.failed', step: 'compute.api.scale', error })
      .at(2300, { type: 'run.finished', outcome: 'refused' });
    expect(summaryLines(evidenceOf(refused)).join('\n')).toMatchInlineSnapshot(`
      "The failover of shop was refused by rpo-gate (databases.orders.rpoGate); nothing was changed.
        databases.orders.rpoGate: at most 10m of writes are lost
          override: --accept-data-loss 660s --reason "…"
        compute.api.scale: autoscaling.DescribeAutoScalingGroups in ap-northeast-1: NoAnswer: read ECONNRESET"
    `);
  });

  it('stays within 25 lines with every cause and many databases', () => {
    const evidence = evidenceOf(goodRun({ mode: 'lab' }), LAB);
    const [db] = evidence.databases;
    if (db === undefined || evidence.lab === null) throw new Error('fixture');
    const breakdown = (['before', 'stopped', 'person', 'database', 'aws', 'dns', 'users', 'own', 'hold', 'call', 'tool'] as const).map((cause, i) => ({ cause, ms: (i + 1) * 100 }));
    const full = { ...evidence, lab: { ...evidence.lab, breakdown }, databases: Array.from({ length: 9 }, (_, i) => ({ ...db, name: `db${i}` })) };
    const lines = summaryLines(full);
    expect(lines.length).toBeLessThanOrEqual(25);
    expect(lines.find((line) => line.includes("dr's own share"))).toContain('1.1 s');
    expect(lines).toContain('  and 8 more databases');
  });

  it('cuts no reason: it continues in the next line, for the remedy stands at its end', () => {
    const text = summaryLines(evidenceOf(goodRun())).join('\n');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('so it began then or before; --impact-at TIME says when');
    expect(text).not.toContain('…');
  });

  it('shows what is not measured before any bound', () => {
    const evidence = evidenceOf(goodRun());
    const [db] = evidence.databases;
    if (db === undefined) throw new Error('fixture');
    const dark = { ...db, name: 'dark', rpo: { ...db.rpo, boundMs: null, because: 'no lag sample was found' } };
    expect(summaryLines({ ...evidence, databases: [db, db, db, dark] }).find((l) => l.includes('dark'))).toContain('not measured');
  });

  it('lets no text from outside move the cursor or break its line', () => {
    const evil = '\u001b[2J\u001b]0;x\u0007\nrm -rf\r\u202e';
    const evidence = evidenceOf(goodRun());
    const lines = summaryLines({
      ...evidence,
      verdict: { ...evidence.verdict, sentence: evil },
      databases: evidence.databases.map((db) => ({ ...db, name: evil, rpo: { ...db.rpo, method: evil } })),
    });
    for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  it('says when the bound did not hold', () => {
    expect(summaryLines(evidenceOf(goodRun({ mode: 'lab' }), { ...LAB, lostSpanMs: 45_000 })).join('\n')).toContain('THE BOUND DID NOT HOLD');
  });
});
