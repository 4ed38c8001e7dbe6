import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { foundDatabase, isTwinOf, notTheTwin, rentedDatabase, twinOf, twinStep } from '../../../src/kinds/databases/twin.ts';
import type { DrillContext } from '../../../src/model/kind.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { type AtHand, noInstance, RUN_FACTS, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* The replica that a drill makes of a standby, promotes and deletes: of what it is made, with what, and that nothing else is taken for it. */

const ID = 'dr-drill-1a2b3c-orders-tokyo';
const NOBODY = 'dr-drill-1a2b3c-nobody';
const PARAMS = { name: 'orders', region: TOKYO, id: ID, of: 'orders-tokyo', nobody: NOBODY };
const INTENDS = [`rds:${TOKYO}:${ID} drill twin`];
const ACCEPTED = `twin.accepted.rds:${TOKYO}:${ID}`;
const STANDBY = {
  DBInstanceIdentifier: 'orders-tokyo', DBInstanceStatus: 'available', Engine: 'postgres', EngineVersion: '16.4', BackupRetentionPeriod: 1, DBInstanceClass: 'db.r6g.large',
  MultiAZ: true, PubliclyAccessible: true, VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1' }, {}], DBSubnetGroup: { DBSubnetGroupName: 'private' }, TagList: [{ Key: 'team', Value: 'shop' }],
};
const OUR_TAG = [{ Key: 'dr:drill', Value: RUN_FACTS.id }];
const twin = (more: object = {}) => ({ DBInstanceIdentifier: ID, DBInstanceStatus: 'available', TagList: OUR_TAG, ...more });
const notFound = awsError('DBInstanceNotFoundFault', { service: 'rds', operation: 'DeleteDBInstance', httpStatus: 404 });

const shown = (instance: object | null) => (instance === null ? noInstance(TOKYO) : { DBInstances: [instance] });

interface World extends AtHand {
  standby?: object | null;
  twin?: object | null;
  params?: Record<string, Json>;
  answers?: Parameters<typeof portOf>[0];
}

async function stepWith({ standby = STANDBY, twin: made = null, params = {}, answers = {}, ...at }: World = {}) {
  const port = portOf({
    DescribeDBInstances: ({ input }) => shown(input.DBInstanceIdentifier === ID ? made : standby),
    DeleteDBInstance: notFound,
    ...answers,
  });
  return { ...(await stepOf('rds-read-replica.twin', { ...PARAMS, ...params }, { intends: INTENDS, ...at, effects: { aws: port.aws } })), ...port };
}

