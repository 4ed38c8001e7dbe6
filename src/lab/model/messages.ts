/**
 * The few messages of PostgreSQL's protocol 3.0 that the model sends and reads.
 * https://www.postgresql.org/docs/17/protocol-message-formats.html
 */
import type { Value } from './statement.ts';

const OID = { bool: 16, text: 25 } as const;

export const SSL_REQUEST = 80_877_103;
export const GSS_REQUEST = 80_877_104;
export const CANCEL_REQUEST = 80_877_102;
export const PROTOCOL_3 = 196_608;

function message(type: string, ...parts: readonly (Buffer | string | number)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? text(part) : typeof part === 'number' ? int32(part) : part)));
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export const say = {
  askPassword: () => message('R', 3),
  welcome: () => message('R', 0),
  parameter: (name: string, value: string) => message('S', name, value),
  key: () => message('K', 1, 1),
  ready: () => message('Z', Buffer.from('I')),
  parseComplete: () => message('1'),
  bindComplete: () => message('2'),
  closeComplete: () => message('3'),
  noData: () => message('n'),
  parameterTypes: () => message('t', int16(0)),
  complete: (tag: string) => message('C', tag),
  error: (severity: 'ERROR' | 'FATAL', state: string, words: string) =>
    message('E', `S${severity}`, `V${severity}`, `C${state}`, `M${words}`, Buffer.from([0])),
  columns: (columns: readonly { name: string; type: keyof typeof OID }[]) =>
    message('T', int16(columns.length), ...columns.flatMap(({ name, type }) => [name, 0, int16(0), OID[type], int16(-1), -1, int16(0)])),
  row: (values: readonly Value[]) =>
    message('D', int16(values.length), ...values.flatMap((value) => {
      if (value === null) return [-1];
      const bytes = Buffer.from(value);
      return [bytes.length, bytes];
    })),
};

export class Body {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  string(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const value = this.#bytes.toString('utf8', this.#at, end < 0 ? this.#bytes.length : end);
    this.#at = end < 0 ? this.#bytes.length : end + 1;
    return value;
  }

  letter(): string {
    return this.#bytes.toString('latin1', this.#at, ++this.#at);
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  /** A value with its length before it; null when the length is -1. */
  value(): Value {
    const length = this.#bytes.readInt32BE(this.#at);
    this.#at += 4;
    if (length < 0) return null;
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }
}
