import { expect, it } from 'vitest';
import { costOf, costText, type Rented } from '../../src/measure/prices.ts';

const text = (...rented: Rented[]) => costText(costOf(rented), 24, 'a day');
const database = (name: string | undefined, storageGb?: number): Rented => ({ what: 'database', class: name, count: 1, storageGb });

it('a size is priced by its family', () => {
  expect(text(database('db.r6g.large', 0))).toBe('about $5.40 a day');
  expect(text(database('db.r6g.16xlarge', 0))).toBe('about $172.80 a day');
  expect(text({ what: 'instance', class: 't3.micro', count: 2 })).toBe('about $0.50 a day');
  expect(text(database('db.r6g.large', 730))).toBe('about $8.16 a day');
});

it('what has no price is named, and never counts as nothing', () => {
  expect(text(database('db.x2g.large', 0))).toBe('not known (no price is known of db.x2g.large)');
  expect(text(database(undefined))).toContain('not known');
  expect(text(database('db.r6g.large'))).toBe('at least $5.40 a day (no price is known of the storage of db.r6g.large)');
  expect(text(database('db.r6g.metal', 0), database('db.r6g.large', 0))).toBe('at least $5.40 a day (no price is known of db.r6g.metal)');
  for (const odd of ['', 'constructor', 'db.constructor.large', 'db.r6g.constructor', 'r6g', 'db.r6g.0xlarge ']) expect(text(database(odd, 0)), odd).toContain('not known');
  // A size of an instance is none of a database.
  expect(text(database('db.c5.large', 0))).toContain('not known');
});

it('nothing that is rented costs nothing', () => {
  expect(text()).toBe('nothing a day');
});
