import { canonicalJson, sha256 } from '../base/json.ts';
import type { JournalRecord, RunEvent } from './events.ts';

/** `prev` of a journal's first record. */
export const CHAIN_START = '0'.repeat(64);

/** How an event becomes a record. */
export type Seal = (event: RunEvent, place: { seq: number; run: string; term: number; at: number; prev: string }) => JournalRecord;

/** A record without a hash: of a simulated run whose records nobody keeps. */
export const unsealed: Seal = (event, place) => ({ ...event, ...place, hash: CHAIN_START });

/** Makes a record of an event: its place in the journal, and the hash that binds it to all before it. */
export function seal(event: RunEvent, place: { seq: number; run: string; term: number; at: number; prev: string }): JournalRecord {
  const open = { ...event, ...place };
  return { ...open, hash: sha256(canonicalJson(open)) };
}

/** Why the record does not follow the one before; undefined when it does. */
export function chainBreak(record: JournalRecord, before: JournalRecord | undefined): string | undefined {
  if (!isObject(record)) return 'it is not a record';
  if (!isSealed(record)) return 'its content was changed after it was written';
  if (record.prev !== (before?.hash ?? CHAIN_START)) return 'it does not follow the record before it';
  if (record.seq !== (before === undefined ? 0 : before.seq + 1)) return 'its number does not follow';
  if (before !== undefined && record.run !== before.run) return 'it belongs to another run';
  if (before !== undefined && record.term < before.term) return 'its term is lower than that of the record before';
  return undefined;
}

/** Its hash is that of its content. */
export function isSealed(record: unknown): record is JournalRecord {
  return isObject(record) && sha256(canonicalJson(record, 'hash')) === record.hash;
}

/** What was read is a record by its type only: a line may hold `null` or a number. */
function isObject(value: unknown): value is JournalRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
