import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda } from '../../src/simulator/agenda.ts';
import { Table } from '../../src/simulator/table.ts';

describe('Table', () => {
  it('shows any time of its past as it was then, in the order of keys', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'aa', 'B'), value: fc.option(fc.nat(), { nil: undefined }), after: fc.integer({ min: 0, max: 2 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, sortEarly) => {
        const table = new Table<number>();
        table.seed('seeded', 1);
        if (sortEarly) table.keys();
        const model = new Map<string, number>([['seeded', 1]]);
        const past = new Map<number, Map<string, number>>([[0, new Map(model)]]);
        let now = 0;
        for (const { key, value, after } of steps) {
          now += after;
          if (value === undefined) {
            table.delete(key, now);
            model.delete(key);
          } else {
            table.set(key, value, now);
            model.set(key, value);
          }
          past.set(now, new Map(model));
        }
        for (const [at, rows] of past) {
          expect(table.keys(at)).toEqual([...rows.keys()].sort());
          for (const key of ['a', 'b', 'c', 'aa', 'B', 'seeded']) expect(table.get(key, at)).toBe(rows.get(key));
        }
        expect(table.keys()).toEqual([...model.keys()].sort());
        expect(table.startingWith('a').map(([key]) => key)).toEqual([...model.keys()].filter((key) => key.startsWith('a')).sort());
        expect(table.size).toBe(model.size);
      }),
    );
  });

  it('keeps a bounded past', () => {
    const table = new Table<number>();
    for (let i = 0; i < 100_000; i++) table.set('k', i, i);
    expect(table.get('k', 99_990)).toBe(99_990);
    expect(table.get('k', 10)).toBeGreaterThan(99_000);
  });
});

describe('Agenda', () => {
  it('lets things happen in the order of their time, also those that come up meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), fc.integer({ min: 0, max: 60 }), (dues, now) => {
        const agenda = new Agenda();
        const seen: number[] = [];
        for (const due of dues) {
          agenda.at(due, (at) => {
            seen.push(at);
            if (at % 7 === 0) agenda.at(at + 3, (later) => seen.push(later));
          });
        }
        agenda.advance(now);
        const expected = dues.flatMap((due) => (due % 7 === 0 ? [due, due + 3] : [due])).filter((due) => due <= now).sort((a, b) => a - b);
        expect(seen).toEqual(expected);
        expect((agenda.nextDue ?? Number.POSITIVE_INFINITY) > now).toBe(true);
      }),
    );
  });
});