describe('before a drill', () => {
  const refusal = async (world: World) => {
    const said = await (await stepWith(world)).check();
    return 'refusal' in said ? said.refusal : said;
  };
  const source = (more: object): World => ({ standby: { ...STANDBY, ...more } });
  const NO = { rule: 'twin-source', consequence: 'AWS makes no replica of orders-tokyo, and the drill would have nothing to promote' };

  it('the standby can have a replica, nobody has the name, and what is made may be deleted', async () => {
    const step = await stepWith();
    expect(await step.check()).toEqual({ state: 'ok', because: `orders-tokyo can have a replica, and ${ID} is free` });
    // Asked of a name that nobody gives, before anything is made.
    expect(step.changes()).toEqual([{ service: 'rds', operation: 'DeleteDBInstance', region: TOKYO, input: { DBInstanceIdentifier: NOBODY, SkipFinalSnapshot: true, DeleteAutomatedBackups: true } }]);
    expect(step.isStoppable()).toBe(true);
    const again = await stepWith({ twin: twin() });
    expect(await again.check()).toMatchObject({ state: 'ok' });
    expect(again.changes()).toEqual([]);
  });

  it('a twin that could not be deleted is refused', async () => {
    expect(await refusal({ answers: { DeleteDBInstance: awsError('AccessDenied', { service: 'rds', operation: 'DeleteDBInstance' }) } })).toMatchObject({ rule: 'drill-rights', consequence: `${ID} would be made, and stay`, override: expect.stringContaining('allow rds:DeleteDBInstance on db:dr-drill-*') as string });
  });

  it.each<[string, object, string]>([
    ['tag', { TagList: [] }, `${ID} carries no tag dr:drill`],
    ['run', { TagList: [{ Key: 'dr:drill', Value: 'other' }] }, `${ID} is a twin of the run other`],
  ])('an instance of that name that is not of this drill, by its %s, is refused and left alone', async (_what, more, why) => {
    const taken = { rule: 'twin-name', observed: `${ID} exists in ${TOKYO} already: ${why}` };
    const step = await stepWith({ twin: twin(more) });
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: taken });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: taken });
    expect(step.changes()).toEqual([]);
  });

  it.each<[string, World, object]>([
    ['is not there', { standby: null }, { observed: `orders-tokyo in ${TOKYO} is not found`, threshold: 'a standby that runs', override: 'none: mend the standby: a failover could not use it either' }],
    ['is stopped', source({ DBInstanceStatus: 'stopped' }), { observed: expect.stringMatching(new RegExp(`^orders-tokyo in ${TOKYO} is stopped`)) as string }],
    ['keeps no backups', source({ BackupRetentionPeriod: 0 }), {
      observed: 'orders-tokyo keeps no automated backups',
      threshold: 'automated backups of the standby: AWS needs them for a replica of a replica',
      override: `none: aws rds modify-db-instance --region ${TOKYO} --db-instance-identifier orders-tokyo --backup-retention-period 1 --apply-immediately    which also spares the full backup after a promotion`,
    }],
    ['does not say whether it keeps backups', source({ BackupRetentionPeriod: undefined }), { observed: 'orders-tokyo keeps no automated backups' }],
    ['is too old', source({ EngineVersion: '14.0' }), { observed: 'orders-tokyo is PostgreSQL 14.0', threshold: 'PostgreSQL 14.1 or newer, for a replica of a replica', override: 'none: upgrade the engine' }],
    ['is much too old', source({ EngineVersion: '13.9' }), { observed: 'orders-tokyo is PostgreSQL 13.9' }],
    ['has a version that is none', source({ EngineVersion: 'next' }), { observed: 'orders-tokyo is PostgreSQL next' }],
    ['shows no version', source({ EngineVersion: undefined }), { observed: 'orders-tokyo is PostgreSQL ' }],
    ['is of another engine', source({ Engine: 'oracle-ee' }), { observed: 'orders-tokyo is oracle-ee', threshold: 'PostgreSQL, MySQL or MariaDB, for a replica of a replica', override: 'none: this engine has no drill yet' }],
    ['shows no engine', source({ Engine: undefined }), { observed: 'orders-tokyo is of an unknown engine' }],
  ])('a standby that %s is refused', async (_what, world, said) => {
    expect(await refusal(world)).toMatchObject({ ...NO, ...said });
  });

  it.each([{ EngineVersion: '14.1' }, { EngineVersion: '14.10' }, { EngineVersion: '15' }, { EngineVersion: '17.0' }, { Engine: 'mysql', EngineVersion: '8.4.3' }, { Engine: 'mariadb', EngineVersion: '11.4' }, { DBInstanceStatus: 'backing-up' }])('a standby that AWS makes replicas of is fine: %o', async (more) => {
    expect(await refusal(source(more))).toMatchObject({ state: 'ok' });
  });
});

