import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { SEOUL, simulation, TOKYO } from '../../engine/simulated.ts';
import { stepOf } from '../context.ts';

describe('how long the backups of the new writer are kept', () => {
  const PARAMS = { name: 'orders', region: TOKYO, id: 'shop-orders-tokyo', source: { region: SEOUL, id: 'shop-orders' }, planned: true };
  const INSTANCE = { DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:111122223333:db:shop-orders` };

  /** RDS with that many days on the replica, and on the old writer; an error instead of the old writer's answer. */
  async function promotion(own: number | undefined, old: number | undefined | { httpStatus: number; code: string }, params: Record<string, Json> = {}) {
    const sim = await simulation();
    const asked: { region: string; input: Json }[] = [];
    const aws = {
      call: (async (request: { operation: string; region: string; input: Json }) => {
        if (request.operation === 'PromoteReadReplica') {
          asked.push({ region: request.region, input: request.input });
          return { output: {} };
        }
        if (request.region === TOKYO) return { output: { DBInstances: [{ ...INSTANCE, ...(own === undefined ? {} : { BackupRetentionPeriod: own }) }] } };
        asked.push({ region: request.region, input: request.input });
        if (typeof old !== 'object') return { output: { DBInstances: [{ DBInstanceIdentifier: 'shop-orders', ...(old === undefined ? {} : { BackupRetentionPeriod: old }) }] } };
        sim.world.addFault({ region: SEOUL, service: 'rds', effect: { kind: 'error', ...old } });
        return sim.effects.aws.call(request as never);
      }) as typeof sim.effects.aws.call,
    };
    const step = await stepOf('rds-read-replica.promote', { ...PARAMS, ...params }, { clock: sim.clock, effects: { ...sim.effects, aws } });
    const verdict = await step.check();
    const looks = asked.splice(0).length;
    await step.act();
    return { verdict, looks, days: (asked.at(-1)?.input as { BackupRetentionPeriod?: number }).BackupRetentionPeriod, asked };
  }

  it('is what the runbook says, and nobody is asked for it', async () => {
    const { days, asked, verdict, looks } = await promotion(7, 14, { retentionDays: 21 });
    expect([days, asked.length, looks, verdict]).toEqual([21, 1, 0, { state: 'ok', because: 'shop-orders-tokyo is available' }]);
  });

  it("is the replica's own, without a look at the old writer", async () => {
    const { days, asked, looks } = await promotion(7, 14);
    expect([days, asked.length, looks]).toEqual([7, 1, 0]);
  });

  it.each([[0], [undefined]])("is the old writer's in a planned move, where the replica has %s", async (own) => {
    const { days, asked, looks, verdict } = await promotion(own, 14);
    expect([days, looks, asked.map(({ region }) => region)]).toEqual([14, 1, [SEOUL, TOKYO]]);
    expect(verdict).not.toHaveProperty('warnings');
  });

  it('is left to AWS, with a warning, where neither says it', async () => {
    for (const old of [0, undefined]) {
      const { days, verdict } = await promotion(0, old);
      expect(days).toBeUndefined();
      expect(verdict).toEqual({ state: 'ok', because: 'shop-orders-tokyo is available', warnings: ['AWS keeps backups of a promoted replica for one day: name `retentionDays` for orders in the runbook'] });
    }
  });

  it('does not ask the old writer in a failover: it may be gone', async () => {
    const { days, asked, looks } = await promotion(0, 14, { planned: false });
    expect([days, looks, asked.map(({ region }) => region)]).toEqual([undefined, 0, [TOKYO]]);
  });

  it('does not wait for an old writer that has died meanwhile, and passes on a clear no', async () => {
    expect((await promotion(0, { httpStatus: 503, code: 'ServiceUnavailable' })).days).toBeUndefined();
    await expect(promotion(0, { httpStatus: 403, code: 'AccessDenied' })).rejects.toMatchObject({ code: 'AccessDenied' });
  });
});
