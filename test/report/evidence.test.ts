import { describe, expect, it } from 'vitest';
import { buildEvidence, type EvidenceOptions } from '../../src/report/evidence.ts';
import { EvidenceSchema } from '../../src/report/evidence-schema.ts';
import { summaryLines } from '../../src/report/summary.ts';
import { failedRun, goodRun, LAB, ORDERS_FACTS, planStep, RUN, Script, SHOP_STEPS, shopPlan, T0, wait } from './fixtures.ts';

function evidenceOf(script: Script, options: Partial<EvidenceOptions> = {}) {
  const evidence = buildEvidence(script.state(), script.records, { ...options });
  EvidenceSchema.parse(JSON.parse(JSON.stringify(evidence)));
  return evidence;
}

const sum = (rows: readonly { ms: number }[]) => rows.reduce((total, row) => total + row.ms, 0);

describe('evidence of an old writer that was back', () => {
  const because = 'shop-orders is fenced. It answered again at 10:15:09Z: what it took until 10:15:10Z is in no other instance';
  const fence = { verdict: 'fenced', because, at: T0 + 10_000, returnedAt: T0 + 9_000 };
  const evidence = evidenceOf(goodRun({}, fence));

  it('says since when, and calls no RPO met', () => {
    expect(evidence.databases[0]?.fence).toEqual({ verdict: 'fenced', because, details: [`at: ${new Date(T0 + 10_000).toISOString()}`], returnedAt: new Date(T0 + 9_000).toISOString() });
    expect(evidence.objectives[1]).toMatchObject({ name: 'RPO', verdict: 'not measured', actualMs: 31_000, atLeast: true, because: '31 s by the promotion, and what the old writer of orders took when it was back' });
    expect(evidence.verdict.word).toBe('not measured');
    expect(evidence.next).toContain(because);
  });

  it('is given in the summary', () => {
    expect(summaryLines(evidence)).toContain('  and what the old writer of orders took when it was back at 10:15:09.000: in no other instance');
  });

  it('says that a verdict cannot be read', () => {
    const unknown = evidenceOf(goodRun({}, { ...fence, verdict: 'perhaps' }));
    expect(unknown.databases[0]?.fence).toEqual({ verdict: 'unknown', because: 'the recorded verdict cannot be read', details: [], returnedAt: null });
    expect(unknown.next).not.toContain(because);
  });
});

describe('evidence of a run in the lab', () => {
  const evidence = evidenceOf(goodRun({ mode: 'lab', confirmedBy: 'lab' }), { lab: LAB });

  it('counts the clock from the last good response of the client', () => {
    expect(evidence.clock.phases.map((p) => (p.at === null ? null : Date.parse(p.at) - T0))).toEqual([590, null, 1600, 2000, 7200, 8300, 8800, 12_000]);
    expect(evidence.clock.rtoFromImpact).toMatchObject({ ms: 8210, atLeast: false });
    expect(evidence.clock.rtoFromStart.ms).toBe(6800);
    expect(evidence.clock.timeToFailure).toBeNull();
  });

  it('meets both objectives and says that it was in the lab', () => {
    expect(evidence.objectives.map((o) => [o.name, o.verdict, o.actualMs])).toEqual([['RTO', 'met', 8210], ['RPO', 'met', 31_000]]);
    expect(evidence.verdict).toEqual({
      word: 'met',
      sentence: 'In the lab: shop runs in ap-northeast-1 (Tokyo) again 8.2 s after impact; RTO and RPO are met.',
    });
    expect(evidence.test.kind).toBe('lab');
  });

  it('gives every millisecond of the client’s window to one cause', () => {
    expect(sum(evidence.lab?.breakdown ?? [])).toBe(8210);
    expect(sum(evidence.downtime.breakdown)).toBe(evidence.downtime.ms);
    const of = (cause: string) => evidence.lab?.breakdown.find((row) => row.cause === cause)?.ms;
    expect(of('before')).toBe(1410);
    // Promotion 3680-6880 and canary 6910-7190; the group's wait beside it is not counted again.
    expect(of('database')).toBe(3480);
    expect(of('dns')).toBe(910);
  });

  it('shows the truth beside the bound', () => {
    expect(evidence.lab).toMatchObject({ lost: 3, acknowledged: 1204, lostSpanMs: 20, boundHolds: true });
  });

  it('takes the truth from the journal, too', () => {
    const script = goodRun({ mode: 'lab' }).at(14_000, { type: 'lab.measured', truth: LAB });
    expect(evidenceOf(script).lab?.lost).toBe(3);
  });

  it('holds fence, RPO, canary and signals as they were recorded', () => {
    expect(evidence.databases).toMatchObject([
      { name: 'orders', promoted: true, rpo: { boundMs: 31_000, method: 'replica-lag', ageMs: 33_000 }, fence: { verdict: 'source-down' }, canary: { verified: true } },
    ]);
    expect(evidence.assessment.signals.map((s) => [s.name, s.says])).toEqual([['users', 'down'], ['rds-api.orders', 'down']]);
  });

  it('names what changed and what went another way than planned', () => {
    expect(evidence.changes.map((c) => c.made)).toEqual(['made', 'made', 'made', 'made', 'made']);
    expect(evidence.deviations.map((d) => d.sort)).toEqual(['warning', 'optional step failed']);
    expect(evidence.steps.find((s) => s.id === 'databases.orders.promote')?.calls.map((c) => c.requestId)).toEqual([
      'req-databases.orders.promote-look',
      'req-databases.orders.promote-act',
    ]);
  });

  it('is bound to the journal', () => {
    const script = goodRun({ mode: 'lab' });
    expect(evidenceOf(script, { lab: LAB }).integrity).toMatchObject({ head: script.records.at(-1)?.hash, records: script.records.length });
  });
});

