import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InputOf, OutputOf } from '../../src/aws/operations.ts';
import { makeShop, makeWorld, TOKYO, ZONE, type Fixture } from './fixture.ts';

type Changes = NonNullable<NonNullable<InputOf<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']>['Changes']>;
type RecordSet = NonNullable<OutputOf<'route53', 'ListResourceRecordSets'>['ResourceRecordSets']>[number];

const change = (fixture: Fixture, Changes: Changes) => fixture.call('route53', TOKYO, 'ChangeResourceRecordSets', { HostedZoneId: ZONE, ChangeBatch: { Changes } });
const refusal = (fixture: Fixture, Changes: Changes) => fixture.refused('route53', TOKYO, 'ChangeResourceRecordSets', { HostedZoneId: ZONE, ChangeBatch: { Changes } });
const records = async (fixture: Fixture): Promise<RecordSet[]> => (await fixture.call('route53', TOKYO, 'ListResourceRecordSets', { HostedZoneId: ZONE })).ResourceRecordSets ?? [];
const simple = (name: string, ...values: string[]): RecordSet => ({ Name: name, Type: 'A', TTL: 60, ResourceRecords: values.map((Value) => ({ Value })) });

async function pair(fixture: Fixture): Promise<[RecordSet, RecordSet]> {
  const sets = (await records(fixture)).filter((set) => set.Name === 'shop.example.com.');
  const [primary, secondary] = ['PRIMARY', 'SECONDARY'].map((role) => sets.find((set) => set.Failover === role));
  if (primary === undefined || secondary === undefined) throw new Error('no pair');
  return [primary, secondary];
}

