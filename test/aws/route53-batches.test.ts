import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_LIMITS, packBatches } from '../../src/aws/route53-batches.ts';
import { listManyRecordSets, protectionsOf, type RecordChange, type RecordKey } from '../../src/aws/route53.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World } from '../../src/simulator/world.ts';

/** Any region of the run. */
const AT = { region: 'ap-northeast-1' };

const change = (name: string, values: number, Action: 'CREATE' | 'DELETE' | 'UPSERT' = 'CREATE', length = 9): RecordChange => ({
  Action,
  ResourceRecordSet: { Name: name, Type: 'A', TTL: 60, ResourceRecords: Array.from({ length: values }, () => ({ Value: 'x'.repeat(length) })) },
});

function sizeOf(batch: readonly RecordChange[]) {
  let elements = 0;
  let characters = 0;
  for (const { Action, ResourceRecordSet: set } of batch) {
    const times = Action === 'UPSERT' ? 2 : 1;
    elements += times * (set?.ResourceRecords?.length ?? 0);
    for (const record of set?.ResourceRecords ?? []) characters += times * (record.Value ?? '').length;
  }
  return { elements, characters };
}

describe('packBatches', () => {
  it('never passes a limit, never splits a name, loses nothing', () => {
    const group = fc.record({ values: fc.integer({ min: 1, max: 400 }), length: fc.integer({ min: 1, max: 60 }), upsert: fc.boolean() });
    fc.assert(
      fc.property(fc.array(group, { maxLength: 60 }), (sizes) => {
        const groups = sizes.map(({ values, length, upsert }, i) => [change(`n${i}`, Math.min(values, 250), upsert ? 'UPSERT' : 'CREATE', length), change(`n${i}`, 1, 'DELETE', length)]);
        const batches = packBatches(groups);
        for (const batch of batches) {
          expect(sizeOf(batch).elements).toBeLessThanOrEqual(BATCH_LIMITS.elements);
          expect(sizeOf(batch).characters).toBeLessThanOrEqual(BATCH_LIMITS.characters);
        }
        const homes = new Map<string, Set<number>>();
        for (const [i, batch] of batches.entries()) for (const { ResourceRecordSet: set } of batch) homes.set(set?.Name ?? '', (homes.get(set?.Name ?? '') ?? new Set()).add(i));
        expect([...homes.values()].every((in_) => in_.size === 1)).toBe(true);
        expect(batches.flat()).toHaveLength(2 * sizes.length);
      }),
    );
  });

  it('of groups of one size makes as few as there can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 12 }), (count, values) => {
        const groups = Array.from({ length: count }, (_, i) => [change(`n${i}`, values)]);
        expect(packBatches(groups)).toHaveLength(Math.ceil(count / Math.floor(BATCH_LIMITS.elements / values)));
      }),
    );
  });

  const sizes = (batches: RecordChange[][]) => batches.map((batch) => batch.map(({ ResourceRecordSet: set }) => set?.Name).join(' '));

  it('fills a batch up to the limit of elements, an UPSERT counted twice', () => {
    expect(sizes(packBatches([[change('a', 999)], [change('b', 1)]]))).toEqual(['a b']);
    expect(sizes(packBatches([[change('a', 999)], [change('b', 2)]]))).toEqual(['a', 'b']);
    expect(sizes(packBatches([[change('a', 400, 'UPSERT')], [change('b', 100, 'UPSERT')], [change('c', 1)]]))).toEqual(['a b', 'c']);
    expect(sizes(packBatches([[change('a', 1_000)]]))).toEqual(['a']);
    expect(() => packBatches([[change('a', 1_001)]])).toThrow('the sets of a have 1001 elements');
  });

  it('fills a batch up to the limit of characters, those of an UPSERT counted twice', () => {
    expect(sizes(packBatches([[change('a', 2, 'CREATE', 16_000)]]))).toEqual(['a']);
    expect(() => packBatches([[change('a', 1, 'CREATE', 32_001)]])).toThrow('1 elements and 32001 characters');
    expect(() => packBatches([[change('a', 1, 'UPSERT', 16_001)]])).toThrow('2 elements and 32002 characters');
    expect(sizes(packBatches([[change('a', 2, 'CREATE', 10_000)], [change('b', 1, 'CREATE', 12_000)], [change('c', 1, 'CREATE', 12_001)]]))).toEqual(['a b', 'c']);
  });

  it('takes the largest first, leaves out what changes nothing, and leaves its input as it was', () => {
    const groups = [[], [change('small', 1)], [change('large', 600)], [change('alias', 0)], [change('other', 600)]];
    const before = structuredClone(groups);
    expect(sizes(packBatches(groups))).toEqual(['large small alias', 'other']);
    expect(groups).toEqual(before);
    expect(packBatches([])).toEqual([]);
    expect(packBatches([[]])).toEqual([]);
    expect(sizes(packBatches([[{ Action: 'CREATE', ResourceRecordSet: { Name: 'none', Type: 'A' } }]]))).toEqual(['none']);
  });

  it('says which name is too much for one change', () => {
    expect(() => packBatches([[change('n', 400, 'UPSERT'), change('n', 400)]])).toThrow('the sets of n have 1200 elements and 10800 characters: too much for one atomic change');
  });
});

describe('listManyRecordSets', () => {
  it('finds for any names of any zone what each alone would find, in pages and not one by one', async () => {
    const label = fc.constantFrom('a', 'b', 'a-1', 'a1', 'z', '*', '_x', 'shop');
    const name = fc.array(label, { minLength: 1, maxLength: 2 }).map((labels) => `${labels.filter((l, i) => l !== '*' || i === 0).join('.')}.example.com`);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 30 }), fc.array(name, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 40 }), async (there, asked, fill) => {
        const clock = new VirtualClock();
        const world = new World({ clock, seed: 1, regions: ['ap-northeast-1'], timings: { callMs: 0 } });
        const sets = (type: 'A' | 'AAAA', value: string) => there.flatMap((n) => ['s', 't'].map((setIdentifier) => ({ name: n, type, ttl: 1, values: [value], setIdentifier, weight: 1 })));
        const others = Array.from({ length: fill * 20 }, (_, i) => ({ name: `m${i}.example.com`, type: 'A', ttl: 1, values: ['192.0.2.1'] }));
        world.addHostedZone({ id: 'Z0000', name: 'example.com', records: [...sets('A', '192.0.2.1'), ...sets('AAAA', '2001:db8::1'), ...others] });
        const records: RecordKey[] = asked.map((n) => ({ name: n, type: 'A' }));
        const found = await clock.run(() => listManyRecordSets(world, 'Z0000', records, AT));
        expect(found.map((list) => list.map((set) => set.SetIdentifier))).toEqual(asked.map((n) => (there.includes(n) ? ['s', 't'] : [])));
        expect(found.flat().every((set) => set.Type === 'A')).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

it('protectionsOf names the records that are protected, page after page', async () => {
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: ['ap-northeast-1'] });
  world.addHostedZone({ id: 'Z0000', name: 'example.com', records: [] });
  for (let i = 0; i < 650; i++) world.protectRecords('Z0000', { name: `p${i}.example.com`, type: 'A', comment: `c${i}` });
  const records: RecordKey[] = [{ name: 'p649.example.com', type: 'A' }, { name: 'p1.example.com.', type: 'A' }, { name: 'p1.example.com', type: 'AAAA' }, { name: 'free.example.com', type: 'A' }];
  expect((await clock.run(() => protectionsOf(world, 'Z0000', records, AT))).map(({ comment }) => comment)).toEqual(['c649', 'c1']);
});
