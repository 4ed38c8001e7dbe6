import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exitOf } from '../../src/app/run-to-the-end.ts';
import type { Direction } from '../../src/app/observe.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { EvidenceSchema } from '../../src/report/evidence-schema.ts';
import { renderHtml } from '../../src/report/html.ts';
import { summaryLines } from '../../src/report/summary.ts';
import { wayBackLines } from '../../src/report/next-steps.ts';
import { planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';

async function reported(sim: Simulation, direction: Direction, options: Parameters<typeof runPlan>[2] = {}) {
  const { state, records } = await runPlan(sim, await planOf(sim, direction), options);
  const evidence = buildEvidence(state, records);
  expect(EvidenceSchema.parse(evidence)).toEqual(evidence);
  return { state, evidence, summary: [...summaryLines(evidence), ...wayBackLines(state)].join('\n'), page: renderHtml(evidence) };
}

describe('the report of a switchover', () => {
  it('says that nothing is lost, how that is known, and what comes next', async () => {
    const sim = await simulation();
    const { evidence, summary, page } = await reported(sim, { verb: 'switchover', region: TOKYO });
    expect(evidence.verdict.word).toBe('met');
    expect(evidence.objectives).toMatchObject([{ name: 'RTO', verdict: 'met' }, { name: 'RPO', actualMs: 0, verdict: 'met' }]);
    expect(evidence.databases).toMatchObject([{ name: 'orders', promoted: true, rpo: { boundMs: 0, method: 'position' }, fence: { verdict: 'read-only' }, canary: { verified: true } }]);
    expect(evidence.test).toMatchObject({ verb: 'switchover', scenario: `A planned move: shop leaves ${SEOUL} (Seoul), which is healthy, for ${TOKYO} (Tokyo).` });
    expect(summary).toContain('orders  nothing  proven: every byte of the log had arrived');
    expect(evidence.next[0]).toBe(`Reprotect: shop now runs in ${TOKYO} (Tokyo) alone. Once ${SEOUL} (Seoul) is healthy: dr reprotect --standby ${SEOUL}`);
    expect(page).toContain('<h1>shop: Seoul → Tokyo</h1>');
    expect(page).toContain('Report of a switchover');
  });

  it('that rolled itself back says what was undone', async () => {
    const sim = await simulation();
    const { evidence, summary, page } = await reported(sim, { verb: 'switchover', region: TOKYO }, {
      onRecord: (r) => {
        if (r.type === 'step.done' && r.step === 'databases.orders.quiesce') sim.world.setReplication({ region: TOKYO, id: 'shop-orders-tokyo' }, { mode: 'stopped' });
      },
    });
    expect(evidence.verdict).toEqual({ word: 'aborted', sentence: 'Simulated: the switchover of shop was rolled back (switchover failed before the line): everything that can be undone is undone.' });
    expect(summary.split('\n').slice(-3)).toEqual(['Rolled back:', '  undone      compute.api.scaleOut', '  undone      databases.orders.quiesce']);
    expect(evidence.steps.filter((s) => s.state === 'undone').map((s) => s.id).sort()).toEqual(['compute.api.scaleOut', 'databases.orders.quiesce']);
    expect(evidence.changes.filter((c) => c.step === 'databases.orders.quiesce')).toMatchObject([{ made: 'undone' }]);
    expect(evidence.databases).toMatchObject([{ promoted: false, fence: { verdict: 'undone', because: 'shop-orders takes writes again' } }]);
    expect(evidence.next).toEqual([`shop is active in ${SEOUL} (Seoul) as before. Start again when what stood in the way is mended.`]);
    expect(evidence.deviations.map((d) => d.sort)).toEqual(expect.arrayContaining(['rolled back', 'undone']));
    expect(page).toContain('undone');
  });
});

describe('the report of a reprotect', () => {
  it('says what follows whom again and what was kept, and asks for no RTO and no RPO', async () => {
    const sim = await simulation();
    await runPlan(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
    const { evidence, summary, page } = await reported(sim, { verb: 'reprotect' });
    expect(evidence.verdict).toEqual({ word: 'met', sentence: `Simulated: shop runs in ${TOKYO} (Tokyo) and has its standby in ${SEOUL} (Seoul) again.` });
    expect([evidence.objectives, evidence.databases]).toEqual([[], []]);
    expect(evidence.standbys).toEqual([
      { database: 'orders', region: SEOUL, by: 'replica', id: 'shop-orders', kept: 'shop-orders-old-20261120', lagMs: 1000, sampledAt: expect.stringMatching(/Z$/) as string },
    ]);
    expect(summary).toMatch(/Standbys:\n {2}orders {2}ap-northeast-2 \(Seoul\) {2}in sync, 1\.0 s behind at \d\d:\d\d/);
    expect(summary).toContain('Kept, until a person decides about them:\n  shop-orders-old-20261120  ap-northeast-2 (Seoul)');
    expect(summary).not.toContain('RTO');
    expect(evidence.next).toEqual([
      `shop can be moved again: dr switchover --region ${SEOUL}, or dr failover --region ${SEOUL} when ${TOKYO} (Tokyo) is lost.`,
      'Kept, and paid for, until a person decides about them: shop-orders-old-20261120. They may hold writes that exist nowhere else.',
    ]);
    expect(page).toContain('<h1>shop: Tokyo, standby Seoul</h1>');
  });
});

describe('the report of a reprotect by backups', () => {
  it('says whose backups arrive, and names the instance that is kept', async () => {
    const sim = await simulation({ path: fileURLToPath(new URL('../../runbooks/archive.yaml', import.meta.url)) });
    await runPlan(sim, await planOf(sim, { verb: 'switchover', region: TOKYO }));
    const { evidence, summary, page } = await reported(sim, { verb: 'reprotect' });
    const [kept = ''] = evidence.standbys.flatMap((standby) => standby.kept ?? []);
    expect(kept).toMatch(/^archive-documents-old-\d{8}$/);
    expect(evidence.standbys).toMatchObject([{ database: 'documents', region: SEOUL, by: 'backups', id: 'archive-documents-tokyo', kept }]);
    expect(summary).toMatch(/Standbys:\n {2}documents {2}ap-northeast-2 \(Seoul\) {2}backups arrive, .* behind at \d\d:\d\d/);
    expect(summary).toContain(`Kept, until a person decides about them:\n  ${kept}  ap-northeast-2 (Seoul)`);
    expect(evidence.next.at(-1)).toBe(`Kept, and paid for, until a person decides about them: ${kept}. They may hold writes that exist nowhere else.`);
    expect(page).not.toContain('no standby was rebuilt');
  });
});

describe('the report of a failover', () => {
  it('that failed before the line offers the way back, and after it does not', async () => {
    const sim = await simulation();
    sim.world.setGroupCapacity(TOKYO, 'shop-api', 3);
    sim.world.breakRegion(SEOUL);
    const { evidence, state } = await reported(sim, { verb: 'failover', region: TOKYO });
    const crossed = state.steps.get('databases.orders.promote')?.intendedAt !== undefined;
    expect(evidence.next.some((line) => line.includes('dr abort'))).toBe(!crossed);
    expect(evidence.next.at(-1)).toBe('Do not start a second failover: this run still holds what it has changed.');
  });
});

describe('the report of an application that serves from several regions', () => {
  const TICKETS = fileURLToPath(new URL('../../runbooks/active-active.yaml', import.meta.url));
  const promoted = 'no database is promoted; what a region has not handed over comes back with it';

  it.each(['failover', 'switchover', 'reprotect'] as const)('%s: an RPO does not apply, and does not stand in the way', async (verb) => {
    const sim = await simulation({ path: TICKETS });
    if (verb !== 'switchover') sim.world.breakRegion(SEOUL);
    let done = await reported(sim, { verb: verb === 'switchover' ? verb : 'failover', region: TOKYO });
    if (verb === 'reprotect') {
      sim.world.healRegion(SEOUL);
      await sim.clock.run(() => sim.clock.sleep(600_000));
      done = await reported(sim, { verb, region: TOKYO });
    }
    const { evidence, state, summary, page } = done;
    const rpo = { name: 'RPO', actualMs: null, verdict: 'not applicable', because: promoted };
    // The region was lost before anybody looked: how long it was away is known from below only.
    const time = verb === 'failover' ? 'not measured' : 'met';
    expect(evidence.objectives).toMatchObject(verb === 'reprotect' ? [] : [{ name: 'RTO', verdict: time }, rpo]);
    expect([evidence.verdict.word, exitOf(state, evidence)]).toEqual([time, time === 'met' ? 'ok' : 'notMeasured']);
    expect(summary).not.toContain('RPO  not measured');
    if (verb === 'reprotect') return;
    expect(evidence.verdict.sentence).toMatch(verb === 'failover' ? /; RTO not measured\.$/ : /; RTO is met\.$/);
    expect(summary).toContain(`Data loss does not apply: ${promoted}`);
    expect(page).toContain('not applicable');
  });
});
