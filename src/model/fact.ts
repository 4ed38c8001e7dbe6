import type * as z from 'zod';
import type { Json } from '../base/json.ts';

/* What a step records for later steps, a resume and the report: declared once, by name and shape. Earlier journals are read too: a name never changes. */

/** Where facts are read: the context of a step, or the folded state of a run. */
export type FactSource = { fact(name: string): Json | undefined } | { facts: ReadonlyMap<string, Json> };
type Recorder = { record(name: string, value: Json): void };

/** A fact of which there is one for each key: a database, a probe, a record. It is journaled as `<name>.<key>`. */
interface Fact<T> {
  record(ctx: Recorder, key: string, value: T): void;
  /** From now on `read` finds nothing. */
  forget(ctx: Recorder, key: string): void;
  /** Undefined if nothing was recorded, or something that is not of this shape (`has` tells them apart). */
  read(from: FactSource, key: string): T | undefined;
  /** Something was recorded, whether it can be read or not. */
  has(from: FactSource, key: string): boolean;
  /** Keys under which something was recorded, in the order of the journal. */
  keys(state: { facts: ReadonlyMap<string, Json> }): string[];
  /** All that can be read, in the order of the journal. */
  all(state: { facts: ReadonlyMap<string, Json> }): { key: string; value: T }[];
}

/** A fact of which there is one in a run. */
interface SoleFact<T> {
  record(ctx: Recorder, value: T): void;
  read(from: FactSource): T | undefined;
}

function recorded(from: FactSource, name: string): Json | undefined {
  return ('facts' in from ? from.facts.get(name) : from.fact(name)) ?? undefined;
}

/** The journal is JSON, and so are the values that a schema of facts lets through. */
const asJson = (value: unknown): Json => value as Json;

/** What a recorded value is by its schema. Records never change, and the same few are read at every look: each is parsed once. */
function reader<T>(schema: z.ZodType<T>): (value: Json | undefined) => T | undefined {
  const known = new WeakMap<object, { data: T | undefined }>();
  return (value) => {
    // Nothing was recorded: no shape has to be tried for that.
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || value === null) return schema.safeParse(value).data;
    const found = known.get(value) ?? { data: schema.safeParse(value).data };
    known.set(value, found);
    return found.data;
  };
}

export function fact<T>(name: string, schema: z.ZodType<T>): Fact<T> {
  const nameOf = (key: string): string => `${name}.${key}`;
  const parsed = reader(schema);
  const read = (from: FactSource, key: string): T | undefined => parsed(recorded(from, nameOf(key)));
  const has = (from: FactSource, key: string): boolean => recorded(from, nameOf(key)) !== undefined;
  const keys: Fact<T>['keys'] = (state) => [...state.facts.keys()].flatMap((full) => (full.startsWith(nameOf('')) ? [full.slice(name.length + 1)] : [])).filter((key) => has(state, key));
  return {
    record: (ctx, key, value) => ctx.record(nameOf(key), asJson(value)),
    forget: (ctx, key) => ctx.record(nameOf(key), null),
    read,
    has,
    keys,
    all: (state) =>
      keys(state).flatMap((key) => {
        const value = read(state, key);
        return value === undefined ? [] : [{ key, value }];
      }),
  };
}

export function soleFact<T>(name: string, schema: z.ZodType<T>): SoleFact<T> {
  const parsed = reader(schema);
  return {
    record: (ctx, value) => ctx.record(name, asJson(value)),
    read: (from) => parsed(recorded(from, name)),
  };
}
