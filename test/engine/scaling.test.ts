import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import type { PlanContext } from '../../src/model/kind.ts';
import { knownKind, loadStepKind } from '../../src/kinds/registry.ts';
import type { StepContext, StepKind } from '../../src/model/step.ts';
import { planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from './simulated.ts';

async function shop(from: string, to: string): Promise<Simulation> {
  const text = (await readFile(SHOP, 'utf8')).replace(from, to);
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text);
  return simulation({ path });
}

const sizes = (sim: Simulation) => Object.fromEntries(sim.world.snapshot().groups.map((g) => [g.region, [g.min, g.desired, g.max, g.healthy]]));

describe('capacity in every verb', () => {
  it('a switchover leaves the other side as it is, unless the runbook says otherwise', async () => {
    const kept = await simulation();
    await runPlan(kept, await planOf(kept, { verb: 'switchover', region: TOKYO }));
    expect(sizes(kept)).toEqual({ [SEOUL]: [4, 6, 12, 6], [TOKYO]: [4, 6, 12, 6] });
    const smaller = await shop('active: { min: 4', 'scaleIn: switchover\n    active: { min: 4');
    const { outcome } = await runPlan(smaller, await planOf(smaller, { verb: 'switchover', region: TOKYO }));
    expect(outcome).toBe('succeeded');
    expect(sizes(smaller)).toEqual({ [SEOUL]: [1, 2, 12, 2], [TOKYO]: [4, 6, 12, 6] });
  });

  it('reprotect shrinks what was left, and never the last healthy side', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await runPlan(sim, await planOf(sim, TOKYO));
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    const plan = await planOf(sim, { verb: 'reprotect', region: TOKYO });
    const scaleIn = plan.steps.find((s) => s.id === 'compute.api.scaleIn');
    expect(scaleIn).toMatchObject({ phase: 'protect', params: { region: SEOUL, min: 1, desired: 2, max: 12, guard: { region: TOKYO, healthy: 4 } } });
    const kind = (await loadStepKind('auto-scaling-group.scaleIn')) as unknown as StepKind<Json>;
    const params = { ...(scaleIn?.params as Record<string, Json>), guard: { region: TOKYO, group: 'shop-api', healthy: 7 } };
    const context = { effects: sim.effects, signal: new AbortController().signal, fact: () => undefined } as unknown as StepContext;
    expect(await sim.clock.run(() => kind.observe(context, params))).toEqual({
      state: 'refused',
      refusal: {
        rule: 'last-healthy-side',
        observed: 'shop-api in ap-northeast-1: 6 of 7 instances are in service',
        threshold: '7 healthy instances',
        consequence: 'ap-northeast-2 may be the last side that can serve users',
        override: 'none: bring ap-northeast-1 up first, then: dr resume',
      },
    });
    const { outcome } = await runPlan(sim, plan);
    expect(outcome).toBe('succeeded');
    expect(sizes(sim)).toEqual({ [SEOUL]: [1, 2, 12, 2], [TOKYO]: [4, 6, 12, 6] });
  });

  it('every survivor of an active-active application grows, each by a step of its own', async () => {
    const kind = await knownKind('auto-scaling-group');
    const OSAKA = 'ap-northeast-3';
    const groups = { [SEOUL]: 'web', [TOKYO]: 'web', [OSAKA]: 'web' };
    const sizes = { active: { min: 4, desired: 6, max: 12 }, standby: { min: 2, desired: 4, max: 12 } };
    const resource = kind.schema.parse({ kind: 'auto-scaling-group', groups, ...sizes });
    const context: PlanContext = {
      runbook: 'x',
      verb: 'failover',
      strategy: 'active-active',
      source: SEOUL,
      target: TOKYO,
      survivors: [TOKYO, OSAKA],
      objectives: { rpoMs: 1, rtoMs: 1 },
      account: '000000000000',
    };
    const state = { activeIn: [], because: '', facts: { min: 2, desired: 8, max: 12 } };
    const steps = kind.plan(context, 'web', resource, state);
    expect(steps.map((s) => [s.label ?? s.step, s.params])).toEqual([
      // What is larger than wanted already stays so.
      ['scaleOut', { region: TOKYO, group: 'web', min: 4, desired: 8, max: 12, enough: 4 }],
      [`scaleOut-${OSAKA}`, { region: OSAKA, group: 'web', min: 4, desired: 6, max: 12, enough: 4 }],
    ]);
    const back = kind.plan({ ...context, verb: 'reprotect' }, 'web', resource, state);
    const smaller = (region: string, seen: string) => ['scaleIn', { region, group: 'web', min: 2, desired: 4, max: 12, guard: { region: seen, group: 'web', healthy: 4 } }];
    // Back at full size first; then each shrinks while another is seen healthy.
    expect(back.map((s) => [s.step, s.params])).toEqual([
      ['scaleOut', { region: SEOUL, group: 'web', min: 4, desired: 6, max: 12 }],
      smaller(SEOUL, TOKYO),
      smaller(TOKYO, SEOUL),
      smaller(OSAKA, SEOUL),
    ]);
    // One after the other: nobody shrinks beside the one that guards him.
    expect(back.map((s) => [s.label ?? s.step, s.after])).toEqual([
      ['scaleOut', undefined],
      [`scaleIn-${SEOUL}`, undefined],
      [`scaleIn-${TOKYO}`, [`scaleIn-${SEOUL}`]],
      [`scaleIn-${OSAKA}`, [`scaleIn-${TOKYO}`]],
    ]);
  });
});
