import { describe, expect, it } from 'vitest';
import type { AwsError } from '../../src/aws/errors.ts';
import type { InputOf } from '../../src/aws/operations.ts';
import { makeShop, makeWorld, TOKYO, ZONE } from './fixture.ts';

const RECORDS = 10_000;

async function listAll(fixture: ReturnType<typeof makeWorld>, MaxItems?: number): Promise<string[]> {
  const seen: string[] = [];
  let start: Partial<InputOf<'route53', 'ListResourceRecordSets'>> = {};
  for (;;) {
    const page = await fixture.call('route53', TOKYO, 'ListResourceRecordSets', { HostedZoneId: ZONE, ...start, ...(MaxItems === undefined ? {} : { MaxItems }) });
    for (const set of page.ResourceRecordSets ?? []) seen.push(`${set.Name ?? ''} ${set.Type ?? ''} ${set.SetIdentifier ?? ''}`.trim());
    if (page.IsTruncated !== true) return seen;
    start = { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType, StartRecordIdentifier: page.NextRecordIdentifier };
    await fixture.wait(100);
  }
}

describe('ListResourceRecordSets', () => {
  it('lists in the order of reversed labels, then type, then identifier', async () => {
    const fixture = makeWorld();
    const a = { type: 'A', ttl: 1, values: ['192.0.2.1'] };
    fixture.world.addHostedZone({
      id: ZONE,
      name: 'example.com',
      records: [
        { ...a, name: 'www.example.com' },
        { ...a, name: 'b.a.example.com' },
        { ...a, name: '*.example.com' },
        { ...a, name: 'a.example.com', setIdentifier: 'z', weight: 1 },
        { ...a, name: 'a.example.com', setIdentifier: 'b', weight: 1 },
        { name: 'a.example.com', type: 'TXT', ttl: 1, values: ['"x"'] },
        { ...a, name: 'a-b.example.com' },
        { ...a, name: 'EXAMPLE.com.' },
      ],
    });
    const expected = [
      'example.com. A',
      'example.com. NS',
      'example.com. SOA',
      '\\052.example.com. A',
      'a-b.example.com. A',
      'a.example.com. A b',
      'a.example.com. A z',
      'a.example.com. TXT',
      'b.a.example.com. A',
      'www.example.com. A',
    ];
    expect(await listAll(fixture)).toEqual(expected);
    for (const size of [1, 3, 9]) expect(await listAll(fixture, size), `pages of ${size}`).toEqual(expected);
  });

  it('pages ten thousand sets by at most 300, without a gap or a repetition', async () => {
    const fixture = makeWorld();
    const records = Array.from({ length: RECORDS }, (_, i) => ({ name: `h${(i * 7919) % RECORDS}.example.com`, type: 'A', ttl: 60, values: ['192.0.2.1'] }));
    fixture.world.addHostedZone({ id: ZONE, name: 'example.com', records });
    const seen = await listAll(fixture, 500);
    expect(seen).toHaveLength(RECORDS + 2);
    expect(new Set(seen).size).toBe(seen.length);
    const first = await fixture.call('route53', TOKYO, 'ListResourceRecordSets', { HostedZoneId: ZONE, MaxItems: 500 });
    expect([first.ResourceRecordSets?.length, first.MaxItems, first.IsTruncated]).toEqual([300, 300, true]);
    expect((await fixture.call('route53', TOKYO, 'GetHostedZone', { Id: `/hostedzone/${ZONE}` })).HostedZone?.ResourceRecordSetCount).toBe(RECORDS + 2);
  });

  it('starts at the first set that is not before the start, and refuses a start with a hole', async () => {
    const shop = makeShop();
    const from = (start: Partial<InputOf<'route53', 'ListResourceRecordSets'>>) => ({ HostedZoneId: ZONE, ...start });
    const list = async (start: Partial<InputOf<'route53', 'ListResourceRecordSets'>>) =>
      (await shop.call('route53', TOKYO, 'ListResourceRecordSets', from(start))).ResourceRecordSets?.map((set) => set.SetIdentifier ?? set.Type);
    expect(await list({ StartRecordName: 'SHOP.example.com' })).toEqual(['seoul', 'tokyo']);
    expect(await list({ StartRecordName: 'shop.example.com.', StartRecordType: 'A', StartRecordIdentifier: 'tokyo' })).toEqual(['tokyo']);
    expect(await list({ StartRecordName: 'shop.example.com.', StartRecordType: 'AAAA' })).toEqual([]);
    expect(await list({ StartRecordName: 'q.example.com.' })).toEqual(['seoul', 'tokyo']);
    expect((await shop.refused('route53', TOKYO, 'ListResourceRecordSets', from({ StartRecordType: 'A' }))).code).toBe('InvalidInput');
    expect((await shop.refused('route53', TOKYO, 'ListResourceRecordSets', from({ StartRecordName: 'a.example.com', StartRecordIdentifier: 'x' }))).code).toBe('InvalidInput');
  });

  it('lists zones with a marker', async () => {
    const fixture = makeWorld();
    for (const id of ['Z3', 'Z1', 'Z2']) fixture.world.addHostedZone({ id, name: `${id.toLowerCase()}.example`, records: [] });
    const first = await fixture.call('route53', TOKYO, 'ListHostedZones', { MaxItems: 2 });
    expect([first.HostedZones?.map((zone) => zone.Id), first.IsTruncated, first.NextMarker]).toEqual([['/hostedzone/Z1', '/hostedzone/Z2'], true, 'Z3']);
    const second = await fixture.call('route53', TOKYO, 'ListHostedZones', { MaxItems: 2, Marker: first.NextMarker });
    expect([second.HostedZones?.map((zone) => zone.Name), second.IsTruncated]).toEqual([['z3.example.'], false]);
  });
});

describe('the quota', () => {
  it('is 10 requests a second in a bucket of 50, for the account, whichever region is named', async () => {
    const shop = makeShop({ timings: { callMs: 0 } });
    const ask = () => shop.call('route53', TOKYO, 'GetHostedZone', { Id: ZONE }).then(() => 'ok', (error: unknown) => `${(error as AwsError).code} ${(error as AwsError).httpStatus} ${(error as AwsError).kind}`);
    const answers: string[] = [];
    for (let i = 0; i < 60; i++) answers.push(await ask());
    expect([answers.filter((answer) => answer === 'ok').length, answers.at(-1)]).toEqual([50, 'Throttling 400 retryable']);
    await shop.wait(1000);
    const later: string[] = [];
    for (let i = 0; i < 20; i++) later.push(await ask());
    expect(later.filter((answer) => answer === 'ok')).toHaveLength(10);
  });
});
