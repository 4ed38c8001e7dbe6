/** The encoding of SSH: https://www.rfc-editor.org/rfc/rfc4251#section-5. */

/** A length in four bytes, then the bytes. */
export function packed(data: string | Uint8Array): Buffer {
  const bytes = Buffer.from(data);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads what `packed` wrote. @throws Error where it ends too early. */
export class WireReader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = Buffer.from(data);
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#data.length) throw new Error('it ends too early');
    const part = this.#data.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  uint32(): number {
    return this.bytes(4).readUInt32BE();
  }

  string(): Buffer {
    return this.bytes(this.uint32());
  }

  text(): string {
    return this.string().toString('utf8');
  }

  /** A positive number without leading zeros. */
  number(): Buffer {
    const bytes = this.string();
    let from = 0;
    while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
    return bytes.subarray(from);
  }

  /** @throws Error when something is left. */
  end(): void {
    if (this.#at !== this.#data.length) throw new Error('something stands behind its end');
  }
}
