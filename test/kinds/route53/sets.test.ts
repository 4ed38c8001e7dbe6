import { describe, expect, it } from 'vitest';
import type { RecordSet } from '../../../src/aws/route53.ts';
import { routingTiming } from '../../../src/kinds/route53/ready.ts';
import { addressesIn, addressesOfAnswer, findSet, keyOf, objectSeen, roleOf } from '../../../src/kinds/route53/sets.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { TOKYO } from '../context.ts';
import { aliasOf, awsError, fakeAws, listing, NAME, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

const [OLD, NEW] = ['192.0.2.2', '192.0.2.3'];

/** Names that resolve; another one cannot be asked. */
function looking(names: Record<string, string[]>, aws = fakeAws({}).aws) {
  const resolve = (name: string, type: string) => {
    const values = names[`${name} ${type}`];
    return values === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve({ values, ttl: 60 });
  };
  return { effects: { dns: { resolve }, aws } as unknown as StepContext['effects'], signal: new AbortController().signal, target: TOKYO };
}

it('in a zone a name has one key for each type, however it is written', () => {
  expect([keyOf('Z1', { name: 'Shop.Example.com.', type: 'A' }), keyOf('Z1', { name: NAME, type: 'AAAA' })]).toEqual([`Z1.A.${NAME}`, `Z1.AAAA.${NAME}`]);
});

it('a set is found by its identifier, and has a role or none', () => {
  const sets = [setOf('seoul', OLD, { Failover: 'PRIMARY' }), setOf('tokyo', NEW)];
  expect(findSet(sets, 'tokyo')).toBe(sets[1]);
  expect([roleOf(sets, 'seoul'), roleOf(sets, 'tokyo'), roleOf(sets, 'osaka')]).toEqual(['PRIMARY', undefined, undefined]);
});

describe('the addresses of an answer', () => {
  const names = { 'lb.example.net A': [OLD, NEW], 'lb.example.net AAAA': ['2001:db8::2'], 'four.example.net A': [OLD] };
  it.each([
    ['addresses are their own, in their shortest form', { values: [OLD, '2001:DB8:0::3'], ttl: 60 }, [OLD, '2001:db8::3']],
    ['a CNAME is looked up, by both types', { values: ['lb.example.net'], ttl: 60 }, [OLD, NEW, '2001:db8::2']],
    ['so is an alias', { alias: { zone: ZONE, name: 'lb.example.net', evaluateTargetHealth: true } }, [OLD, NEW, '2001:db8::2']],
    ['of several types all count, and what cannot be asked is left out', { A: { values: [NEW], ttl: 60 }, CNAME: { values: ['four.example.net'], ttl: 60 } }, [NEW, OLD]],
    ['nothing is known', { values: ['gone.example.net'], ttl: 60 }, []],
  ])('%s', async (_what, answer, addresses) => {
    expect(await addressesOfAnswer(looking(names), answer)).toEqual(addresses);
  });
});

describe('an object', () => {
  const seen = (answer: unknown) => {
    const { aws, calls } = fakeAws({ GetObject: answer });
    return { calls, seen: objectSeen(aws, TOKYO, { bucket: 'b', key: 'k' }, { attempts: 2 }) };
  };
  it('is there since a time, or is not there', async () => {
    const at = new Date(1_800_000_000_000);
    const { seen: there, calls } = seen({ Body: {}, ETag: 'e', LastModified: at });
    expect(await there).toEqual({ there: true, modifiedAt: at.getTime() });
    expect(calls).toMatchObject([{ operation: 'GetObject', region: TOKYO, input: { Bucket: 'b', Key: 'k' }, attempts: 2 }]);
    expect(await seen(awsError('NoSuchKey')).seen).toEqual({ there: false });
  });

  it.each([awsError('NoSuchBucket'), awsError('AccessDenied'), NO_ANSWER, Object.assign(new Error('broken'), { code: 'NoSuchKey' })])('is not known: %s', async (error) => {
    await expect(seen(error).seen).rejects.toBe(error);
  });
});

describe('where a region answers its names', () => {
  const www = { name: 'www.example.com', type: 'A' };
  const records = [{ name: 'Shop.example.com', type: 'A' }, www, { name: 'mail.example.com', type: 'MX' }];
  const at = (setOf: (region: string) => string | undefined, sets = [aliasOf('tokyo', 'lb.example.net.')]) => {
    const fake = fakeAws({ ListResourceRecordSets: listing(() => sets) });
    return { calls: fake.calls, found: addressesIn(looking({ 'lb.example.net. A': [NEW], 'lb.example.net. AAAA': [] }, fake.aws), { zone: ZONE, records, setOf }, TOKYO) };
  };

  it('is said by its set, for each name', async () => {
    const { found, calls } = at((region) => (region === TOKYO ? 'tokyo' : undefined));
    expect(Object.fromEntries(await found)).toEqual({ [NAME]: [NEW], 'www.example.com': [], 'mail.example.com': [] });
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatchObject({ timeoutMs: 2_000, attempts: 1 });
  });

  it('is not known without a set', async () => {
    const { found, calls } = at(() => undefined);
    expect([(await found).size, calls.length]).toEqual([0, 0]);
  });
});

describe('how long resolvers keep an answer', () => {
  const to = (name: string, zone = ZONE) => aliasOf('seoul', name, { AliasTarget: { HostedZoneId: zone, DNSName: name, EvaluateTargetHealth: true } });
  const led = (TTL: number) => ({ ...setOf(undefined, '192.0.2.2', { TTL }), Name: 'seoul.example.com.' });
  const takes = async (sets: RecordSet[]) => {
    const fake = fakeAws({ ListResourceRecordSets: listing(() => sets) });
    const at = { effects: { aws: fake.aws }, signal: new AbortController().signal, target: TOKYO } as unknown as Parameters<typeof routingTiming>[0];
    return (await routingTiming(at, { zone: ZONE, record: RECORD })).settle?.basis;
  };

  it('is its TTL; of an alias to a record of the zone, the TTL of that; of another alias, a minute', async () => {
    expect(await takes([setOf('seoul', '192.0.2.2', { TTL: 20 })])).toBe('TTL 20 s');
    expect(await takes([to('lb.example.net.', 'Z14GRHDCWA56QT')])).toBe('TTL 60 s');
    expect(await takes([to('seoul.example.com.'), led(300)])).toBe('TTL 300 s');
    expect(await takes([to('seoul.example.com.'), led(10)])).toBe('TTL 10 s');
    expect(await takes([to('gone.example.com.')])).toBe('TTL 60 s');
  });
});
