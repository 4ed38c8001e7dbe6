import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { offerFor, type Ordered, zonesOf } from '../../../src/kinds/databases/offered.ts';
import { TOKYO } from '../context.ts';
import { awsError, smallRds } from './small-rds.ts';

const ORDERED: Ordered = { region: TOKYO, id: 'shop', engine: 'postgres', version: '17.5', instanceClass: 'db.r6g.large' };
const OFFER = { Engine: 'postgres', EngineVersion: '17.5', DBInstanceClass: 'db.r6g.large', StorageType: 'gp3', MultiAZCapable: true, AvailabilityZones: [{ Name: 'a' }, { Name: 'c' }] };

/** Offers by version asked for; the answers to two pages where there are more than one. */
function asked(offers: readonly object[], authorities: readonly string[] = ['rds-ca-rsa2048-g1']) {
  const call = (request: { operation: string; region: string; input: Record<string, string> }) => {
    const { service, region, operation } = { service: 'rds' as const, ...request };
    if (operation === 'DescribeCertificates') {
      const id = request.input['CertificateIdentifier'] ?? '';
      if (!authorities.includes(id)) return Promise.reject(new AwsError({ service, region, operation, code: 'CertificateNotFound', httpStatus: 404, message: 'Certificate not found' }));
      return Promise.resolve({ output: { Certificates: [{ CertificateIdentifier: id }] }, requestId: 'r' });
    }
    const all = offers.filter((offer) => request.input['EngineVersion'] === undefined || (offer as typeof OFFER).EngineVersion === request.input['EngineVersion']);
    const at = Number(request.input['Marker'] ?? 0);
    return Promise.resolve({ output: { OrderableDBInstanceOptions: all.slice(at, at + 1), ...(at + 1 < all.length ? { Marker: String(at + 1) } : {}) }, requestId: 'r' });
  };
  return { effects: { aws: { call } } as never, signal: new AbortController().signal };
}

/*
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_OrderableDBInstanceOption.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeCertificates.html
 */
describe('what RDS does not offer', () => {
  it.each<[string, readonly object[], Partial<Ordered>, string[]]>([
    ['the class, of no version', [], {}, [`RDS does not offer db.r6g.large for postgres 17.5 in ${TOKYO}`]],
    ['the class, of another major version only', [{ ...OFFER, EngineVersion: '16.3' }], {}, [`RDS does not offer db.r6g.large for postgres 17.5 in ${TOKYO}`]],
    ['8.4 of MySQL where there is 8.0', [{ ...OFFER, EngineVersion: '8.0.40' }], { engine: 'mysql', version: '8.4.5' }, [`RDS does not offer db.r6g.large for mysql 8.4.5 in ${TOKYO}`]],
    ['the storage', [OFFER], { storageType: 'io2' }, [`RDS does not offer db.r6g.large in ${TOKYO} with the storage io2`]],
    ['Multi-AZ', [{ ...OFFER, MultiAZCapable: false }], { multiAz: true }, [`RDS does not offer db.r6g.large in ${TOKYO} as Multi-AZ`]],
    ['the zones', [OFFER], { zones: ['b', 'd'] }, [`RDS offers db.r6g.large in ${TOKYO} in none of the zones b, d`]],
    ['a second zone', [OFFER], { zones: ['a', 'b'], multiAz: true }, [`RDS offers db.r6g.large in ${TOKYO} in fewer than two of the zones a, b`]],
    ['the storage in the zones: each of them alone is there', [OFFER, { ...OFFER, StorageType: 'io2', AvailabilityZones: [{ Name: 'b' }] }], { storageType: 'io2', zones: ['a'] }, [`RDS offers db.r6g.large in ${TOKYO} in none of the zones a`]],
    ['IAM authentication', [{ ...OFFER, SupportsIAMDatabaseAuthentication: false }], { iamAuthentication: true }, [`RDS does not offer db.r6g.large in ${TOKYO} with IAM authentication`]],
    ['Performance Insights', [{ ...OFFER, SupportsPerformanceInsights: false }], { performanceInsights: true }, [`RDS does not offer db.r6g.large in ${TOKYO} with Performance Insights`]],
    ['the certificate authority', [OFFER], { authority: 'rds-ca-2019' }, [`${TOKYO} does not have the certificate authority rds-ca-2019`]],
    ['the certificate authority, of an engine that is not known', [], { engine: undefined, authority: 'rds-ca-2019' }, [`${TOKYO} does not have the certificate authority rds-ca-2019`]],
  ])('%s', async (_what, offers, more, unfit) => {
    expect(await offerFor(asked(offers), { ...ORDERED, ...more })).toEqual({ unfit, warnings: [] });
  });

  it.each<[string, Partial<Ordered>]>([
    ['all that is asked for', { zones: ['a', 'c'], multiAz: true, storageType: 'gp3', iamAuthentication: true, performanceInsights: true, authority: 'rds-ca-rsa2048-g1' }],
    ['one zone of two', { zones: ['a', 'b'] }],
    ['an engine that is not shown', { engine: undefined }],
  ])('is none where there is %s', async (_what, more) => {
    expect(await offerFor(asked([{ ...OFFER, StorageType: 'gp2' }, OFFER]), { ...ORDERED, ...more })).toEqual({ unfit: [], warnings: [] });
  });

  it('is no proof of a minor version that is offered no more: it is said, and tried', async () => {
    expect(await offerFor(asked([{ ...OFFER, EngineVersion: '17.6' }]), ORDERED)).toMatchObject({ unfit: [], warnings: [{ rule: 'engine-not-offered', observed: `RDS offers db.r6g.large for postgres in ${TOKYO}, and not for the version 17.5, which shop would have: AWS may refuse it, or make it of a newer one` }] });
  });

  it('is not known where AWS does not tell: a version that it does not know is none, a right that is missing says nothing', async () => {
    const refused = (code: string) => ({ effects: { aws: { call: ({ operation }: { operation: string }) => Promise.reject(new AwsError({ service: 'rds', region: TOKYO, operation, code, httpStatus: 400, message: 'said' })) } } as never, signal: new AbortController().signal });
    expect((await offerFor(refused('InvalidParameterCombination'), ORDERED)).unfit).toEqual([`RDS does not offer db.r6g.large for postgres 17.5 in ${TOKYO}`]);
    expect(await offerFor(refused('AccessDenied'), ORDERED)).toMatchObject({ unfit: [], warnings: [{ rule: 'offer-unknown', observed: expect.stringContaining(`whether RDS offers db.r6g.large for shop in ${TOKYO} is not known`) as string }] });
  });

  it('zones of a subnet group are those of its subnets, each once', () => {
    expect(zonesOf({ Subnets: [{ SubnetAvailabilityZone: { Name: 'c' } }, { SubnetAvailabilityZone: { Name: 'a' } }, { SubnetAvailabilityZone: { Name: 'c' } }, {}] })).toEqual(['a', 'c']);
    expect(zonesOf(undefined)).toEqual([]);
  });
});

