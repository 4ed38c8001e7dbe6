import { DescribeDBInstancesCommand, DescribeDBParametersCommand, RDSClient } from '@aws-sdk/client-rds';
import {
  ChangeResourceRecordSetsCommand,
  GetHealthCheckCommand,
  HealthCheckVersionMismatch,
  ListResourceRecordSetProtectionsCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
  UpdateHealthCheckCommand,
} from '@aws-sdk/client-route-53';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Json } from '../../../src/base/json.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { SeededIds } from '../../../src/simulator/random.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../../lab/wire/environment.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

/*
 * What the SDK throws at the kinds by which several regions answer, and what they make of it.
 */

const rds = mockClient(RDSClient);
const route53 = mockClient(Route53Client);

beforeAll(() => useEnvironment(awsEnvironment({ AWS_REGION: TOKYO })));
afterEach(() => {
  rds.reset();
  route53.reset();
});
afterAll(() => {
  restoreEnvironment();
  rds.restore();
  route53.restore();
});

function thrown(name: string, httpStatusCode: number, message = 'said AWS'): Error {
  return Object.assign(new Error(message), { name, $fault: httpStatusCode >= 500 ? 'server' : 'client', $metadata: { httpStatusCode, requestId: 'r-1' } });
}

/** Pauses between attempts take no time; deadlines never come. */
const noWait: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => (ms < LIMITS.signalMs ? Promise.resolve() : new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('done'))))),
};

async function ask(name: string, params: Json, what: 'check' | 'observe' | 'act'): Promise<unknown> {
  const aws = reliableCaller(sdkCaller(), { clock: noWait, ids: new SeededIds(1) });
  return (await stepOf(name, params, { effects: { aws } })).direct(what);
}

const RECORD = { name: 'shop.example.com', type: 'A' };
const set = (id: string, Weight: number, HealthCheckId?: string) => ({ Name: 'shop.example.com.', Type: 'A' as const, SetIdentifier: id, Weight, TTL: 60, ResourceRecords: [{ Value: `192.0.2.${id.length}` }], ...(HealthCheckId === undefined ? {} : { HealthCheckId }) });
const weights = (seoul: number, tokyo: number) => ({ key: 'shop.shift1', zone: 'Z0000SHOP', records: [RECORD], aim: { policy: 'weighted', weights: { seoul, tokyo } }, towards: ['tokyo'] });

describe('route53-weighted', () => {
  it('changes nothing but the weight, in one batch', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 100), set('tokyo', 100), set('others', 7)], IsTruncated: false });
    route53.on(ChangeResourceRecordSetsCommand).resolves({ ChangeInfo: { Id: '/change/C1', Status: 'PENDING', SubmittedAt: new Date() } });
    await ask('route53-weighted.shift', weights(0, 100), 'act');
    const calls = route53.commandCalls(ChangeResourceRecordSetsCommand).map((call) => call.args[0].input.ChangeBatch?.Changes);
    expect(calls).toEqual([[{ Action: 'DELETE', ResourceRecordSet: set('seoul', 100) }, { Action: 'CREATE', ResourceRecordSet: set('seoul', 0) }]]);
  });

  it('refuses to leave nobody with a weight, and a set that is not there', async () => {
    route53.on(ListResourceRecordSetProtectionsCommand).resolves({ ResourceRecordSetProtections: [] });
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 100), set('tokyo', 0)], IsTruncated: false });
    const parts = {
      rule: 'record-sets',
      threshold: 'the sets that the runbook names, with one left that answers',
      consequence: 'users could not be moved',
      override: 'correct `sets` in the runbook, or the records in zone Z0000SHOP',
    };
    expect(await ask('route53-weighted.shift', weights(0, 0), 'check')).toEqual({
      state: 'refused',
      refusal: { ...parts, observed: 'every set of shop.example.com would have the weight 0, which Route 53 takes for equal shares' },
    });
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 100)], IsTruncated: false });
    expect(await ask('route53-weighted.shift', weights(0, 100), 'check')).toEqual({
      state: 'refused',
      refusal: { ...parts, observed: 'shop.example.com A has no weighted set called tokyo; it has: seoul' },
    });
  });

  it('a lost answer of a change is unclear, and it is not sent again blindly', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 100), set('tokyo', 100)], IsTruncated: false });
    route53.on(ChangeResourceRecordSetsCommand).rejects(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    await expect(ask('route53-weighted.shift', weights(0, 100), 'act')).rejects.toMatchObject({ code: 'NoAnswer', kind: 'unknown' });
    expect(route53.commandCalls(ChangeResourceRecordSetsCommand)).toHaveLength(1);
  });
});

