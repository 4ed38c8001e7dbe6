import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import { type AtHand, noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';

/* What the promotion decides by what AWS shows of the replica: it is the step that cannot be taken back. */

const SOURCE = `arn:aws:rds:${SEOUL}:111122223333:db:writer`;
const PARAMS = { name: 'orders', region: TOKYO, id: 'replica', source: { region: SEOUL, id: 'writer' }, planned: false, rpoMs: 300_000 };
const FACTS: Record<string, Json> = {
  'fence.orders': { verdict: 'source-down', because: '', at: 0 },
  'rpo.orders': { database: 'orders', method: 'replica-lag', boundMs: 0, lagMs: 0, sampledAt: 0, ageMs: 0, outageAt: 0, because: 'measured' },
};
const INTENDS = { intends: [`rds:${TOKYO}:replica role`] };
const replica = (status: string | undefined = 'available', more: object = {}) => ({ DBInstanceIdentifier: 'replica', DBInstanceStatus: status, ReadReplicaSourceDBInstanceIdentifier: SOURCE, ...more });
const writer = (status = 'available', more: object = {}) => ({ DBInstanceIdentifier: 'replica', DBInstanceStatus: status, ...more });
const busy = (code = 'InvalidDBInstanceState') => new AwsError({ service: 'rds', operation: 'PromoteReadReplica', region: TOKYO, code, message: 'said AWS', httpStatus: 400 });

interface World extends AtHand {
  instance: object | undefined;
  params?: Record<string, Json>;
  parameters?: Record<string, string>;
  promotion?: Error;
}

async function promote({ instance, params = {}, parameters = {}, promotion, ...at }: World) {
  const asked: { operation: string; input: unknown; signal: AbortSignal | undefined }[] = [];
  const aws = {
    call: ({ operation, input, signal }: { operation: string; input: object; signal?: AbortSignal }) => {
      asked.push({ operation, input, signal });
      if (operation === 'DescribeDBInstances') return instance === undefined ? Promise.reject(noInstance(TOKYO)) : Promise.resolve({ output: { DBInstances: [instance] }, requestId: 'r' });
      if (operation === 'PromoteReadReplica' && promotion !== undefined) return Promise.reject(promotion);
      const output = operation === 'DescribeDBParameters' ? { Parameters: Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue })) } : { DBInstance: { DBInstanceIdentifier: 'replica' } };
      return Promise.resolve({ output, requestId: 'r' });
    },
  };
  const step = await stepOf('rds-read-replica.promote', { ...PARAMS, ...params }, { facts: FACTS, ...at, effects: { aws, ...at.effects } as never });
  return { ...step, asked };
}

const observed = async (world: World) => (await promote(world)).observe();
const checked = async (world: World) => (await promote(world)).check();