describe('ChangeResourceRecordSets', () => {
  it('swaps a failover pair by four exact changes, seen by users when INSYNC', async () => {
    const shop = makeShop({ timings: { insyncMs: 30_000 } });
    const [seoul, tokyo] = await pair(shop);
    const { ChangeInfo } = await change(shop, [
      { Action: 'DELETE', ResourceRecordSet: seoul },
      { Action: 'DELETE', ResourceRecordSet: tokyo },
      { Action: 'CREATE', ResourceRecordSet: { ...tokyo, Failover: 'PRIMARY' } },
      { Action: 'CREATE', ResourceRecordSet: { ...seoul, Failover: 'SECONDARY' } },
    ]);
    expect(ChangeInfo).toMatchObject({ Status: 'PENDING' });
    expect(ChangeInfo?.Id).toMatch(/^\/change\/C[0-9A-F]+$/);
    const status = async () => (await shop.call('route53', TOKYO, 'GetChange', { Id: ChangeInfo?.Id ?? '' })).ChangeInfo?.Status;
    expect((await pair(shop)).map((set) => set.SetIdentifier)).toEqual(['tokyo', 'seoul']);
    expect(await status()).toBe('PENDING');
    await shop.wait(29_900 - 3 * 20);
    // Tokyo's storefront is not ready: its set is unhealthy, and Seoul's answers in either role.
    const answered = () => shop.world.resolve('shop.example.com', 'A').chain.map((set) => `${set.setIdentifier} ${set.failover}`);
    expect(answered()).toEqual(['seoul PRIMARY']);
    await shop.wait(200);
    expect(await status()).toBe('INSYNC');
    expect(answered()).toEqual(['seoul SECONDARY']);
  });

  it.each(['ü.example.com', 'a b.example.com', '쇼핑.example.com'])('takes no name outside printable ASCII: %s', async (name) => {
    expect(await refusal(makeShop(), [{ Action: 'CREATE', ResourceRecordSet: simple(name, '127.0.0.9') }])).toMatchObject({ code: 'InvalidChangeBatch', message: expect.stringContaining('UnsupportedCharacter') as string });
  });

  it('swaps by two UPSERTs too', async () => {
    const shop = makeShop();
    const [seoul, tokyo] = await pair(shop);
    await change(shop, [
      { Action: 'UPSERT', ResourceRecordSet: { ...seoul, Failover: 'SECONDARY' } },
      { Action: 'UPSERT', ResourceRecordSet: { ...tokyo, Failover: 'PRIMARY' } },
    ]);
    expect((await pair(shop)).map((set) => set.SetIdentifier)).toEqual(['tokyo', 'seoul']);
  });

  it.each<[string, (sets: [RecordSet, RecordSet]) => Changes, RegExp]>([
    ['a second PRIMARY', ([seoul]) => [{ Action: 'CREATE', ResourceRecordSet: { ...seoul, SetIdentifier: 'third' } }], /SetIdentifier third cannot be created as a set with Failover PRIMARY exists|with Failover PRIMARY exists with the same name and type/],
    ['half a swap', ([seoul]) => [{ Action: 'UPSERT', ResourceRecordSet: { ...seoul, Failover: 'SECONDARY' } }], /with Failover SECONDARY exists/],
    ['CREATE of what exists', ([seoul]) => [{ Action: 'CREATE', ResourceRecordSet: seoul }], /Tried to create resource record set \[name='shop\.example\.com\.', type='A', set identifier='seoul'\] but it already exists/],
    ['DELETE of what is not there', ([seoul]) => [{ Action: 'DELETE', ResourceRecordSet: { ...seoul, SetIdentifier: 'x' } }], /Tried to delete .* but it was not found/],
    ['DELETE with another TTL', ([seoul]) => [{ Action: 'DELETE', ResourceRecordSet: { ...seoul, TTL: 61 } }], /but the values provided do not match the current values/],
    ['DELETE with another value', ([seoul]) => [{ Action: 'DELETE', ResourceRecordSet: { ...seoul, ResourceRecords: [{ Value: '192.0.2.9' }] } }], /do not match/],
    ['DELETE without the health check', ([, tokyo]) => [{ Action: 'DELETE', ResourceRecordSet: { ...tokyo, HealthCheckId: undefined } }], /do not match/],
    ['DELETE with another role', ([seoul]) => [{ Action: 'DELETE', ResourceRecordSet: { ...seoul, Failover: 'SECONDARY' } }], /do not match/],
    ['a simple set beside a pair', () => [{ Action: 'CREATE', ResourceRecordSet: simple('shop.example.com', '192.0.2.7') }], /cannot be created as a non-\w+ set exists with the same name and type/],
    ['the same set twice', ([seoul]) => [{ Action: 'UPSERT', ResourceRecordSet: seoul }, { Action: 'UPSERT', ResourceRecordSet: seoul }], /invalid set of changes for a resource record set 'A shop\.example\.com\.'/],
    ['an unknown health check', ([seoul]) => [{ Action: 'UPSERT', ResourceRecordSet: { ...seoul, HealthCheckId: 'hc-none' } }], /hc-none does not exist/],
    ['a name outside the zone', () => [{ Action: 'CREATE', ResourceRecordSet: simple('shop.example.org', '192.0.2.7') }], /RRSet with DNS name shop\.example\.org\. is not permitted in zone example\.com\./],
    ['a CNAME beside an A', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('shop.example.com', 'x.example.com'), Type: 'CNAME' } }], /not permitted because a conflicting RRSet of type CNAME/],
    ['a CNAME at the apex', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('example.com', 'x.example.com'), Type: 'CNAME' } }], /not permitted at apex in zone example\.com\./],
    ['a value that is no address', () => [{ Action: 'CREATE', ResourceRecordSet: simple('a.example.com', 'tokyo') }], /Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address \(Value is not a valid IPv4 address\) encountered with 'tokyo''/],
    ['an IPv4 address in AAAA', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', '192.0.2.7'), Type: 'AAAA' } }], /AAAARRDATAIllegalIPv6Address/],
    ['TXT without quotes', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', 'hello'), Type: 'TXT' } }], /InvalidCharacterString \(Value should be enclosed in quotation marks\) encountered with 'hello'/],
    ['a TXT string of 256 characters', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', `"${'x'.repeat(256)}"`), Type: 'TXT' } }], /CharacterStringTooLong/],
    ['MX without priority', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', 'mail.example.com'), Type: 'MX' } }], /MXRRDATANotTwoFields/],
    ['a CNAME that is no name', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', 'two words'), Type: 'CNAME' } }], /UnsupportedCharacter/],
    ['a PRIMARY without a health check', ([seoul]) => [{ Action: 'UPSERT', ResourceRecordSet: { ...seoul, HealthCheckId: undefined } }], /A non-alias primary ResourceRecordSet must have an associated health check\./],
    ['weighted sets of several TTLs', () => [30, 60].map((TTL) => ({ Action: 'CREATE' as const, ResourceRecordSet: { ...simple('a.example.com', '192.0.2.7'), SetIdentifier: `ttl-${TTL}`, Weight: 1, TTL } })), /must have the same TTL, not 30, 60/],
    ['NS with a routing policy', () => [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', 'ns.example.net'), Type: 'NS', SetIdentifier: 'x', Weight: 1 } }], /may have no routing policy/],
    ['the same value twice', () => [{ Action: 'CREATE', ResourceRecordSet: simple('a.example.com', '192.0.2.7', '192.0.2.7') }], /Duplicate Resource Record: '192\.0\.2\.7'/],
  ])('refuses %s, and changes nothing', async (_name, make, message) => {
    const shop = makeShop();
    const before = await records(shop);
    const good = { Action: 'CREATE' as const, ResourceRecordSet: simple('new.example.com', '192.0.2.50') };
    const error = await refusal(shop, [good, ...make(await pair(shop))]);
    expect(error).toMatchObject({ code: 'InvalidChangeBatch', httpStatus: 400, kind: 'terminal' });
    expect(error.message).toMatch(message);
    expect(await records(shop)).toEqual(before);
  });

  it.each<[string, Partial<RecordSet>, RegExp]>([
    ['a set identifier without policy', { SetIdentifier: 'x' }, /Invalid request: Expected exactly one of \[Weight, Region, .*\], but found none in Change with \[Action=CREATE, Name=a\.example\.com\., Type=A, SetIdentifier=x\]$/],
    ['a policy without set identifier', { Weight: 1 }, /Missing field 'SetIdentifier' in Change with \[.*SetIdentifier=null\]/],
    ['two policies', { Weight: 1, Region: 'ap-northeast-1', SetIdentifier: 'x' }, /but found more than one/],
    ['neither values nor alias', { TTL: undefined, ResourceRecords: undefined }, /Expected exactly one of \[AliasTarget, all of \[TTL, and ResourceRecords\], or TrafficPolicyInstanceId\], but found none/],
    ['a weight of 256', { Weight: 256, SetIdentifier: 'x' }, /'256' of Weight/],
    ['an empty set identifier', { Weight: 1, SetIdentifier: '' }, /SetIdentifier has between 1 and 128/],
  ])('calls %s InvalidInput', async (_name, fields, message) => {
    const error = await refusal(makeShop(), [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', '192.0.2.7'), ...fields } }]);
    expect(error).toMatchObject({ code: 'InvalidInput', httpStatus: 400 });
    expect(error.message).toMatch(message);
  });

  it('takes a SECONDARY without a health check, and what each type looks like', async () => {
    const shop = makeShop();
    const [, tokyo] = await pair(shop);
    const value = (name: string, Type: RecordSet['Type'], ...values: string[]) => ({ Action: 'CREATE' as const, ResourceRecordSet: { ...simple(`${name}.example.com`, ...values), Type } });
    await change(shop, [
      { Action: 'UPSERT', ResourceRecordSet: { ...tokyo, HealthCheckId: undefined } },
      value('six', 'AAAA', '2001:db8::1'),
      value('text', 'TXT', '"one" "two"', '"\\"quoted\\""'),
      value('mail', 'MX', '10 mail.example.com.'),
      value('srv', 'SRV', '1 10 5432 db.example.com'),
      value('caa', 'CAA', '0 issue "ca.example.net"'),
      value('db', 'CNAME', 'orders.seoul.example.'),
    ]);
    await shop.wait(30_000);
    expect(shop.world.resolve('six.example.com', 'AAAA').chain[0]?.values).toEqual(['2001:db8::1']);
    expect(shop.world.resolve('db.example.com', 'CNAME').chain[0]?.values).toEqual(['orders.seoul.example.']);
  });

  it('keeps the SOA and NS of the zone', async () => {
    const shop = makeShop();
    for (const type of ['SOA', 'NS']) {
      const set = (await records(shop)).find((found) => found.Type === type);
      expect((await refusal(shop, [{ Action: 'DELETE', ResourceRecordSet: set }])).code).toBe('InvalidChangeBatch');
    }
  });

  it('takes 1,000 elements, of which an UPSERT is two, and 32,000 characters', async () => {
    const { world, ...fixture } = makeWorld();
    world.addHostedZone({ id: ZONE, name: 'example.com', records: [] });
    const shop = { world, ...fixture };
    const many = (count: number, Action: 'CREATE' | 'UPSERT', from = 0) => Array.from({ length: count }, (_, i) => ({ Action, ResourceRecordSet: simple(`a${i + from}.example.com`, '192.0.2.1') }));
    expect((await refusal(shop, many(1001, 'CREATE'))).message).toContain('Number of records limit of 1000 exceeded');
    expect((await refusal(shop, many(501, 'UPSERT'))).message).toContain('Number of records limit of 1000 exceeded');
    await change(shop, many(500, 'UPSERT'));
    // A thousand changes use up what is saved; a hundred a second come back.
    expect((await refusal(shop, many(100, 'CREATE', 500))).code).toBe('Throttling');
    await shop.wait(10_000);
    await change(shop, many(1000, 'CREATE', 500));
    // 128 values of 250 characters each are 32,000.
    const text = (more: string) => [{ Action: 'CREATE' as const, ResourceRecordSet: { Name: 't.example.com', Type: 'TXT' as const, TTL: 1, ResourceRecords: Array.from({ length: 128 }, (_, i) => ({ Value: `"${String(i).padStart(248, '0')}${i === 0 ? more : ''}"` })) } }];
    await shop.wait(10_000);
    expect((await refusal(shop, text('x'))).message).toContain('Number of characters limit of 32000 exceeded');
    await change(shop, text(''));
  });

  it('refuses a change that comes while another of the zone is under way', async () => {
    const shop = makeShop();
    const one = (name: string) =>
      shop.world.call({ service: 'route53', region: TOKYO, operation: 'ChangeResourceRecordSets', input: { HostedZoneId: ZONE, ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: simple(name, '192.0.2.1') }] } } });
    const outcomes = await shop.clock.run(() => Promise.allSettled([one('a.example.com'), one('b.example.com')]));
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'PriorRequestNotComplete', httpStatus: 400, kind: 'retryable' });
    await shop.clock.run(() => one('b.example.com'));
  });

  it('refuses routing that it does not model, and input that is no change', async () => {
    const shop = makeShop();
    const multivalue = { ...simple('a.example.com', '192.0.2.1'), SetIdentifier: 'x', MultiValueAnswer: true };
    expect((await refusal(shop, [{ Action: 'CREATE', ResourceRecordSet: multivalue }])).code).toBe('SimulatorUnsupported');
    expect((await refusal(shop, [])).code).toBe('InvalidInput');
    expect((await refusal(shop, [{ Action: 'CREATE', ResourceRecordSet: { ...simple('a.example.com', '192.0.2.1'), TTL: undefined } }])).message).toContain("Missing field 'TTL'");
    const unknown = await shop.refused('route53', TOKYO, 'ChangeResourceRecordSets', { HostedZoneId: 'ZNONE', ChangeBatch: { Changes: [] } });
    expect(unknown).toMatchObject({ code: 'NoSuchHostedZone', httpStatus: 404 });
    expect(await shop.refused('route53', TOKYO, 'GetChange', { Id: 'CNONE' })).toMatchObject({ code: 'NoSuchChange', httpStatus: 404 });
  });

  it('is all or nothing, for any batch', async () => {
    const outcomes = new Set<boolean>();
    const set = fc.record({ name: fc.constantFrom('a', 'b', 'shop'), value: fc.constantFrom('192.0.2.2', '192.0.2.1', 'bad'), role: fc.constantFrom('PRIMARY', 'SECONDARY', undefined), id: fc.constantFrom('seoul', 'tokyo') });
    const one = fc.record({ action: fc.constantFrom('CREATE' as const, 'DELETE' as const, 'UPSERT' as const), set });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 5 }), async (steps) => {
        const shop = makeShop({ timings: { callMs: 0 } });
        const before = await records(shop);
        const batch: Changes = steps.map(({ action, set: { name, value, role, id } }) => ({
          Action: action,
          ResourceRecordSet: { ...simple(`${name}.example.com`, value), ...(role === undefined ? {} : { Failover: role, SetIdentifier: id, HealthCheckId: `hc-${id}` }) },
        }));
        const accepted = await change(shop, batch).then(() => true, () => false);
        const after = await records(shop);
        const expected = new Map(before.map((entry) => [`${entry.Name} ${entry.Type} ${entry.SetIdentifier}`, entry.ResourceRecords?.[0]?.Value]));
        for (const { Action, ResourceRecordSet: entry } of accepted ? batch : []) {
          const key = `${entry?.Name}. ${entry?.Type} ${entry?.SetIdentifier}`;
          if (Action === 'DELETE') expected.delete(key);
          else expected.set(key, entry?.ResourceRecords?.[0]?.Value);
        }
        expect(new Map(after.map((entry) => [`${entry.Name} ${entry.Type} ${entry.SetIdentifier}`, entry.ResourceRecords?.[0]?.Value]))).toEqual(expected);
        outcomes.add(accepted);
        for (const role of ['PRIMARY', 'SECONDARY']) {
          for (const name of ['a', 'b', 'shop']) expect(after.filter((entry) => entry.Failover === role && entry.Name === `${name}.example.com.`).length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
    expect(outcomes).toEqual(new Set([true, false]));
  });
});
