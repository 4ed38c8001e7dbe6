import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecordSet } from '../../../src/aws/route53.ts';
import { stepOf } from '../context.ts';
import { planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';

const ZONE = 'Z0123456789ABCDEFGHIJ';
const SIMPLE = `kind: route53-simple
    zone: ${ZONE}
    record: { name: shop.example.com, type: A }
    answers:
      ${SEOUL}: { values: [127.0.0.2], ttl: 30 }
      ${TOKYO}: { values: [127.0.0.3], ttl: 30 }
`;

/** shop, whose traffic is one plain record. */
async function simpleShop(): Promise<Simulation> {
  const text = await readFile(SHOP, 'utf8');
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text.replace(/kind: route53-failover[^]*?(?= {4}#.record swaps| {4}switch: record)/, SIMPLE));
  return simulation({ path });
}

async function answer(sim: Simulation, value: string): Promise<void> {
  const ResourceRecordSet: RecordSet = { Name: 'shop.example.com', Type: 'A', TTL: 30, ResourceRecords: [{ Value: value }] };
  const input = { HostedZoneId: ZONE, ChangeBatch: { Changes: [{ Action: 'UPSERT' as const, ResourceRecordSet }] } };
  await sim.clock.run(() => sim.effects.aws.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input }));
}

const ATTESTED = { acceptances: { approvedBy: ['incident-commander@example.com'], sourceDown: 'kim' } };
const users = (sim: Simulation) => sim.world.resolve('shop.example.com', 'A').values.join();

describe('route53-simple', () => {
  it('a failover changes the record', async () => {
    const sim = await simpleShop();
    expect(users(sim)).toBe('127.0.0.2');
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    expect(plan.steps.find((s) => s.id === 'traffic.storefront.change')?.changes).toEqual([
      { resource: `route53:${ZONE}:shop.example.com A`, field: 'answer', before: '127.0.0.2', after: '127.0.0.3' },
    ]);
    const { outcome, state } = await runPlan(sim, plan, ATTESTED);
    expect([...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.because, s.error])).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(users(sim)).toBe('127.0.0.3');
    await expect(planOf(sim, TOKYO)).rejects.toMatchObject({ code: 'ALREADY_ACTIVE' });
  });

  it('a switchover home changes it back, once the standby is rebuilt', async () => {
    const sim = await simpleShop();
    sim.world.breakRegion(SEOUL);
    await runPlan(sim, await planOf(sim, TOKYO), ATTESTED);
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    expect((await runPlan(sim, await planOf(sim, { verb: 'reprotect' }), ATTESTED)).outcome).toBe('succeeded');
    await sim.clock.run(() => sim.clock.sleep(600_000));
    const { outcome } = await runPlan(sim, await planOf(sim, { verb: 'switchover', region: SEOUL }), { acceptances: { ...ATTESTED.acceptances, flap: 'kim' } });
    expect([outcome, users(sim)]).toEqual(['succeeded', '127.0.0.2']);
  });

  it('a rollback answers with the source again', async () => {
    const sim = await simpleShop();
    const change = (await planOf(sim, TOKYO)).steps.find((s) => s.id === 'traffic.storefront.change');
    const step = await stepOf('route53-simple.change', change?.params ?? null, { clock: sim.clock, effects: { aws: sim.effects.aws } });
    await step.act();
    await sim.clock.run(() => sim.clock.sleep(120_000));
    expect(users(sim)).toBe('127.0.0.3');
    await step.undo();
    expect(users(sim)).toBe('127.0.0.2');
  });

  it('a record that is not of the runbook belongs to somebody else', async () => {
    const sim = await simpleShop();
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    await answer(sim, '192.0.2.99');
    const { outcome, state, records } = await runPlan(sim, plan, ATTESTED);
    expect(outcome).toBe('refused');
    expect(state.steps.get('traffic.storefront.change')?.refusal?.observed).toContain('shop.example.com A answers with 192.0.2.99, which is the answer of no region');
    expect(records.filter((r) => r.type === 'step.intent')).toEqual([]);
  });

  it('may change its own records only', async () => {
    const plan = await planOf(await simpleShop(), TOKYO);
    const allowed = plan.steps.filter((s) => s.id.startsWith('traffic.')).flatMap((s) => s.permissions);
    expect(allowed.flatMap((one) => one.actions).sort()).toEqual([
      'route53:ChangeResourceRecordSets', 'route53:GetChange', 'route53:GetHostedZone', 'route53:ListResourceRecordSetProtections', 'route53:ListResourceRecordSets',
    ]);
  });
});
