import type * as z from 'zod';
import type { $ZodType } from 'zod/v4/core';
import type { Path } from './yaml-reader.ts';

/** The parts of a schema's definition that lead further down; which of them exist depends on `type`. */
interface Definition {
  type: string;
  shape?: Readonly<Record<string, $ZodType>>;
  valueType?: $ZodType;
  element?: $ZodType;
  options?: readonly $ZodType[];
  in?: $ZodType;
  innerType?: $ZodType;
  left?: $ZodType;
  right?: $ZodType;
}

/** The keys that a schema knows for the map at `path`, in the order of the schema. Empty where any key may stand. */
export function schemaKeys(schema: z.ZodType, path: Path): string[] {
  let here: $ZodType[] = [schema];
  for (const part of path) here = here.flatMap((s) => plain(s)).flatMap((s) => child(s, part));
  const keys = here.flatMap((s) => plain(s)).flatMap((s) => Object.keys(definition(s).shape ?? {}));
  return [...new Set(keys)];
}

/** Without wrappers; the branches of a union side by side. */
function plain(schema: $ZodType): $ZodType[] {
  const { options, in: input, innerType, left, right } = definition(schema);
  const inner = [...(options ?? []), ...[input, innerType, left, right].filter((s) => s !== undefined)];
  return inner.length === 0 ? [schema] : inner.flatMap(plain);
}

function child(schema: $ZodType, part: PropertyKey): $ZodType[] {
  const { shape, valueType, element } = definition(schema);
  const next = shape !== undefined && typeof part === 'string' && Object.hasOwn(shape, part) ? shape[part] : (valueType ?? element);
  return next === undefined ? [] : [next];
}

function definition(schema: $ZodType): Definition {
  return schema._zod.def;
}