describe('the twin', () => {
  it('is to be made where it is missing, with what AWS refused it for', async () => {
    expect(await (await stepWith()).observe()).toEqual({ state: 'absent', because: `there is no ${ID} in ${TOKYO}` });
    const refused = { words: 'it is being modified', times: 1, since: 0, last: 0 };
    expect(await (await stepWith({ facts: { [`refused.${TOKYO}.orders-tokyo`]: refused } })).observe()).toEqual({ state: 'absent', because: `there is no ${ID} in ${TOKYO}, and AWS refuses to make a replica of it: it is being modified` });
  });

  it('is there once it is available', async () => {
    expect(await (await stepWith({ twin: twin() })).observe()).toEqual({ state: 'reached', because: `${ID} is a replica of orders-tokyo` });
    expect(await (await stepWith({ twin: twin({ DBInstanceStatus: 'creating' }) })).observe()).toMatchObject({ state: 'pending', because: expect.stringContaining(`${ID} is creating`) as string });
    expect(await (await stepWith({ twin: twin({ DBInstanceStatus: 'failed' }) })).observe()).toMatchObject({ state: 'impossible' });
  });

  it('is made of the standby, as small as may be, without protection, and says whose it is', async () => {
    const step = await stepWith();
    await step.act();
    const [request] = step.changes();
    expect(request).toMatchObject({ service: 'rds', operation: 'CreateDBInstanceReadReplica', region: TOKYO });
    const { Tags: tags, ...settings } = request?.input ?? {};
    expect(settings).toEqual({ DBInstanceIdentifier: ID, SourceDBInstanceIdentifier: 'orders-tokyo', DBInstanceClass: 'db.r6g.large', MultiAZ: false, DeletionProtection: false, PubliclyAccessible: true, VpcSecurityGroupIds: ['sg-1'], DBSubnetGroupName: 'private' });
    expect(tags).toEqual([{ Key: 'team', Value: 'shop' }, ...OUR_TAG, { Key: 'dr:runbook', Value: 'shop' }, { Key: 'dr:drill-expires', Value: expect.any(String) as string }]);
    expect(step.recorded).toEqual({ [ACCEPTED]: step.clock.now() });
    expect(step.isStoppable()).toBe(true);
  });

  it('is of the class that the runbook names, and of what the standby does not show', async () => {
    const bare = await stepWith({ params: { instanceClass: 'db.t4g.medium' }, standby: { ...STANDBY, PubliclyAccessible: undefined, VpcSecurityGroups: undefined, DBSubnetGroup: undefined, TagList: undefined } });
    await bare.act();
    expect(bare.changes()[0]?.input).toMatchObject({ DBInstanceClass: 'db.t4g.medium', PubliclyAccessible: false, VpcSecurityGroupIds: [], Tags: [{ Key: 'dr:drill' }, { Key: 'dr:runbook' }, { Key: 'dr:drill-expires' }] });
    expect(bare.changes()[0]?.input).not.toHaveProperty('DBSubnetGroupName');
  });

  it('that an earlier attempt has made is looked at, and not accepted once more; any other refusal is an error', async () => {
    const exists = await stepWith({ answers: { CreateDBInstanceReadReplica: awsError('DBInstanceAlreadyExistsFault', { service: 'rds', operation: 'CreateDBInstanceReadReplica' }) } });
    await exists.act();
    expect(exists.recorded).toEqual({});
    const denied = awsError('AccessDenied', { service: 'rds', operation: 'CreateDBInstanceReadReplica' });
    await expect((await stepWith({ answers: { CreateDBInstanceReadReplica: denied } })).act()).rejects.toBe(denied);
    const defect = Object.assign(new TypeError('a defect'), { code: 'DBInstanceAlreadyExists' });
    await expect((await stepWith({ answers: { CreateDBInstanceReadReplica: defect } })).act()).rejects.toBe(defect);
    await expect((await stepWith({ standby: null })).act()).rejects.toThrow(`orders-tokyo is not in ${TOKYO} any more`);
  });

  it('is asked for again while AWS is at work on the standby', async () => {
    let asked = 0;
    const busy = awsError('InvalidDBInstanceState', { service: 'rds', operation: 'CreateDBInstanceReadReplica' });
    const step = await stepWith({ answers: { CreateDBInstanceReadReplica: () => ((asked += 1) < 3 ? busy : {}) } });
    await step.act();
    expect(asked).toBe(3);
    expect(step.recorded).toMatchObject({ [ACCEPTED]: step.clock.now(), [`refused.${TOKYO}.orders-tokyo`]: null });
  });

  it('was made by this run where its tag says so', async () => {
    const made = async (world: World) => (await stepWith(world)).made();
    expect([await made({ twin: twin() }), await made({ twin: twin({ TagList: [{ Key: 'dr:drill', Value: 'other' }] }) }), await made({})]).toEqual([true, false, false]);
    expect(isTwinOf({ run: { id: 'x' } } as StepContext, undefined)).toBe(false);
  });

  it('proves itself before anything is changed on it', () => {
    const ctx = (intends: boolean) => ({ run: { id: RUN_FACTS.id }, intends: () => intends }) as unknown as StepContext;
    expect([notTheTwin(ctx(true), TOKYO, twin() as never), notTheTwin(ctx(false), TOKYO, twin() as never)?.observed]).toEqual([undefined, `${ID} exists in ${TOKYO} already: the journal of ${RUN_FACTS.id} does not say that it made ${ID}`]);
    expect(notTheTwin(ctx(true), TOKYO, {})?.observed).toBe(` exists in ${TOKYO} already:  is no name of a twin`);
  });
});