describe('what was not measured', () => {
  it('is not met: the outage began before the first sample', () => {
    const evidence = evidenceOf(goodRun());
    expect(evidence.objectives[0]).toMatchObject({ verdict: 'not measured', atLeast: true, actualMs: 6450 });
    expect(evidence.verdict.word).toBe('not measured');
    expect(evidence.verdict.sentence).toContain('at least 6.5 s');
  });

  it('is measured once somebody says when it began', () => {
    const evidence = evidenceOf(goodRun(), { impact: { at: T0 + 600, source: 'alarm' }, detected: { at: T0 + 900, source: 'alarm' } });
    expect(evidence.objectives[0]).toMatchObject({ verdict: 'met', actualMs: 8200 });
    expect(evidence.clock.phases[1]?.at).toBe(new Date(T0 + 900).toISOString());
  });

  it('is not met: no bound on loss was recorded', () => {
    const script = goodRun();
    script.records.forEach((record) => {
      if (record.type === 'step.done') delete (record.facts as Record<string, unknown>)['rpo.orders'];
    });
    const evidence = evidenceOf(script, { impact: { at: T0, source: 'alarm' } });
    expect(evidence.objectives[1]).toMatchObject({ verdict: 'not measured', actualMs: null, because: 'orders: no bound was recorded' });
    expect(evidence.verdict.word).toBe('not measured');
  });

  it('is not met: a bound that could not be computed, or cannot be read, is never zero', () => {
    for (const rpo of [{ ...ORDERS_FACTS.rpo, boundMs: null, because: 'no lag sample was found' }, 'broken', null, { boundMs: 0 }]) {
      const script = goodRun();
      script.records.forEach((record) => {
        if (record.type === 'step.done' && record.step.endsWith('rpoGate')) (record.facts as Record<string, unknown>)['rpo.orders'] = rpo;
      });
      expect(evidenceOf(script).databases[0]?.rpo.boundMs).toBeNull();
      expect(evidenceOf(script).objectives[1]?.verdict).toBe('not measured');
    }
  });

  it('a lower bound above the objective is a miss', () => {
    const plan = { ...shopPlan(), objectives: { rtoMs: 5000, rpoMs: 30_000 } };
    const evidence = evidenceOf(goodRun({ plan }));
    expect(evidence.objectives.map((o) => o.verdict)).toEqual(['missed', 'missed']);
    expect(evidence.verdict.word).toBe('missed');
  });

  it('a plan without databases has no RPO to meet', () => {
    const steps = [planStep('verify.home-page')];
    const script = new Script().started(2000, { plan: shopPlan(steps) }).probe(2100, true).probe(3000, false).probe(4000, true)
      .step('verify.home-page', 4000, 5000).at(5100, { type: 'run.finished', outcome: 'succeeded' });
    const evidence = evidenceOf(script);
    expect(evidence.objectives.map((o) => o.verdict)).toEqual(['met', 'not applicable']);
    expect(evidence.verdict.word).toBe('met');
  });

  it('a bound below the true loss is said loudly and is not met', () => {
    const evidence = evidenceOf(goodRun({ mode: 'lab' }), { lab: { ...LAB, lostSpanMs: 45_000 } });
    expect(evidence.lab?.boundHolds).toBe(false);
    expect(evidence.objectives[1]).toMatchObject({ verdict: 'not measured', actualMs: 45_000 });
    expect(evidence.objectives[1]?.because).toContain('did not hold');
  });

  it('the lab’s ledger is no evidence of a live run', () => {
    expect(evidenceOf(goodRun(), { lab: LAB }).lab).toBeNull();
  });
});

