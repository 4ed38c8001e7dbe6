import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import { offerFor, type Ordered, zonesOf } from '../../../src/kinds/databases/offered.ts';
import { TOKYO } from '../context.ts';

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
