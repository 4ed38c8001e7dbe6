import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import { SEOUL, simulation, TOKYO } from '../../engine/simulated.ts';
import { stepOf } from '../context.ts';

const PARAMS = { name: 'orders', region: TOKYO, id: 'shop-orders-tokyo', source: { region: SEOUL, id: 'shop-orders' }, planned: true, login: { database: 'shop', userEnv: 'SHOP_DB_USER', passwordEnv: 'SHOP_DB_PASSWORD' } };
const INSTANCE = { DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:111122223333:db:shop-orders` };

describe('how long the backups of the new writer are kept', () => {
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
    expect(JSON.stringify(verdict)).not.toContain('for one day');
  });

  it('is left to AWS, with a warning, where neither says it', async () => {
    for (const old of [0, undefined]) {
      const { days, verdict } = await promotion(undefined, old);
      expect(days).toBeUndefined();
      expect(verdict).toMatchObject({ state: 'ok', because: 'shop-orders-tokyo is available', warnings: [{ rule: 'backup-retention', observed: 'AWS keeps backups of a promoted replica for one day: name `retentionDays` for orders in the runbook' }] });
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

describe('what users need of a promotion, and not the label `available`', () => {
  const ID = 'shop-orders-tokyo';
  type Shown = Record<string, unknown>;

  /** The promotion as the plan has it, where AWS shows `more` of the replica. */
  async function promotion(more: Shown, at: { promoted?: boolean; intends?: boolean; askedBefore?: boolean; refusal?: string; parameters?: object[] } = {}) {
    const sim = await simulation();
    const { ReadReplicaSourceDBInstanceIdentifier: _, ...writer } = INSTANCE;
    const shown = { ...(at.promoted === true ? writer : INSTANCE), ...more };
    const asked: string[] = [];
    const call = ((request: { operation: string }) => {
      if (request.operation === 'DescribeDBInstances') return Promise.resolve({ output: { DBInstances: [shown] } });
      if (request.operation === 'DescribeDBParameters') return Promise.resolve({ output: { Parameters: at.parameters ?? [] } });
      if (request.operation !== 'PromoteReadReplica') return Promise.resolve({ output: {} });
      asked.push(request.operation);
      return at.refusal === undefined ? Promise.resolve({ output: {} }) : Promise.reject(new AwsError({ service: 'rds', operation: request.operation, region: TOKYO, code: 'InvalidDBInstanceState', message: at.refusal, httpStatus: 400 }));
    }) as unknown as typeof sim.effects.aws.call;
    const facts = { 'fence.orders': { verdict: 'source-down', because: '', at: 0 }, 'rpo.orders': { database: 'orders', method: 'replica-lag', boundMs: 0, lagMs: 0, sampledAt: 0, ageMs: 0, outageAt: 0, because: 'measured' } };
    const intends = at.intends === false ? [] : [`rds:${TOKYO}:${ID} role`];
    const step = await stepOf('rds-read-replica.promote', { ...PARAMS, planned: false, rpoMs: 300_000, retentionDays: 7 }, { clock: sim.clock, facts, intends, ...(at.askedBefore === undefined ? {} : { askedBefore: at.askedBefore }), effects: { ...sim.effects, aws: { call } } });
    return { step, asked };
  }

  it.each(['backing-up', 'storage-optimization', 'maintenance'])('is over while the new writer is %s', async (DBInstanceStatus) => {
    const { step } = await promotion({ DBInstanceStatus }, { promoted: true });
    expect([(await step.observe()).state, (await step.holds())?.state]).toEqual(['reached', 'reached']);
  });

  it.each(['rebooting', 'a-status-of-tomorrow', undefined])('is not over while it is %s: nobody knows whether it takes writes', async (DBInstanceStatus) => {
    const { step } = await promotion({ DBInstanceStatus }, { promoted: true });
    expect((await step.observe()).state).not.toBe('reached');
    expect((await step.holds())?.state).toBe('pending');
  });

  it('waits for the retention that it has set, and for nothing else that is pending; the check names it', async () => {
    const waiting = { PendingModifiedValues: { DBInstanceClass: 'db.r6g.2xlarge', CACertificateIdentifier: 'rds-ca-rsa2048-g1', MasterUserPassword: '****' } };
    expect((await (await promotion(waiting, { promoted: true })).step.observe()).state).toBe('reached');
    expect((await (await promotion({ PendingModifiedValues: { BackupRetentionPeriod: 7 } }, { promoted: true })).step.observe()).state).toBe('pending');
    const { warnings } = (await (await promotion(waiting)).step.check()) as { warnings?: { observed: string }[] };
    expect(warnings?.map(({ observed }) => observed)).toEqual([expect.stringContaining('maintenance window: DBInstanceClass db.r6g.2xlarge, CACertificateIdentifier rds-ca-rsa2048-g1, MasterUserPassword; ') as string]);
  });

  it('waits five minutes for that retention: one that somebody asked for before may wait for days, and users do not', async () => {
    const { step } = await promotion({ PendingModifiedValues: { BackupRetentionPeriod: 7 }, BackupRetentionPeriod: 1 }, { promoted: true });
    for (let seconds = 0; seconds < 300; seconds += 30) {
      expect((await step.observe()).state).toBe('pending');
      await step.clock.run(() => step.clock.sleep(30_000));
    }
    expect(await step.observe()).toEqual({ state: 'reached', because: `${ID} is a standalone primary (status available); its backups are kept for 1 day, and a change to 7 days waits for its maintenance window` });
    const busy = await promotion({ DBInstanceStatus: 'modifying', PendingModifiedValues: { BackupRetentionPeriod: 7 } }, { promoted: true });
    for (let looks = 0; looks < 11; looks++) {
      expect((await busy.step.observe()).state).toBe('pending');
      await busy.step.clock.run(() => busy.step.clock.sleep(30_000));
    }
  });

  it('names the maintenance window in which AWS may make what waits', async () => {
    const { warnings } = (await (await promotion({ PendingModifiedValues: { DBInstanceClass: 'db.r6g.2xlarge' }, PreferredMaintenanceWindow: 'sun:18:00-sun:18:30' })).step.check()) as { warnings?: { observed: string }[] };
    expect(warnings?.map(({ observed }) => observed)).toEqual([expect.stringContaining('its maintenance window (sun:18:00-sun:18:30 UTC): DBInstanceClass') as string]);
  });

  it('is warned of a certificate that ends within a month, or has ended: clients that verify it could not connect', async () => {
    const now = (await simulation()).clock.now();
    const warned = async (days: number) => ((await (await promotion({ CertificateDetails: { ValidTill: new Date(now + days * 86_400_000) } })).step.check()) as { warnings?: { rule: string; observed: string }[] }).warnings;
    const day = (days: number) => new Date(now + days * 86_400_000).toISOString().slice(0, 10);
    expect(await warned(29)).toMatchObject([{ rule: 'certificate', observed: `the certificate of ${ID} ends on ${day(29)}: clients that verify it cannot connect after that, and a promotion makes no new one` }]);
    expect(await warned(-1)).toMatchObject([{ rule: 'certificate', observed: expect.stringContaining(`has ended on ${day(-1)}`) as string }]);
    expect(await warned(30)).toBeUndefined();
  });

  it('of MySQL leaves scheduled events as they are in a replica, which is said', async () => {
    const rules = async (Engine: string) => ((await (await promotion({ Engine })).step.check()) as { warnings?: { rule: string }[] }).warnings?.map(({ rule }) => rule) ?? [];
    for (const engine of ['mysql', 'mariadb']) expect(await rules(engine)).toContain('scheduled-events');
    expect(await rules('postgres')).not.toContain('scheduled-events');
  });

  it('is warned of a first full backup only where AWS says that there are none', async () => {
    const warned = async (more: Shown) => ((await (await promotion(more)).step.check()) as { warnings?: { observed: string }[] }).warnings?.map(({ observed }) => observed);
    expect(await warned({ BackupRetentionPeriod: 0 })).toEqual([expect.stringContaining('makes a full one') as string]);
    expect(await warned({})).toBeUndefined();
  });

  it.each([
    ['storage-optimization', 'pending'],
    ['configuring-log-exports', 'pending'],
    ['a-status-of-tomorrow', 'absent'],
  ])('is tried on a replica that is %s; then it is %s, with AWS’s words', async (DBInstanceStatus, then) => {
    const { step, asked } = await promotion({ DBInstanceStatus }, { intends: false, refusal: 'not in a promotable state' });
    expect(await step.check()).toMatchObject({ state: 'ok', warnings: [{ observed: expect.stringContaining('it is tried') as string }] });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    await expect(step.act()).rejects.toMatchObject({ isPassing: true });
    expect(asked).toEqual(Array.from({ length: 5 }, () => 'PromoteReadReplica'));
    expect(await step.observe()).toMatchObject({ state: then, because: expect.stringContaining('not in a promotable state') as string });
  });

  it('is refused where a parameter group of MySQL keeps it read-only, and warns that nobody proves the writes', async () => {
    const shown = { Engine: 'mysql', DBParameterGroups: [{ DBParameterGroupName: 'replica-mysql84' }] };
    const parameter = (value: string) => ({ parameters: [{ ParameterName: 'read_only', ParameterValue: value }] });
    expect(await (await promotion(shown, parameter('1'))).step.check()).toMatchObject({ state: 'refused', refusal: { rule: 'replica-usable', observed: expect.stringContaining('sets read_only=1') as string } });
    expect(await (await promotion(shown, parameter('{TrueIfReplica}'))).step.check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'scheduled-events' }, { observed: expect.stringContaining('SQL is sent to PostgreSQL only') as string }] });
  });

  it('ends in AWS’s words when AWS continues refusing it, and a resume asks again', async () => {
    const { step, asked } = await promotion({}, { intends: false, refusal: 'Source is being upgraded' });
    const began = step.clock.now();
    while ((await step.observe()).state === 'absent' && step.clock.now() - began < 3_600_000) {
      await expect(step.act()).rejects.toMatchObject({ isPassing: true });
      await step.clock.run(() => step.clock.sleep(60_000));
    }
    expect(step.clock.now() - began).toBeGreaterThanOrEqual(600_000);
    expect(asked.length).toBeGreaterThan(30);
    expect((await step.observe()).state).toBe('absent');
  });

  it('takes a refusal for the promotion of an earlier attempt, where that may have been made', async () => {
    const { step, asked } = await promotion({}, { askedBefore: true, refusal: 'is being promoted' });
    await step.act();
    expect(asked).toHaveLength(1);
    expect(await step.observe()).toMatchObject({ state: 'absent', because: expect.stringContaining('is being promoted') as string });
  });

  it('waits out what AWS documents, and what may be a promotion that is under way', async () => {
    for (const DBInstanceStatus of ['backing-up', 'modifying', 'rebooting']) {
      expect((await (await promotion({ DBInstanceStatus }, { intends: false })).step.observe()).state).toBe('pending');
    }
    expect((await (await promotion({ DBInstanceStatus: 'promoting' })).step.observe()).state).toBe('pending');
  });
});