describe('runs that do not succeed', () => {
  it('a failed run has a time to failure, and no RTO', () => {
    const evidence = evidenceOf(failedRun(), { impact: { at: T0, source: 'alarm' } });
    expect(evidence.verdict.word).toBe('failed');
    expect(evidence.verdict.sentence).toBe('The failover of shop failed at step databases.orders.promote after 11m 2s: a time to failure, not an RTO.');
    expect(evidence.clock.timeToFailure?.ms).toBe(662_000);
    expect(evidence.clock.rtoFromImpact.ms).toBeNull();
    expect(evidence.objectives.map((o) => o.verdict)).toEqual(['not measured', 'not measured']);
    expect(evidence.downtime.breakdown).toEqual([]);
    expect(evidence.next.join('\n')).toContain(`dr resume ${RUN}`);
    expect(evidence.next[0]).toContain('result not yet known');
    expect(evidence.next.join('\n')).toContain('wait until the backup');
  });

  it('lists retries, unclear answers, slowness and failure as deviations', () => {
    const evidence = evidenceOf(failedRun());
    expect(evidence.deviations.map((d) => `${d.step}:${d.sort}`)).toEqual([
      'compute.api.scale:slow',
      'databases.orders.promote:unclear',
      'databases.orders.promote:slow',
      'databases.orders.promote:retried',
      'databases.orders.promote:failed',
    ]);
    expect(evidence.changes.map((c) => c.made)).toEqual(['requested', 'not made', 'made', 'made', 'not made']);
    expect(evidence.steps.map((s) => s.state)).toContain('not-run');
  });

  it('keeps the calls of an act whose step never ended', () => {
    const promote = evidenceOf(failedRun()).steps.find((s) => s.id === 'databases.orders.promote');
    expect(promote?.calls).toMatchObject([{ operation: 'PromoteReadReplica', error: 'Timeout', requestId: null }]);
    expect(promote?.callCount).toBe(1);
  });

  it('a refused run says by which rule and that nothing was changed', () => {
    const refusal = { rule: 'rpo-gate', observed: 'lag 300 s', ageMs: 9000, threshold: '60 s', consequence: '5m of orders would be lost', override: '--accept-data-loss 300s' };
    const script = new Script().started(2000).at(2500, { type: 'check.refused', step: 'databases.orders.rpoGate', refusal })
      .at(2600, { type: 'run.finished', outcome: 'refused' });
    const evidence = evidenceOf(script);
    expect(evidence.verdict.sentence).toBe('The failover of shop was refused by rpo-gate (databases.orders.rpoGate); nothing was changed.');
    expect(evidence.steps.find((s) => s.refusal !== null)?.refusal).toEqual(refusal);
    expect(evidence.next[0]).toContain('--accept-data-loss 300s');
  });

  it('a run that was stopped and resumed keeps the stop out of the tool’s share', () => {
    const steps = SHOP_STEPS.filter((s) => s.id === 'databases.orders.promote');
    const operator = { identity: 'arn:lee', user: 'lee', host: 'desk', pid: 7 };
    const script = new Script().started(1000, { plan: shopPlan(steps) }).probe(1100, true).probe(2000, false)
      .at(2100, { type: 'step.started', step: 'databases.orders.promote' })
      .at(2200, { type: 'step.intent', step: 'databases.orders.promote', attempt: 1, because: 'replica' })
      .at(62_200, { type: 'run.resumed', operator, acceptances: { approvedBy: [] } })
      .at(62_300, { type: 'step.started', step: 'databases.orders.promote' })
      .at(65_000, { type: 'step.done', step: 'databases.orders.promote', already: false, because: 'promoted', waits: [wait('database', 62_400, 64_900)] })
      .probe(66_000, true)
      .at(67_000, { type: 'run.finished', outcome: 'succeeded' });
    const evidence = evidenceOf(script);
    expect(evidence.downtime).toMatchObject({ ms: 64_000 });
    expect(evidence.downtime.breakdown).toEqual([{ cause: 'stopped', ms: 60_000 }, { cause: 'database', ms: 2500 }, { cause: 'tool', ms: 1500 }]);
    expect(evidence.deviations.map((d) => d.sort)).toContain('resumed');
    expect(evidence.people.resumedBy).toHaveLength(1);
  });

  it('a run that continues is not finished', () => {
    const script = new Script().started(2000).at(2500, { type: 'step.started', step: 'assess.source' }).at(2600, { type: 'run.interrupted', signal: 'SIGINT' });
    const evidence = evidenceOf(script);
    expect(evidence.verdict).toEqual({ word: 'unfinished', sentence: 'The failover of shop has not finished: it was interrupted.' });
    expect(evidence.steps[0]?.state).toBe('unfinished');
  });
});

describe('honesty about where it ran', () => {
  it('a simulated run says so first', () => {
    expect(evidenceOf(goodRun({ mode: 'simulated' })).verdict.sentence).toMatch(/^Simulated: /);
  });

  it('a run with endpoints overridden says so, and lists them as deviations', () => {
    const evidence = evidenceOf(goodRun({ endpoints: ['AWS_ENDPOINT_URL=http://127.0.0.1:4566'] }));
    expect(evidence.verdict.sentence).toMatch(/^With AWS endpoints overridden: /);
    expect(evidence.deviations[0]).toMatchObject({ sort: 'endpoint' });
  });

  it('a runbook outside Git, or changed since its commit, is a deviation', () => {
    const dirty = goodRun({ git: { commit: 'c0ffee', dirty: true } });
    expect(evidenceOf(dirty).deviations[0]?.text).toContain('not committed');
  });
});