describe('route53-latency and route53-geolocation', () => {
  const answer = { values: ['192.0.2.9'], ttl: 60, healthCheck: 'hc-tokyo' };

  it('make a set again that somebody has deleted: all it takes stands in the runbook', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [], IsTruncated: false });
    route53.on(ChangeResourceRecordSetsCommand).resolves({ ChangeInfo: { Id: '/change/C1', Status: 'PENDING', SubmittedAt: new Date() } });
    const params = { key: 'k', zone: 'Z0000SHOP', records: [RECORD], aim: { policy: 'answers', sets: { kr: { answer, place: { country: 'KR' } }, all: { answer, place: 'default' } } }, towards: [] };
    await ask('route53-geolocation.shift', params, 'act');
    const made = route53.commandCalls(ChangeResourceRecordSetsCommand)[0]?.args[0].input.ChangeBatch?.Changes;
    const fields = { Name: 'shop.example.com', Type: 'A', TTL: 60, ResourceRecords: [{ Value: '192.0.2.9' }], HealthCheckId: 'hc-tokyo' };
    expect(made).toEqual([
      { Action: 'CREATE', ResourceRecordSet: { ...fields, SetIdentifier: 'kr', GeoLocation: { CountryCode: 'KR' } } },
      { Action: 'CREATE', ResourceRecordSet: { ...fields, SetIdentifier: 'all', GeoLocation: { CountryCode: '*' } } },
    ]);
  });

  it('say which sets nobody checks', async () => {
    route53.on(ListResourceRecordSetProtectionsCommand).resolves({ ResourceRecordSetProtections: [] });
    const place = (id: string, CountryCode: string) => ({ Name: 'shop.example.com.', Type: 'A' as const, SetIdentifier: id, GeoLocation: { CountryCode }, TTL: 60, ResourceRecords: [{ Value: '192.0.2.9' }] });
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [place('kr', 'KR'), { ...place('all', '*'), HealthCheckId: 'hc' }], IsTruncated: false });
    const params = { key: 'k', zone: 'Z0000SHOP', records: [RECORD], aim: { policy: 'answers', sets: { kr: { answer, place: { country: 'KR' } } } }, towards: [] };
    expect(await ask('route53-geolocation.shift', params, 'check')).toEqual({
      state: 'ok',
      because: '1 of 1 name to change in 1 request',
      warnings: [expect.objectContaining({ rule: 'set-unchecked', observed: 'without a health check, and so answered also while the region is lost: kr' })],
    });
  });

  it('refuse a name that has another policy', async () => {
    route53.on(ListResourceRecordSetProtectionsCommand).resolves({ ResourceRecordSetProtections: [] });
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 100)], IsTruncated: false });
    const params = { key: 'k', zone: 'Z0000SHOP', records: [RECORD], aim: { policy: 'answers', sets: { api: { answer, region: TOKYO } } }, towards: [] };
    expect(await ask('route53-latency.shift', params, 'check')).toMatchObject({
      state: 'refused',
      refusal: { rule: 'record-sets', observed: 'shop.example.com A has a set without a region or a place: seoul' },
    });
  });
});

describe('switched by health checks', () => {
  const params = { zone: 'Z0000SHOP', records: [RECORD], out: ['seoul'], in: ['tokyo'] };
  const checkOf = (version: number, Disabled = false, Inverted = false) => ({
    HealthCheck: { Id: 'hc', CallerReference: 'c', HealthCheckVersion: version, HealthCheckConfig: { Type: 'TCP' as const, Disabled, Inverted } },
  });

  it('a version that is no longer the newest is read again', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 1, 'hc-seoul'), set('tokyo', 1, 'hc-tokyo')], IsTruncated: false });
    route53.on(GetHealthCheckCommand).resolves(checkOf(3));
    route53.on(GetHealthCheckCommand, { HealthCheckId: 'hc-seoul' }).resolvesOnce(checkOf(3)).resolves(checkOf(4));
    route53.on(UpdateHealthCheckCommand).rejectsOnce(new HealthCheckVersionMismatch({ message: 'no', $metadata: { httpStatusCode: 409 } })).resolves(checkOf(5, true, true));
    await ask('route53-weighted.shiftChecks', params, 'act');
    const sent = route53.commandCalls(UpdateHealthCheckCommand).map((call) => call.args[0].input);
    expect(sent).toEqual([3, 4].map((HealthCheckVersion) => ({ HealthCheckId: 'hc-seoul', HealthCheckVersion, Disabled: true, Inverted: true })));
  });

  it('a set without a check, and a check that watches something else, are refused', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 1), set('tokyo', 1, 'hc-tokyo')], IsTruncated: false });
    expect(await ask('route53-failover.shiftChecks', params, 'check')).toMatchObject({ state: 'refused', refusal: { rule: 'health-check', observed: 'set seoul has no health check of its own' } });
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 1, 'hc-seoul'), set('tokyo', 1, 'hc-tokyo')], IsTruncated: false });
    route53.on(GetHealthCheckCommand).resolves(checkOf(1, false, true));
    expect(await ask('route53-failover.shiftChecks', params, 'check')).toMatchObject({ refusal: { observed: 'health check hc-seoul is inverted: it watches something else than its set’s endpoint' } });
  });

  it('access denied is a clear no', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 1, 'hc-seoul'), set('tokyo', 1, 'hc-tokyo')], IsTruncated: false });
    route53.on(GetHealthCheckCommand).resolves(checkOf(1));
    route53.on(UpdateHealthCheckCommand).rejects(thrown('AccessDenied', 403));
    await expect(ask('route53-latency.shiftChecks', params, 'act')).rejects.toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
  });
});

