/*
 * What a status of AWS means, one table for each enumeration that a decision rests on. Code asks the table and compares no
 * status with a text of its own. A value that is not in the table is unknown: neither down nor ready, and shown as AWS wrote it.
 */

/** `unknown`: AWS documents neither. */
export type Answer = 'yes' | 'no' | 'unknown';

export interface StateTable<Meaning> {
  /** Field of the API, e.g. `DBInstanceStatus`. */
  field: string;
  /** AWS page that lists the values. */
  page: string;
  states: Readonly<Record<string, Noted<Meaning>>>;
  /** Of a value that is not listed, and of a missing one. */
  unlisted: Meaning;
}

/** With AWS's reason, where it is another page than that of the table, or where it needs words. */
export type Noted<Meaning> = Meaning & { note?: string };

/** A meaning, with the status as AWS wrote it. */
type Stated<Meaning> = Meaning & {
  /** For people: what AWS wrote, or `in no known status`. */
  shown: string;
  /** Whether the table lists it. */
  listed: boolean;
};

/** A table that tells the meaning of a status. Not to be changed: all who ask for one that is listed get the same. */
export type States<Meaning> = StateTable<Meaning> & ((status: string | undefined) => Readonly<Stated<Meaning>>);

export function statesOf<Meaning extends object>(table: StateTable<Meaning>): States<Meaning> {
  const listed = new Map(Object.entries(table.states).map(([status, meaning]) => [status, Object.freeze({ ...meaning, shown: status, listed: true })]));
  const meaningOf = (status = '') => listed.get(status) ?? { ...table.unlisted, shown: status === '' ? 'in no known status' : status, listed: false };
  return Object.assign(meaningOf, table);
}