const offered = (...offers: object[]) => {
  const { aws, calls } = smallRds({
    answers: {
      DescribeOrderableDBInstanceOptions: ({ input }) => ({ OrderableDBInstanceOptions: offers.map((offer) => ({ ...OFFER, ...offer })).filter(({ EngineVersion }) => [undefined, EngineVersion].includes(input['EngineVersion'] as string | undefined)) }),
      DescribeCertificates: { Certificates: [{ CertificateIdentifier: 'ca' }] },
    },
  });
  const signal = new AbortController().signal;
  return { ctx: { effects: { aws }, signal } as never, calls, signal };
};

describe('the versions that say something of the one that is wanted', () => {
  it.each<[string, string, string, boolean]>([
    ['postgres', '17.5', '17.1', true],
    ['postgres', '17.5', '16.5', false],
    ['postgres', '10.5', '10.1', true],
    ['postgres', '9.6.1', '9.6.3', true],
    ['postgres', '9.6.1', '9.5.1', false],
    ['mysql', '8.0.40', '8.0.35', true],
    ['mysql', '8.4.5', '8.0.40', false],
    ['sqlserver-ee', '15.00.4435', '15.00.4430', true],
    ['sqlserver-ee', '15.00.4435', '16.00.4435', false],
    ['mariadb', '10.6.1', '10.11.5', false],
    ['mariadb', '11', '11', true],
  ])('of %s %s: %s', async (engine, version, EngineVersion, says) => {
    const { unfit } = await offerFor(offered({ EngineVersion }).ctx, { ...ORDERED, engine, version });
    expect(unfit).toEqual(says ? [] : [`RDS does not offer db.r6g.large for ${engine} ${version} in ${TOKYO}`]);
  });

  it('of one that is offered no more, what is offered of its major version counts', async () => {
    const found = await offerFor(offered({ EngineVersion: '17.6', MultiAZCapable: false }).ctx, { ...ORDERED, multiAz: true, authority: 'ca' });
    expect(found.unfit).toEqual([`RDS does not offer db.r6g.large in ${TOKYO} as Multi-AZ`]);
    expect(found.warnings).toMatchObject([{ wanted: 'a version that RDS offers for new instances', mend: 'upgrade the writer and its standby to a version that is offered', page: expect.stringMatching(/^https:/) as string }]);
  });

  it('an authority that is not there is said with the rest', async () => {
    const { ctx } = offered({ EngineVersion: '17.6' });
    const missing = { effects: { aws: { call: (request: { operation: string }) => (request.operation === 'DescribeCertificates' ? Promise.reject(awsError('DescribeCertificates', 'CertificateNotFoundFault', TOKYO, 404)) : (ctx as { effects: { aws: { call(of: object): unknown } } }).effects.aws.call(request)) } } } as never;
    const no = `${TOKYO} does not have the certificate authority x`;
    expect((await offerFor(missing, { ...ORDERED, authority: 'x' })).unfit).toEqual([no]);
    expect((await offerFor(missing, { ...ORDERED, authority: 'x', version: '17.6' })).unfit).toEqual([no]);
    expect((await offerFor(missing, { ...ORDERED, authority: 'x', version: '16.1' })).unfit).toEqual([no, `RDS does not offer db.r6g.large for postgres 16.1 in ${TOKYO}`]);
    expect((await offerFor(missing, { ...ORDERED, authority: 'x', version: undefined })).unfit).toEqual([no]);
  });
});