describe('rds-writers', () => {
  const writers = [{ region: TOKYO, id: 'w-tokyo', offset: 2 }, { region: SEOUL, id: 'w-seoul', offset: 1 }];
  const parameters = [{ DBParameterGroupName: 'g', ParameterApplyStatus: 'in-sync' }];
  const group = { DBInstances: [{ DBInstanceIdentifier: 'w-tokyo', DBParameterGroups: parameters }, { DBInstanceIdentifier: 'w-seoul', DBParameterGroups: parameters }] };
  const counts = (increment?: string, offset?: string) => ({
    Parameters: [
      { ParameterName: 'auto_increment_increment', ...(increment === undefined ? {} : { ParameterValue: increment }) },
      { ParameterName: 'auto_increment_offset', ...(offset === undefined ? {} : { ParameterValue: offset }) },
    ],
  });

  it('refuses what MySQL does when nobody has said anything: every one from 1', async () => {
    rds.on(DescribeDBInstancesCommand).resolves(group);
    rds.on(DescribeDBParametersCommand).resolves(counts());
    expect(await ask('rds-writers.uniqueKeys', { writers, maybeSilent: [] }, 'observe')).toMatchObject({
      state: 'refused',
      refusal: { rule: 'unique-keys', observed: `${TOKYO} counts in steps of 1, and there are 2 writers; ${SEOUL} counts in steps of 1, and there are 2 writers; ${TOKYO} and ${SEOUL} both start at 1` },
    });
  });

  it('a region that is left may be silent: the runbook stands in; any other may not', async () => {
    rds.on(DescribeDBInstancesCommand).resolves(group);
    rds.on(DescribeDBInstancesCommand, { DBInstanceIdentifier: 'w-seoul' }).rejects(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    rds.on(DescribeDBParametersCommand).resolvesOnce({ Marker: 'm', Parameters: [] }).resolves(counts('2', '2'));
    expect(await ask('rds-writers.uniqueKeys', { writers, maybeSilent: [SEOUL] }, 'observe')).toEqual({
      state: 'reached',
      because: `${TOKYO}: every 2 from 2; ${SEOUL}: every ? from 1 (as the runbook says)`,
    });
    await expect(ask('rds-writers.uniqueKeys', { writers, maybeSilent: [] }, 'observe')).rejects.toMatchObject({ code: 'NoAnswer' });
    const unknown = [writers[0], { region: SEOUL, id: 'w-seoul' }];
    expect(await ask('rds-writers.uniqueKeys', { writers: unknown, maybeSilent: [SEOUL] } as Json, 'check')).toMatchObject({
      state: 'ok',
      warnings: [{ rule: 'unique-keys-unknown', observed: `${SEOUL} cannot be asked, and \`offsets\` of the runbook does not say from where it counts: it is checked when it comes back` }],
    });
  });

  it('access denied to the parameters is a clear no, also of the region that is left', async () => {
    rds.on(DescribeDBInstancesCommand).resolves(group);
    rds.on(DescribeDBParametersCommand).rejects(thrown('AccessDenied', 403));
    await expect(ask('rds-writers.uniqueKeys', { writers, maybeSilent: [SEOUL] }, 'check')).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  it('a replica where a writer should be is refused', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ DBInstanceIdentifier: 'w-tokyo', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: 'x' }] });
    expect(await ask('rds-writers.ready', { region: TOKYO, id: 'w-tokyo' }, 'check')).toEqual({
      state: 'refused',
      refusal: {
        rule: 'writer',
        observed: `w-tokyo in ${TOKYO} is a replica: it takes no writes`,
        threshold: 'a writable database in each region that stays',
        consequence: 'users would be sent to a region that cannot write',
        override: 'correct `instances` in the runbook; a region with a read replica is a standby: rds-read-replica',
      },
    });
  });
});
