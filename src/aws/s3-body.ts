import { Readable } from 'node:stream';
import type { OutputOf } from './operations.ts';

type Body = NonNullable<OutputOf<'s3', 'GetObject'>['Body']>;

/** Bytes as the body of an S3 GetObject answer, with the reading methods of the SDK's own. */
export function bodyOf(bytes: Uint8Array): Body {
  const buffer = Buffer.from(bytes);
  // One chunk, made lazily: an unread stream holds nothing open.
  const stream = Readable.from(
    (function* () {
      if (buffer.length > 0) yield buffer;
    })(),
    { objectMode: false },
  );
  return Object.assign(stream, {
    transformToByteArray: () => Promise.resolve(new Uint8Array(buffer)),
    transformToString: (encoding?: string) => Promise.resolve(buffer.toString(asEncoding(encoding))),
    transformToWebStream: () => new Blob([buffer]).stream(),
  });
}

function asEncoding(encoding: string | undefined): BufferEncoding {
  const name = encoding ?? 'utf8';
  if (!Buffer.isEncoding(name)) throw new TypeError(`unknown encoding ${name}`);
  return name;
}