describe('a replica that may be promoted', () => {
  it.each(['available', 'backing-up', 'modifying', 'rebooting', 'storage-optimization', 'a-status-of-tomorrow'])('is one that is %s', async (status) => {
    expect(await checked({ instance: replica(status) })).toMatchObject({ state: 'ok', because: `replica is ${status}` });
  });

  it.each(['incompatible-network', 'storage-full', 'stopped', 'creating', 'deleting', 'failed'])('is none that is %s', async (status) => {
    expect(await checked({ instance: replica(status) })).toMatchObject({ state: 'refused', refusal: { rule: 'replica-usable', observed: `replica in ${TOKYO} is ${status}` } });
    expect(await observed({ instance: replica(status) })).toEqual({ state: 'impossible', because: `replica is ${status}` });
  });

  it('shows whose it is: an answer without a source and a status says nothing of it', async () => {
    expect(await checked({ instance: { DBInstanceIdentifier: 'replica' } })).toMatchObject({ state: 'refused', refusal: { rule: 'replica-usable' } });
    expect(await observed({ instance: { DBInstanceIdentifier: 'replica' } })).toMatchObject({ state: 'pending', waitingFor: 'aws' });
    expect(await checked({ instance: writer() })).toMatchObject({ state: 'ok' });
  });

  it('is the one of the old writer, in its region: by its ARN, or by its name in its own region', async () => {
    const of = (source: string, params: Record<string, Json> = {}) => checked({ instance: replica('available', { ReadReplicaSourceDBInstanceIdentifier: source, DBInstanceArn: `arn:aws:rds:${TOKYO}:111122223333:db:replica` }), params });
    expect(await of(SOURCE)).toMatchObject({ state: 'ok' });
    expect(await of('writer', { source: { region: TOKYO, id: 'Writer' } })).toMatchObject({ state: 'ok' });
    for (const source of ['writer', `arn:aws:rds:${TOKYO}:111122223333:db:writer`, `arn:aws:rds:${SEOUL}:111122223333:db:other`]) {
      expect(await of(source)).toEqual({
        state: 'refused',
        refusal: {
          rule: 'replica-of', observed: `replica replicates from ${source}`, threshold: `a replica of writer in ${SEOUL}`,
          consequence: 'another database would be promoted, and users led to its data',
          override: 'none: correct `instances` of orders in the runbook, or recreate replica as a replica of writer',
        },
      });
    }
    expect(await observed({ instance: replica('available', { ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:111122223333:db:other` }) })).toMatchObject({ state: 'refused', refusal: { rule: 'replica-of' } });
  });

  it('of a drill is made by the run itself: there is nothing to check, and a stranger of its name is refused', async () => {
    const step = await promote({ instance: undefined, params: { twin: true } });
    expect([await step.check(), step.asked]).toEqual([{ state: 'ok', because: 'replica is made by this run' }, []]);
    expect(await observed({ instance: replica(), params: { twin: true } })).toMatchObject({ state: 'refused' });
  });
});

describe('a parameter group that keeps it read-only', () => {
  const group = (Engine: string | undefined, name: string | undefined = 'mine') => replica('available', { ...(Engine === undefined ? {} : { Engine }), DBParameterGroups: [{ DBParameterGroupName: name }] });

  it.each([['1'], ['on'], ['ON'], ['true']])('is refused by its value %s, with the command that mends it', async (value) => {
    expect(await checked({ instance: group('mysql'), parameters: { read_only: value, super_read_only: value, innodb_read_only: '0' } })).toEqual({
      state: 'refused',
      refusal: {
        rule: 'replica-usable',
        observed: `replica uses the parameter group mine, which sets read_only=${value}, super_read_only=${value}`,
        threshold: 'a parameter group that lets it take writes once it is promoted: read_only={TrueIfReplica}, the default',
        consequence: 'replica would stay read-only after the promotion, and users could write nothing',
        override: `none: aws rds modify-db-parameter-group --region ${TOKYO} --db-parameter-group-name mine --parameters ParameterName=read_only,ParameterValue='{TrueIfReplica}',ApplyMethod=immediate ParameterName=super_read_only,ParameterValue='{TrueIfReplica}',ApplyMethod=immediate`,
      },
    });
  });

  it.each(['0', 'OFF', '{TrueIfReplica}', '10', 'not on'])('is none by its value %s', async (value) => {
    expect(await checked({ instance: group('mariadb'), parameters: { read_only: value } })).toMatchObject({ state: 'ok' });
  });

  it('is asked of MySQL and MariaDB only, and only where there is one', async () => {
    const asks = async (instance: object) => {
      const step = await promote({ instance, parameters: { read_only: '1' } });
      await step.check();
      return step.asked.filter(({ operation }) => operation === 'DescribeDBParameters').length;
    };
    expect(await asks(group('mariadb'))).toBe(1);
    for (const engine of ['postgres', 'aurora-mysql', undefined]) expect(await asks(group(engine))).toBe(0);
    expect(await asks(replica('available', { Engine: 'mysql' }))).toBe(0);
    expect(await asks(replica('available', { Engine: 'mysql', DBParameterGroups: [] }))).toBe(0);
  });
});

describe('what the look before the promotion says', () => {
  it('waits for what is under way, with its reason where nothing was asked for yet', async () => {
    for (const status of ['backing-up', 'modifying', 'rebooting']) {
      expect(await observed({ instance: replica(status) })).toEqual({ state: 'pending', because: `replica is ${status}`, waitingFor: 'aws', reason: status });
      expect(await observed({ instance: replica(status), ...INTENDS })).toEqual({ state: 'pending', because: `replica is ${status}`, waitingFor: 'aws' });
    }
    expect(await observed({ instance: replica('a-status-of-tomorrow'), ...INTENDS })).toMatchObject({ state: 'pending' });
    expect(await observed({ instance: replica('a-status-of-tomorrow') })).toMatchObject({ state: 'absent' });
    // It takes writes in it: it is tried.
    expect(await observed({ instance: replica('storage-optimization') })).toMatchObject({ state: 'absent' });
  });

  it('waits for a refusal to pass in a state that passes, and asks again at once where it is available', async () => {
    const refused = (last: number) => ({ facts: { ...FACTS, [`refused.${TOKYO}.replica`]: { words: 'said AWS', times: 2, since: 0, last } } });
    const now = (await promote({ instance: replica() })).clock.now();
    const step = await promote({ instance: replica('storage-optimization'), ...refused(now) });
    expect(await step.observe()).toEqual({ state: 'pending', because: 'replica is storage-optimization, and AWS refuses to promote it: said AWS', waitingFor: 'aws', reason: 'said AWS' });
    expect(step.recorded).toEqual({ [`refused.${TOKYO}.replica`]: { words: 'said AWS', times: 0, since: now, last: now } });
    expect(await observed({ instance: replica('storage-optimization'), ...refused(now - 300_000) })).toMatchObject({ state: 'absent' });
    expect(await observed({ instance: replica(), ...refused(now) })).toMatchObject({ state: 'absent', because: 'replica is still a replica, and AWS refuses to promote it: said AWS' });
  });

  it('records the last position once, before the first request, and weighs nothing of a twin', async () => {
    const first = await promote({ instance: replica() });
    expect(await first.observe()).toEqual({ state: 'absent', because: 'replica is still a replica' });
    expect(first.recorded).toHaveProperty(['position.orders']);
    const again = await promote({ instance: replica(), ...INTENDS });
    expect(await again.observe()).toMatchObject({ state: 'absent' });
    expect(again.recorded).not.toHaveProperty(['position.orders']);
    expect(await observed({ instance: replica(), facts: {} })).toMatchObject({ state: 'refused', refusal: { rule: 'fence' } });
  });

  it('is over once it is a writer that takes writes, and says how long backups are kept', async () => {
    const done = (days?: number) => observed({ instance: writer('available', days === undefined ? {} : { BackupRetentionPeriod: days }), ...INTENDS });
    expect(await done()).toEqual({ state: 'reached', because: 'replica is a standalone primary (status available); its backups are kept for an unknown number of days' });
    expect(await done(1)).toMatchObject({ because: expect.stringMatching(/kept for 1 day$/) as string });
    expect(await observed({ instance: writer('rebooting'), ...INTENDS })).toMatchObject({ state: 'pending', because: 'replica is rebooting' });
    expect(await observed({ instance: writer('failed'), ...INTENDS })).toEqual({ state: 'impossible', because: 'replica is failed' });
  });
});

describe('a writer that this run has not made', () => {
  const accepted = { acceptances: { dataLossSeconds: 'unknown' as const, reason: 'seen' } };

  it('is moved to by a named word alone, and where it takes writes', async () => {
    expect(await observed({ instance: writer() })).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate', observed: expect.stringContaining(`this run moves users away from ${SEOUL}`) as string } });
    expect(await observed({ instance: writer(), ...accepted })).toMatchObject({ state: 'reached', because: expect.stringMatching(/cannot be proven; accepted: seen$/) as string });
    expect(await observed({ instance: writer(), acceptances: { dataLossSeconds: 'unknown' } })).toMatchObject({ because: expect.stringMatching(/; accepted: $/) as string });
    expect(await observed({ instance: writer('rebooting'), ...accepted })).toEqual({ state: 'pending', because: 'replica is rebooting', waitingFor: 'aws' });
    expect(await observed({ instance: writer('failed'), ...accepted })).toEqual({ state: 'impossible', because: 'replica is failed' });
  });

  it('is no stranger where another application of this failover has promoted it', async () => {
    const history = { moves: () => Promise.resolve([]), madeBy: (resource: string, field: string) => Promise.resolve(resource === `rds:${TOKYO}:replica` && field === 'role' ? 'R2' : undefined) };
    expect(await observed({ instance: writer(), effects: { history } })).toEqual({ state: 'reached', because: 'replica is available: another application of this failover, which shares it, has promoted it' });
  });

  it('names what a move to it would lose', async () => {
    const unknown = { ...FACTS, 'rpo.orders': null };
    expect(await observed({ instance: writer(), facts: unknown })).toMatchObject({ refusal: { observed: expect.stringContaining('the lag of replica is unknown') as string, consequence: 'a move to it would lose an unknown amount of acknowledged writes of orders, silently' } });
  });
});

describe('the request', () => {
  const requests = (asked: { operation: string; input: unknown }[]) => asked.filter(({ operation }) => operation === 'PromoteReadReplica').map(({ input }) => input);

  it('names the retention that is known, and else leaves it to AWS', async () => {
    const of = async (more: object, params: Record<string, Json> = {}) => {
      const step = await promote({ instance: replica('available', more), params });
      await step.act();
      return requests(step.asked);
    };
    expect(await of({ BackupRetentionPeriod: 7 })).toEqual([{ DBInstanceIdentifier: 'replica', BackupRetentionPeriod: 7 }]);
    expect((await of({ BackupRetentionPeriod: 0 })).map((input) => Object.keys(input as object))).toEqual([['DBInstanceIdentifier']]);
    expect(await of({ BackupRetentionPeriod: 7 }, { retentionDays: 3 })).toEqual([{ DBInstanceIdentifier: 'replica', BackupRetentionPeriod: 3 }]);
  });

  it('is made again while it is refused, where none may have been made before; else once, and any other refusal is an error', async () => {
    const made = async (promotion: Error, askedBefore: boolean) => {
      const step = await promote({ instance: replica(), promotion, askedBefore });
      const end = await step.act().then(() => 'done', (error: unknown) => (error as Error).message);
      return [end.replace(/^.*: /, ''), requests(step.asked).length, step.recorded[`refused.${TOKYO}.replica`] === undefined];
    };
    expect(await made(busy(), false)).toEqual(['said AWS', 5, false]);
    expect(await made(busy(), true)).toEqual(['done', 1, false]);
    for (const before of [false, true]) expect(await made(busy('AccessDenied'), before)).toEqual(['said AWS', 1, true]);
  });

  it('ends with the run, as every look does', async () => {
    const { signal } = new AbortController();
    const instance = replica('available', { Engine: 'mysql', DBParameterGroups: [{ DBParameterGroupName: 'mine' }], BackupRetentionPeriod: 0 });
    for (const params of [{}, { planned: true }] as Record<string, Json>[]) {
      const step = await promote({ instance, params, signal });
      await step.check();
      await step.act();
      await step.made();
      expect(step.asked.map((call) => call.signal === signal)).toEqual(step.asked.map(() => true));
      const look = await promote({ instance, params, signal, facts: {} });
      await look.observe();
      expect(look.asked.map((call) => [call.operation, call.signal === signal])).toEqual([['DescribeDBInstances', true]]);
    }
  });

  it('may have been made by somebody whose journal is not here', async () => {
    const made = async (instance: object | undefined, params: Record<string, Json> = {}) => (await promote({ instance, params })).made();
    expect(await made(replica())).toBe(false);
    expect(await made(replica('storage-optimization'))).toBe(false);
    expect(await made(replica('modifying'))).toBe(true);
    expect(await made(replica('rebooting'))).toBe(true);
    expect(await made(writer())).toBe(true);
    expect(await made(undefined)).toBe(false);
    expect(await made(writer(), { usersIn: [TOKYO] })).toBe(false);
  });
});
