import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, SHOP, simulation, TOKYO } from './simulated.ts';

/** shop, switched by an object that a health check watches. */
async function watchedObject() {
  const text = await readFile(SHOP, 'utf8');
  const changed = text.replace(
    'switch: record',
    'switch: object\n    object: { ap-northeast-1: { bucket: shop-dr-tokyo, key: shop-active } }',
  );
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, changed);
  return simulation({ path });
}

describe('traffic switched by a watched object', () => {
  it('moves users with the Route 53 control plane down for the whole run', async () => {
    const sim = await watchedObject();
    sim.world.breakRegion(SEOUL);
    sim.world.addFault({ service: 'route53', effect: { kind: 'hang' } });
    const plan = await planOf(sim, TOKYO);
    expect(plan.steps.flatMap((step) => step.controlPlanes)).not.toContain('route53@us-east-1');
    const { state, outcome } = await runPlan(sim, plan);
    expect([...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.because])).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
    const wrote = [...state.steps.values()].flatMap((s) => s.calls).filter((c) => c.operation === 'ChangeResourceRecordSets');
    expect(wrote).toEqual([]);
  });

  it('takes the object of an application that already moved for active', async () => {
    const sim = await watchedObject();
    sim.world.breakRegion(SEOUL);
    await runPlan(sim, await planOf(sim, TOKYO));
    await expect(planOf(sim, TOKYO)).rejects.toMatchObject({ code: 'ALREADY_ACTIVE' });
  });
});
