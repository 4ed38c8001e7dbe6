import { expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, SHOP, simulation, TOKYO } from '../../engine/simulated.ts';

it('protections that cannot be read stop nothing, whatever the reason', async () => {
  for (const effect of [{ kind: 'error', httpStatus: 404, code: 'UnknownError' }, { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }, { kind: 'throttle' }] as const) {
    const sim = await simulation({ path: SHOP });
    sim.world.addFault({ service: 'route53', operation: 'ListResourceRecordSetProtections', effect });
    sim.world.breakRegion(SEOUL);
    const { outcome, records } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('succeeded');
    const check = records.find((r) => r.type === 'check.passed' && r.step === 'traffic.storefront.flip');
    expect(check).toMatchObject({ warnings: [expect.stringContaining('whether records are protected is not known')] });
  }
});
