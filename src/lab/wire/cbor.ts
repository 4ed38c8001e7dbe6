/**
 * As much of CBOR (RFC 8949) as Smithy's rpc-v2-cbor uses: integers, floats, texts, bytes, lists, maps with text
 * keys, booleans, null, and tag 1 for timestamps. Maps and lists may be of indefinite length when read.
 */

const MAX_DEPTH = 64;
const BREAK = Symbol('break');

/** @throws SyntaxError when the bytes are not one whole value */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(Buffer.from(bytes));
  const value = reader.value(0);
  if (!reader.atEnd) throw new SyntaxError('bytes after the CBOR value');
  return value;
}

class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  value(depth: number): unknown {
    const value = this.item(depth);
    if (value === BREAK) throw new SyntaxError('a CBOR break where a value belongs');
    return value;
  }

  private item(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new SyntaxError('CBOR is nested too deep');
    const head = this.take(1).readUInt8();
    const major = head >> 5;
    const minor = head & 31;
    if (major === 7) return this.simple(minor);
    const indefinite = minor === 31;
    const length = indefinite ? Number.POSITIVE_INFINITY : this.argument(minor);
    switch (major) {
      case 0:
        return length;
      case 1:
        return -1 - length;
      case 2:
        return this.chunks(length, indefinite, depth);
      case 3:
        return this.chunks(length, indefinite, depth).toString('utf8');
      case 4:
        return this.list(length, depth);
      case 5:
        return this.map(length, depth);
      default:
        return tagged(length, this.value(depth + 1));
    }
  }

  private take(count: number): Buffer {
    if (count > this.bytes.length - this.at) throw new SyntaxError('CBOR ends too early');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  private argument(minor: number): number {
    if (minor < 24) return minor;
    if (minor === 24) return this.take(1).readUInt8();
    if (minor === 25) return this.take(2).readUInt16BE();
    if (minor === 26) return this.take(4).readUInt32BE();
    if (minor === 27) return Number(this.take(8).readBigUInt64BE());
    throw new SyntaxError('a CBOR length that does not exist');
  }

  private simple(minor: number): unknown {
    if (minor === 20 || minor === 21) return minor === 21;
    if (minor === 22 || minor === 23) return null;
    if (minor === 25) return halfFloat(this.take(2).readUInt16BE());
    if (minor === 26) return this.take(4).readFloatBE();
    if (minor === 27) return this.take(8).readDoubleBE();
    if (minor === 31) return BREAK;
    throw new SyntaxError('a simple CBOR value that is not known');
  }

  private chunks(length: number, indefinite: boolean, depth: number): Buffer {
    if (!indefinite) return this.take(length);
    const parts = this.list(length, depth).map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
    if (!parts.every((part) => Buffer.isBuffer(part))) throw new SyntaxError('a CBOR text of something else');
    return Buffer.concat(parts);
  }

  private list(length: number, depth: number): unknown[] {
    const list: unknown[] = [];
    while (list.length < length) {
      const item = this.item(depth + 1);
      if (item === BREAK && length === Number.POSITIVE_INFINITY) break;
      if (item === BREAK) throw new SyntaxError('a CBOR break where a value belongs');
      list.push(item);
    }
    return list;
  }

  private map(length: number, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    while (entries.length < length) {
      const key = this.item(depth + 1);
      if (key === BREAK && length === Number.POSITIVE_INFINITY) break;
      if (typeof key !== 'string') throw new SyntaxError('a CBOR key that is no text');
      entries.push([key, this.value(depth + 1)]);
    }
    return Object.fromEntries(entries);
  }
}

function tagged(tag: number, value: unknown): unknown {
  return tag === 1 && typeof value === 'number' ? new Date(Math.round(value * 1000)) : value;
}

function halfFloat(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Plain objects, lists, texts, numbers, booleans, null, bytes and Dates. Undefined members are left out. */
export function encodeCbor(value: unknown): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: unknown, out: Buffer[]): void {
  if (value === null || value === undefined) out.push(Buffer.of(0xf6));
  else if (typeof value === 'boolean') out.push(Buffer.of(value ? 0xf5 : 0xf4));
  else if (typeof value === 'number') out.push(numberBytes(value));
  else if (typeof value === 'string') out.push(head(3, Buffer.byteLength(value)), Buffer.from(value));
  else if (value instanceof Uint8Array) out.push(head(2, value.length), Buffer.from(value));
  else if (value instanceof Date) out.push(Buffer.of(0xc1), float(value.getTime() / 1000));
  else if (Array.isArray(value)) {
    out.push(head(4, value.length));
    for (const item of value) write(item, out);
  } else {
    const entries = Object.entries(value).filter(([, field]) => field !== undefined);
    out.push(head(5, entries.length));
    for (const [key, field] of entries) {
      write(key, out);
      write(field, out);
    }
  }
}

function numberBytes(value: number): Buffer {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return float(value);
  return value >= 0 ? head(0, value) : head(1, -1 - value);
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xfb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function head(major: number, length: number): Buffer {
  const top = major << 5;
  if (length < 24) return Buffer.of(top | length);
  if (length < 0x1_0000_0000) {
    const bytes = Buffer.of(top | 26, 0, 0, 0, 0);
    bytes.writeUInt32BE(length, 1);
    return bytes;
  }
  const bytes = Buffer.of(top | 27, 0, 0, 0, 0, 0, 0, 0, 0);
  bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}
