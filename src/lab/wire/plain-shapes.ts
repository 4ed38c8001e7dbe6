import type { Member, Shape, StructureShape } from '../../aws/schemas.ts';
import { WireError } from './message.ts';
import { readTimestamp, toBuffer } from './scalars.ts';

/** How a format that has objects and lists of its own (JSON, CBOR) carries what it has no type for. */
export interface PlainFormat {
  timestamp(date: Date): unknown;
  blob(bytes: Buffer): unknown;
  number(value: number): unknown;
}

/** A value of a shape as plain objects, lists and scalars. */
export function writePlain(value: unknown, shape: Shape, format: PlainFormat): unknown {
  switch (shape.type) {
    case 'structure': {
      const fields: Record<string, unknown> = {};
      for (const [name, member] of shape.members) {
        const field = (value as Record<string, unknown>)[name];
        if (field !== undefined && field !== null) fields[name] = writePlain(field, member.shape, format);
      }
      return fields;
    }
    case 'list':
      return (value as unknown[]).map((item) => writePlain(item, shape.member.shape, format));
    case 'map':
      return mapValues(value as Record<string, unknown>, (item) => writePlain(item, shape.value.shape, format));
    case 'timestamp':
      return format.timestamp(value instanceof Date ? value : new Date(value as string | number));
    case 'blob':
    case 'stream':
      return format.blob(toBuffer(value));
    case 'number':
      return format.number(value as number);
    default:
      return value;
  }
}

/**
 * The input of an operation out of decoded JSON or CBOR. Unknown members are left out.
 * @throws WireError when a value is not of its shape
 */
export function readPlainStructure(shape: StructureShape, value: unknown, name: string): Record<string, unknown> {
  if (!isRecord(value)) throw wrongType(name, 'a structure');
  const fields: Record<string, unknown> = {};
  for (const [key, member] of shape.members) {
    const field = Object.hasOwn(value, key) ? value[key] : undefined;
    if (field !== undefined && field !== null) fields[key] = readPlain(member, field, key);
  }
  return fields;
}

function readPlain({ shape }: Member, value: unknown, name: string): unknown {
  switch (shape.type) {
    case 'structure':
      return readPlainStructure(shape, value, name);
    case 'list':
      if (!Array.isArray(value)) throw wrongType(name, 'a list');
      return value.map((item: unknown) => readPlain(shape.member, item, name));
    case 'map':
      if (!isRecord(value)) throw wrongType(name, 'a map');
      return mapValues(value, (item) => readPlain(shape.value, item, name));
    case 'timestamp':
      if (value instanceof Date) return value;
      if (typeof value !== 'number' && typeof value !== 'string') throw wrongType(name, 'a timestamp');
      return readTimestamp(value, name);
    case 'blob':
    case 'stream':
      if (value instanceof Uint8Array) return Buffer.from(value);
      if (typeof value !== 'string') throw wrongType(name, 'bytes');
      return Buffer.from(value, 'base64');
    case 'number':
      if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
      if (typeof value !== 'number') throw wrongType(name, 'a number');
      return value;
    case 'string':
    case 'boolean':
      if (typeof value !== shape.type) throw wrongType(name, `a ${shape.type}`);
      return value;
    default:
      return value;
  }
}

function wrongType(name: string, wanted: string): WireError {
  return new WireError('SerializationException', 400, `${name} must be ${wanted}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function mapValues(value: Record<string, unknown>, f: (item: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, f(item)]));
}

/** JSON: seconds since the epoch, base64, and texts for what is no number. */
export const JSON_FORMAT: PlainFormat = {
  timestamp: (date) => date.getTime() / 1000,
  blob: (bytes) => bytes.toString('base64'),
  number: (value) => (Number.isFinite(value) ? value : String(value)),
};

export const CBOR_FORMAT: PlainFormat = {
  timestamp: (date) => date,
  blob: (bytes) => bytes,
  number: (value) => value,
};
