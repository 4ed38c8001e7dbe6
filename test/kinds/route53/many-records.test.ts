import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { CHANGE_RATE, type Rate, RATES } from '../../../src/aws/pacing.ts';
import { BATCH_LIMITS } from '../../../src/aws/route53-batches.ts';
import { SeededIds } from '../../../src/simulator/random.ts';
import { DEFAULT_TIMINGS } from '../../../src/simulator/timings.ts';
import { planOf, resumeRun, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';

const NAMES = 500;
/** Record sets in an answer. https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html */
const PAGE = 300;

/** shop, with 500 names of two sets each. */
async function thousandSets(): Promise<Simulation> {
  const text = await readFile(SHOP, 'utf8');
  const names = ['shop', ...Array.from({ length: NAMES - 1 }, (_, i) => `shop-${i + 1}`)];
  const records = names.map((name) => `      - { name: ${name}.example.com, type: A }`).join('\n');
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text.replace('record: { name: shop.example.com, type: A }', `records:\n${records}`));
  return simulation({ path });
}

/** Every request that is sent from now on, those that are tried again included. */
function watchCalls(sim: Simulation): string[] {
  const calls: string[] = [];
  const { clock, world } = sim;
  const aws = reliableCaller(world, { clock, ids: new SeededIds(7), onAttempt: (attempt) => calls.push(attempt.operation) });
  sim.effects = { ...sim.effects, aws };
  return calls;
}

describe('a thousand record sets of one zone', () => {
  it('move in the fewest batches that the API allows, in the time that its rate allows', async () => {
    const sim = await thousandSets();
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    const calls = watchCalls(sim);
    let flip: string[] = [];
    const at: Record<string, number> = {};
    const { outcome, state } = await runPlan(sim, plan, {
      onRecord: (record) => {
        if (!('step' in record) || record.step !== 'traffic.storefront.flip') return;
        at[record.type] = record.at;
        if (record.type === 'step.started') calls.length = 0;
        if (record.type === 'step.done') flip = [...calls];
      },
    });
    expect([...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.because, s.error])).toEqual([]);
    expect(outcome).toBe('succeeded');
    // Two sets a name, each deleted and made again, one value each.
    const elements = NAMES * 2 * 2;
    expect(flip.filter((operation) => operation === 'ChangeResourceRecordSets')).toHaveLength(Math.ceil(elements / BATCH_LIMITS.elements));
    // Looked at, checked once more (the promotion took longer than a check stays young), acted on, and seen to be done:
    // each time 1,000 sets and a few more, 300 on a page.
    const pages = Math.ceil((NAMES * 2) / PAGE);
    expect(flip.filter((operation) => operation === 'ListResourceRecordSets')).toHaveLength(4 * pages);
    // What the limits make anybody wait for: of changes or of requests, whichever takes longer, beyond what may come at once;
    // then until the last change is INSYNC.
    const waitFor = (count: number, { burst, perSecond }: Rate) => (1_000 * Math.max(0, count - burst)) / perSecond;
    const requests = RATES.route53 ?? { perSecond: 5, burst: 0 };
    const allowed = Math.max(waitFor(elements, CHANGE_RATE), waitFor(flip.length, requests)) + DEFAULT_TIMINGS.insyncMs;
    console.log(`a thousand record sets: ${flip.length} requests, bound ${allowed / 1_000} s, took ${((at['step.done'] ?? 0) - (at['step.started'] ?? 0)) / 1_000} s`);
    expect(flip.filter((operation) => operation === 'GetHealthCheckStatus').length).toBeLessThanOrEqual(1);
    const took = (at['step.done'] ?? 0) - (at['step.started'] ?? 0);
    expect(took).toBeGreaterThanOrEqual(allowed);
    expect(took).toBeLessThanOrEqual(1.05 * allowed);
    for (const name of ['shop', 'shop-1', 'shop-250', `shop-${NAMES - 1}`]) {
      expect([name, sim.world.resolve(`${name}.example.com`, 'A').values]).toEqual([name, ['127.0.0.3']]);
    }
  });

  it('a run that dies between two batches sends only the second', async () => {
    const sim = await thousandSets();
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    const calls = watchCalls(sim);
    const stop = new AbortController();
    // The connection is lost after the first batch was taken: nobody knows whether it was.
    const first = sim.world.addFault({ service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'answer-lost' }, times: 1 });
    const { records } = await runPlan(sim, plan, { drain: stop.signal, onRecord: (record) => record.type === 'step.unclear' && stop.abort() });
    first();
    expect(calls.filter((operation) => operation === 'ChangeResourceRecordSets')).toHaveLength(1);
    calls.length = 0;
    const { outcome } = await resumeRun(sim, records);
    expect(outcome).toBe('succeeded');
    expect(calls.filter((operation) => operation === 'ChangeResourceRecordSets')).toHaveLength(1);
    for (let i = 1; i < NAMES; i++) expect(sim.world.resolve(`shop-${i}.example.com`, 'A').values).toEqual(['127.0.0.3']);
  });

  it('throttling, and another change of the zone that is under way, are waited out', async () => {
    const sim = await thousandSets();
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    sim.world.addFault({ service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'throttle' }, times: 3 });
    sim.world.addFault({ service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'error', httpStatus: 400, code: 'PriorRequestNotComplete' }, times: 2 });
    const { outcome, state } = await runPlan(sim, plan);
    expect(outcome).toBe('succeeded');
    expect(state.steps.get('traffic.storefront.flip')?.attempts).toBe(1);
  });

  it('a protected one is found in the check, and nothing is changed', async () => {
    const sim = await thousandSets();
    sim.world.protectRecords('Z0123456789ABCDEFGHIJ', { name: 'shop-7.example.com', type: 'A', comment: 'ask Kim' });
    sim.world.breakRegion(SEOUL);
    const { outcome, state, records } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('refused');
    expect(state.steps.get('traffic.storefront.flip')?.refusal).toEqual({
      rule: 'record-protected',
      observed: 'protected from changes: shop-7.example.com A (ask Kim)',
      threshold: 'no resource record set protection on a name that has to change',
      consequence: 'Route 53 would refuse the change',
      override: 'aws route53 delete-resource-record-set-protections --hosted-zone-id Z0123456789ABCDEFGHIJ --protections RecordName=shop-7.example.com,RecordType=A',
    });
    expect(records.filter((r) => r.type === 'step.intent')).toEqual([]);
  });

  it('rights to see protections that are missing are said, and stop nothing', async () => {
    const sim = await thousandSets();
    sim.world.addFault({ service: 'route53', operation: 'ListResourceRecordSetProtections', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    sim.world.breakRegion(SEOUL);
    const { outcome, records } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('succeeded');
    const check = records.find((r) => r.type === 'check.passed' && r.step === 'traffic.storefront.flip');
    expect(check).toMatchObject({ warnings: [expect.stringContaining('whether records are protected is not known')] });
  });
});
