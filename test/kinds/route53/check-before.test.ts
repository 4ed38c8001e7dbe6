import { describe, expect, it } from 'vitest';
import type { InputOf, OutputOf } from '../../../src/aws/operations.ts';
import { planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';

type Change = NonNullable<NonNullable<InputOf<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']>['Changes']>[number];
type RecordSet = NonNullable<OutputOf<'route53', 'ListResourceRecordSets'>['ResourceRecordSets']>[number];
const ZONE = 'Z0123456789ABCDEFGHIJ';

async function pairOf(sim: Simulation): Promise<RecordSet[]> {
  const { output } = await sim.effects.aws.call({ service: 'route53', region: 'us-east-1', operation: 'ListResourceRecordSets', input: { HostedZoneId: ZONE } });
  return (output.ResourceRecordSets ?? []).filter((set) => set.Failover !== undefined);
}

/** shop, with the health check of one set away. */
async function without(set: string): Promise<Simulation> {
  const sim = await simulation({ path: SHOP });
  await sim.clock.run(async () => {
    const old = (await pairOf(sim)).find((one) => one.SetIdentifier === set);
    const { HealthCheckId: _, ...bare } = old ?? {};
    const Changes = [{ Action: 'UPSERT', ResourceRecordSet: bare }] as Change[];
    await sim.effects.aws.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input: { HostedZoneId: ZONE, ChangeBatch: { Changes } } });
  });
  return sim;
}

describe('what Route 53 would refuse is refused before anything is changed', () => {
  it('a set without a health check cannot become PRIMARY', async () => {
    const sim = await without('tokyo');
    sim.world.breakRegion(SEOUL);
    const { outcome, state, records } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('refused');
    expect(state.steps.get('traffic.storefront.flip')?.refusal).toMatchObject({
      rule: 'route53-batch',
      observed: expect.stringContaining('shop.example.com A set tokyo would become PRIMARY') as string,
      override: expect.stringContaining('associate a health check with set tokyo') as string,
    });
    expect(records.filter((r) => r.type === 'step.intent')).toEqual([]);
  });

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
});
