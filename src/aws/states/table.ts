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
  states: Readonly<Record<string, Meaning>>;
  /** Of a value that is not listed, and of a missing one. */
  unlisted: Meaning;
}

/** A meaning, with the status as AWS wrote it. */
export type Stated<Meaning> = Meaning & {
  /** For people: what AWS wrote, or `in no known status`. */
  shown: string;
  /** Whether the table lists it. */
  listed: boolean;
};

/** Of the statuses that tables list: looks ask for the same few by the thousand. */
const listed = new WeakMap<object, Map<string, object>>();

/** The meaning of a status. Never throws. Not to be changed: all who ask for one that is listed get the same. */
export function stateIn<Meaning extends object>(table: StateTable<Meaning>, status: string | undefined): Stated<Meaning> {
  const known = listed.get(table) ?? new Map<string, object>();
  const found = status === undefined ? undefined : known.get(status);
  if (found !== undefined) return found as Stated<Meaning>;
  const stated = statedIn(table, status);
  if (stated.listed && status !== undefined) listed.set(table, known.set(status, Object.freeze(stated)));
  return stated;
}

function statedIn<Meaning extends object>(table: StateTable<Meaning>, status: string | undefined): Stated<Meaning> {
  const meaning = status !== undefined && Object.hasOwn(table.states, status) ? table.states[status] : undefined;
  return { ...(meaning ?? table.unlisted), shown: status === undefined || status === '' ? 'in no known status' : status, listed: meaning !== undefined };
}
