import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { init, type InitResult } from '../../src/app/init/init.ts';
import { liveEffects } from '../../src/app/live-effects.ts';
import { planFor } from '../../src/app/make-plan.ts';
import { completed, UNKNOWN } from '../app/init/same-plan.ts';
import { Journey } from './journey.ts';

const RUNBOOKS = join(import.meta.dirname, '..', '..', 'runbooks');
const REGIONS = ['ap-northeast-2', 'ap-northeast-1'];

/** Through the SDK and the endpoints of a lab that was started with the original. */
describe.each(Object.keys(UNKNOWN))('dr init of the lab of %s', (name) => {
  let journey: Journey;
  let result: InitResult;

  beforeAll(async () => {
    journey = await Journey.begin(join(RUNBOOKS, `${name}.yaml`));
    result = await init({ aws: liveEffects().aws, regions: REGIONS, runbooks: 'made', dryRun: true, now: Date.now() });
  });
  afterAll(() => journey.end());

  it('reads everything, and makes one runbook', () => {
    expect([result.notRead, result.notPlaced]).toEqual([[], []]);
    expect(result.runbooks.map((one) => one.name)).toEqual([journey.loaded.runbook.name]);
  });

  it.each(['failover', 'switchover'] as const)('gives a plan for a %s that equals that of the original, step by step, but for what AWS does not know', async (verb) => {
    const made = await completed(result.runbooks[0]?.text ?? '', journey.loaded.path, UNKNOWN[name] ?? []);
    const plan = async (loaded: typeof made) => (await planFor(liveEffects(), loaded, { verb, region: 'ap-northeast-1', from: 'ap-northeast-2' })).plan.steps;
    const original = await plan(journey.loaded);
    expect(await plan(made)).toEqual(original);
    expect(original.length).toBeGreaterThan(8);
  });
});
