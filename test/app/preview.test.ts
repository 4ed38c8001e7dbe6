import { describe, expect, it } from 'vitest';
import { planFor } from '../../src/app/make-plan.ts';
import { previewRun } from '../../src/app/preview.ts';
import type { Direction } from '../../src/app/observe.ts';
import { endpointOverrides } from '../../src/app/live-effects.ts';
import { leaseAll } from '../../src/app/locks.ts';
import { previewLines, wouldBeRefused } from '../../src/cli/refusal-view.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import type { Preview } from '../../src/engine/preview.ts';
import { MUTATIONS } from '../../src/aws/operations.ts';
import type { Effects } from '../../src/effects/effects.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { APPROVED, planOf, SEOUL, SHOP, TOKYO } from '../engine/simulated.ts';
import { bench, type Bench } from './fixture.ts';

async function previewOf(b: Bench, acceptances: Acceptances = { approvedBy: [] }, direction: Direction = { verb: 'failover', region: TOKYO }): Promise<Preview> {
  const loaded = await loadRunbook(SHOP);
  return b.sim.clock.run(async () => {
    const effects: Effects = { ...b.sim.effects, aws: { call: (request) => {
      if (MUTATIONS.has(`${request.service}.${request.operation}`)) throw new Error(`a preview has called ${request.operation}`);
      return b.sim.effects.aws.call(request);
    } } };
    const { plan, observed } = await planFor(effects, loaded, direction);
    return previewRun({ plan, identity: observed.identity, effects, state: { folder: b.state }, acceptances });
  });
}

const rules = (seen: Preview) => seen.refusals.map(({ refusal, step }) => refusal?.rule ?? step).sort();

describe('what a run would be refused for', () => {
  it('a failover of a healthy region, and a missing approval, are known before anybody confirms', async () => {
    const b = await bench({ alive: true });
    const seen = await previewOf(b);
    expect(rules(seen)).toEqual(['approval', 'source-down']);
    expect(seen.refusals.find(({ refusal }) => refusal?.rule === 'approval')?.refusal?.override).toContain('--approved-by');
  });

  it('nothing, where the region is down and the approval is given', async () => {
    const b = await bench();
    const seen = await previewOf(b, APPROVED);
    expect(seen).toEqual({ refusals: [], notEvaluated: [], warnings: expect.any(Array) as string[] });
    expect((await b.start()).state.outcome).toBe('succeeded');
  });

  it('a move within the flap guard, and the way back to a region whose database does not follow', async () => {
    const b = await bench();
    await b.start();
    b.sim.world.healRegion(SEOUL);
    await b.sim.clock.run(() => b.sim.clock.sleep(60_000));
    const back = await previewOf(b, APPROVED, { verb: 'failover', region: SEOUL });
    expect(rules(back)).toContain('flap-guard');
    expect(back.refusals.every(({ refusal }) => (refusal?.override ?? '') !== '')).toBe(true);
  });

  it('a switchover while the source is down: no signal is called good', async () => {
    const b = await bench();
    expect(rules(await previewOf(b, APPROVED, { verb: 'switchover', region: TOKYO }))).toContain('source-healthy');
  });

  it('a run that another machine holds: who, and how to take it over; one that is over holds nothing', async () => {
    const b = await bench();
    const plan = await planOf(b.sim, TOKYO);
    const run = '20261120T000000Z-shop-failover-000001';
    const lease = await leaseAll(new LocalState(b.state), plan, endpointOverrides(), { run, operator: { identity: 'arn', user: 'ben', host: 'elsewhere', pid: 7 }, now: 0, ids: new SeededIds(1) });
    const seen = await previewOf(b, APPROVED);
    expect(seen.refusals).toHaveLength(1);
    const lines = previewLines(seen, undefined, (_style, text) => text).join('\n');
    expect(lines).toMatch(/Would be refused now\n {2}Another run holds shop-lab-\w+\.\n {4}Run 20261120T000000Z-shop-failover-000001, term 1, by ben on elsewhere \(process 7\) since /);
    expect(lines).toContain(`dr takeover ${run}`);
    expect(wouldBeRefused(seen)).toBe('would be refused now: another run holds it');
    await lease.release();
    expect((await previewOf(b, APPROVED)).refusals).toEqual([]);
  });
});