describe('the deletion', () => {
  /** `answers`: what AWS says to each request to delete; so often the twin is seen. */
  async function deleted(answers: (object | Error)[], instance: object = twin()) {
    let requests = 0;
    let looks = 0;
    const step = await stepWith({
      answers: {
        DescribeDBInstances: () => shown((looks += 1) > answers.length ? null : instance),
        DeleteDBInstance: () => answers[requests++] ?? {},
      },
    });
    const error = await step.undo().then(() => undefined, (thrown: unknown) => thrown);
    return { ...step, error, requests };
  }

  it('keeps no snapshot and no backups, and is over when it is gone', async () => {
    const { error, changes, isStoppable } = await deleted([{}]);
    expect(error).toBeUndefined();
    expect(changes()).toEqual([{ service: 'rds', operation: 'DeleteDBInstance', region: TOKYO, input: { DBInstanceIdentifier: ID, SkipFinalSnapshot: true, DeleteAutomatedBackups: true } }]);
    expect(isStoppable()).toBe(true);
  });

  it('is asked for again while AWS is at work on it, and not where it is going or gone', async () => {
    const busy = awsError('InvalidDBInstanceState', { service: 'rds', operation: 'DeleteDBInstance' });
    expect(await deleted([busy, busy, {}])).toMatchObject({ error: undefined, requests: 3 });
    expect(await deleted([{}], twin({ DBInstanceStatus: 'deleting' }))).toMatchObject({ error: undefined, requests: 0 });
    const gone = await deleted([notFound]);
    expect(gone).toMatchObject({ error: undefined, requests: 1 });
    // What was asked to go, and is not there, is gone; of what was not asked an old answer may say so.
    const unsure = (await deleted([busy])).clock.now();
    expect([gone.clock.now() < unsure, (await deleted([{}])).clock.now() < unsure]).toEqual([true, true]);
  });

  it('of what is not ours is none, and another refusal is an error', async () => {
    const strange = await deleted([{}], twin({ TagList: [] }));
    expect(strange).toMatchObject({ error: { message: `${ID} carries no tag dr:drill: it is left as it is` }, requests: 0 });
    const denied = awsError('AccessDenied', { service: 'rds', operation: 'DeleteDBInstance' });
    expect((await deleted([denied])).error).toBe(denied);
    const defect = Object.assign(new TypeError('a defect'), { code: 'DBInstanceNotFound' });
    expect((await deleted([defect])).error).toBe(defect);
  });
});