describe('what AWS does not say of an offer is not held against it', () => {
  it.each<[string, object, Partial<Ordered>, string[]]>([
    ['Multi-AZ', { MultiAZCapable: undefined }, { multiAz: true }, []],
    ['its zones', { AvailabilityZones: undefined }, { zones: ['x'] }, []],
    ['the name of a zone', { AvailabilityZones: [{}, { Name: 'a' }] }, { zones: ['a'] }, []],
    ['IAM authentication', {}, { iamAuthentication: true }, []],
    ['Performance Insights', {}, { performanceInsights: true }, []],
    ['what is not asked for', { MultiAZCapable: false, SupportsIAMDatabaseAuthentication: false, SupportsPerformanceInsights: false, StorageType: 'x' }, { multiAz: false, iamAuthentication: false, performanceInsights: false, zones: [] }, []],
    ['a subnet group of one zone needs no second one', { AvailabilityZones: [{ Name: 'a' }] }, { zones: ['a'], multiAz: true }, []],
    ['two zones of three', {}, { zones: ['a', 'b', 'c'], multiAz: true }, []],
    ['one zone of three', { AvailabilityZones: [{ Name: 'a' }] }, { zones: ['a', 'b', 'c'], multiAz: true }, [`RDS offers db.r6g.large in ${TOKYO} in fewer than two of the zones a, b, c`]],
  ])('%s', async (_what, offer, more, unfit) => {
    expect((await offerFor(offered(offer).ctx, { ...ORDERED, ...more })).unfit).toEqual(unfit);
  });
});

describe('the question', () => {
  it('is short, of one class and engine, in a VPC', async () => {
    const { ctx, calls, signal } = offered({ EngineVersion: '17.6' });
    await offerFor(ctx, { ...ORDERED, authority: 'ca' });
    const asked = { Engine: 'postgres', DBInstanceClass: 'db.r6g.large', Vpc: true };
    expect(calls.map(({ region, operation, input }) => [region, operation, input])).toEqual([[TOKYO, 'DescribeCertificates', { CertificateIdentifier: 'ca' }], [TOKYO, 'DescribeOrderableDBInstanceOptions', { ...asked, EngineVersion: '17.5' }], [TOKYO, 'DescribeOrderableDBInstanceOptions', asked]]);
    expect(calls.map((call) => [call.attempts, call.timeoutMs, call.signal === signal])).toEqual([[2, LIMITS.signalMs, true], [2, LIMITS.signalMs, true], [2, LIMITS.signalMs, true]]);
  });

  it('is not asked of what is not known', async () => {
    const { ctx, calls } = offered();
    for (const more of [{ engine: undefined }, { version: undefined }]) expect(await offerFor(ctx, { ...ORDERED, ...more })).toEqual({ unfit: [], warnings: [] });
    expect(calls).toEqual([]);
  });

  const failing = (error: Error) => offerFor({ effects: { aws: smallRds({ answers: { DescribeOrderableDBInstanceOptions: error, DescribeCertificates: error } }).aws } } as never, ORDERED);
  it('without an answer is a warning, and never "there is none"; a defect is one', async () => {
    for (const code of ['AccessDenied', 'InvalidParameterValueX', 'XInvalidParameterValue', 'NoAnswer']) {
      const error = awsError('DescribeOrderableDBInstanceOptions', code, TOKYO, 400);
      expect(await failing(error)).toEqual({
        unfit: [],
        warnings: [{ rule: 'offer-unknown', observed: `whether RDS offers db.r6g.large for shop in ${TOKYO} is not known: ${error.message}`, wanted: 'an answer to rds:DescribeOrderableDBInstanceOptions and rds:DescribeCertificates', mend: 'allow it: dr iam --verb check prints all that a check needs', page: expect.stringMatching(/^https:/) as string }],
      });
    }
    for (const code of ['InvalidParameterValue', 'InvalidParameterCombination']) expect((await failing(awsError('DescribeOrderableDBInstanceOptions', code, TOKYO, 400))).unfit).toHaveLength(1);
    await expect(failing(new Error('a bug'))).rejects.toThrow('a bug');
  });
});
