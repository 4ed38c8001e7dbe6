import type { Shape } from '../../aws/schemas.ts';
import { WireError } from './message.ts';

type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds';

/** A timestamp as text. `fallback` is the protocol's format where the shape names none. */
function writeTimestamp(value: unknown, shape: Shape, fallback: TimestampFormat): string {
  const date = value instanceof Date ? value : new Date(value as string | number);
  const format = formatOf(shape, fallback);
  if (format === 'http-date') return date.toUTCString();
  if (format === 'epoch-seconds') return String(date.getTime() / 1000);
  return date.toISOString();
}

function formatOf(shape: Shape, fallback: TimestampFormat): TimestampFormat {
  return shape.type === 'timestamp' && shape.format !== 'default' ? shape.format : fallback;
}

/** A simple value as text, for XML, headers and queries. Timestamps: see `writeTimestamp`. */
export function writeScalar(value: unknown, shape: Shape, fallback: TimestampFormat): string {
  if (shape.type === 'timestamp') return writeTimestamp(value, shape, fallback);
  if (shape.type === 'blob') return toBuffer(value).toString('base64');
  return String(value);
}

/**
 * A simple value out of the text of a query, XML, header or label.
 * @throws WireError when the text is not of the shape
 */
export function readScalar(text: string, shape: Shape, name: string): unknown {
  switch (shape.type) {
    case 'number':
      return readNumber(text, name);
    case 'boolean':
      if (/^true$/i.test(text)) return true;
      if (/^false$/i.test(text)) return false;
      throw new WireError('ValidationError', 400, `${name} must be true or false, not '${text.slice(0, 40)}'`);
    case 'timestamp':
      return readTimestamp(text, name);
    case 'blob':
    case 'stream':
      return Buffer.from(text, 'base64');
    default:
      return text;
  }
}

function readNumber(text: string, name: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value) && text !== 'NaN') {
    throw new WireError('ValidationError', 400, `${name} must be a number, not '${text.slice(0, 40)}'`);
  }
  return value;
}

/** ISO 8601, HTTP dates and seconds since the epoch, all of which clients send. */
export function readTimestamp(value: string | number, name: string): Date {
  const seconds = typeof value === 'number' ? value : /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  const date = seconds === undefined ? new Date(value) : new Date(Math.round(seconds * 1000));
  if (Number.isNaN(date.getTime())) throw new WireError('ValidationError', 400, `${name} must be a timestamp`);
  return date;
}

export function toBuffer(value: unknown): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value as Uint8Array);
}