describe('what it costs, and what is found of earlier drills', () => {
  it.each<[object, object]>([
    [{ DBInstanceClass: 'db.r6g.large', Engine: 'postgres', AllocatedStorage: 100, StorageType: 'gp3' }, { what: 'database', class: 'db.r6g.large', count: 1, storageGb: 100 }],
    [{ DBInstanceClass: 'db.r6g.large', Engine: 'mysql', AllocatedStorage: 100, MultiAZ: true }, { what: 'database', class: 'db.r6g.large', count: 2, storageGb: 100 }],
    [{ DBInstanceClass: 'db.r6g.large', Engine: 'mariadb', AllocatedStorage: 100, StorageType: 'io1', MultiAZ: false }, { what: 'database', class: 'db.r6g.large', count: 1, storageGb: undefined }],
    [{ DBInstanceClass: 'db.r6g.large', Engine: 'oracle-ee' }, { what: 'database', class: 'db.r6g.large of oracle-ee', count: 1, storageGb: undefined }],
    [{}, { what: 'database', class: 'a class of an unknown engine', count: 1, storageGb: undefined }],
  ])('rents: %o', (instance, rented) => {
    expect(rentedDatabase(instance)).toEqual(rented);
  });

  it('is found by its name or by its tag', () => {
    const made = new Date(1_795_000_000_000);
    const found = { resource: `rds:${TOKYO}:${ID}`, name: ID, where: TOKYO, run: RUN_FACTS.id, madeAt: made.getTime(), going: false, rented: [{ what: 'database', class: 'a class of an unknown engine', count: 1, storageGb: undefined }], byHand: `aws rds delete-db-instance --region ${TOKYO} --db-instance-identifier ${ID} --skip-final-snapshot` };
    expect(foundDatabase(TOKYO, twin({ InstanceCreateTime: made }) as never)).toEqual(found);
    expect(foundDatabase(TOKYO, twin({ TagList: undefined, DBInstanceStatus: 'deleting' }) as never)).toMatchObject({ run: undefined, madeAt: undefined, going: true });
    expect(foundDatabase(TOKYO, { DBInstanceIdentifier: 'renamed', TagList: OUR_TAG })).toMatchObject({ name: 'renamed', run: RUN_FACTS.id });
    expect([foundDatabase(TOKYO, { DBInstanceIdentifier: 'orders' }), foundDatabase(TOKYO, {})]).toEqual([undefined, undefined]);
  });
});

describe('the step', () => {
  const ctx = { runbook: 'shop', verb: 'drill', source: SEOUL, target: TOKYO, account: '111122223333', drill: { mark: '1a2b3c', startedAt: 0 } } as unknown as DrillContext;
  const copy = { name: 'orders', region: TOKYO, id: 'orders-tokyo' };

  it('makes something of its own, with rights to twins only', () => {
    expect(twinOf(ctx, copy)).toEqual({ ...copy, id: ID });
    const arn = (part: string) => `arn:aws:rds:${TOKYO}:111122223333:${part}`;
    const own = [arn('db:dr-drill-*')];
    expect(twinStep(ctx, copy, undefined)).toEqual({
      step: 'twin',
      phase: 'prepare',
      reversibility: 'compensable',
      title: `Make ${ID}, a replica of orders-tokyo`,
      params: PARAMS,
      controlPlanes: [`rds@${TOKYO}`],
      permissions: [
        { actions: ['rds:DescribeDBInstances'], resources: [...own, arn('db:orders-tokyo')] },
        { actions: ['rds:CreateDBInstanceReadReplica'], resources: [...own, arn('db:orders-tokyo'), arn('pg:*'), arn('og:*'), arn('subgrp:*')] },
        { actions: ['rds:AddTagsToResource', 'rds:DeleteDBInstance'], resources: own },
        { actions: ['iam:PassRole'], resources: ['arn:aws:iam::111122223333:role/*'], conditions: { StringEquals: { 'iam:PassedToService': ['monitoring.rds.amazonaws.com'] } } },
        { actions: ['kms:CreateGrant', 'kms:DescribeKey'], resources: [`arn:aws:kms:${TOKYO}:111122223333:key/*`], conditions: { StringEquals: { 'kms:ViaService': [`rds.${TOKYO}.amazonaws.com`] } } },
      ],
      estimate: { p50: 900, p95: 3600, basis: 'a snapshot of the standby: grows with the data' },
      limitMs: 6 * 3_600_000,
      changes: [{ resource: `rds:${TOKYO}:${ID}`, field: 'drill twin', before: 'none', after: 'replica of orders-tokyo' }],
    });
    expect(twinStep(ctx, copy, 'db.t4g.medium').params).toEqual({ ...PARAMS, instanceClass: 'db.t4g.medium' });
  });
});
