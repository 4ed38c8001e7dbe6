import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Protocol, type WireMessage, WireError } from './message.ts';
import { readRestInput, writeRestReply, xmlBody } from './rest-bindings.ts';
import { decodeSegment } from './rest-protocol.ts';
import { element, escapeXml } from './xml.ts';

/** Query names that make a path mean something other than the object or its bucket's list. */
const SUBRESOURCES = [
  'accelerate', 'acl', 'analytics', 'attributes', 'cors', 'delete', 'encryption', 'intelligent-tiering', 'inventory',
  'legal-hold', 'lifecycle', 'location', 'logging', 'metrics', 'notification', 'object-lock', 'ownershipControls',
  'partNumber', 'policy', 'policyStatus', 'publicAccessBlock', 'replication', 'requestPayment', 'restore',
  'retention', 'select', 'session', 'tagging', 'torrent', 'uploadId', 'uploads', 'versioning', 'versions', 'website',
];

/** Path-style addressing only: `/bucket/key`. */
function bucketAndKey(path: string): { bucket: string; key: string } {
  const [, bucket = '', key = ''] = /^\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  return { bucket: decodeSegment(bucket), key: key.split('/').map(decodeSegment).join('/') };
}

function operationName(message: WireMessage): string {
  const { method, query } = message;
  const { bucket, key } = bucketAndKey(message.path);
  const subresource = SUBRESOURCES.find((name) => query.has(name));
  if (subresource !== undefined) return `${method} with ?${subresource}`;
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : `${method} /`;
  if (key === '') {
    if (method !== 'GET') return { HEAD: 'HeadBucket', PUT: 'CreateBucket', DELETE: 'DeleteBucket' }[method] ?? method;
    return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  }
  if (method === 'PUT') return message.headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
  return { HEAD: 'HeadObject', GET: 'GetObject', DELETE: 'DeleteObject' }[method] ?? method;
}

/** S3. https://docs.aws.amazon.com/AmazonS3/latest/API/Type_API_Reference.html */
export const s3RestXml: Protocol = {
  operationName,
  input: (message, operation) => {
    const { bucket, key } = bucketAndKey(message.path);
    const plain = withoutChunks(message);
    checkDigests(plain);
    const input = readRestInput(operation, { Bucket: bucket, Key: key }, plain);
    return Object.fromEntries(Object.entries(input).filter(([name]) => !OF_THE_TRANSPORT.test(name)));
  },
  reply: async (output, operation, { schema }, requestId, message) => {
    const listed = message.query.get('encoding-type') === 'url' ? urlEncoded(output) : output;
    const reply = await writeRestReply(operation, listed, schema.xmlNamespace);
    Object.assign(reply.headers, { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId });
    return reply;
  },
  fault: (fault, message, _to, requestId) => {
    const headers = { 'content-type': 'application/xml', 'x-amz-request-id': requestId, 'x-amz-id-2': requestId };
    // Neither an answer to HEAD nor a 304 has a body.
    if (message.method === 'HEAD' || fault.status === 304) return { status: fault.status, headers, body: Buffer.alloc(0) };
    const parts = { Code: fault.code, Message: fault.message, Resource: message.path, RequestId: requestId, HostId: requestId };
    const inner = Object.entries(parts).map(([name, text]) => element(name, escapeXml(text)));
    return { status: fault.status, headers, body: xmlBody(element('Error', inner.join(''))) };
  },
};

/**
 * What clients add to a request on their own account: digests of the body, how to write a list. All of it is dealt
 * with here, so that the handler sees what the user asked for.
 */
const OF_THE_TRANSPORT = /^(Checksum\w+|ContentMD5|ContentLength|EncodingType)$/;

/** What S3 does when asked for `encoding-type=url`, so that keys with any character survive XML. */
function urlEncoded(output: Record<string, unknown>): Record<string, unknown> {
  const encode = (text: unknown) => (typeof text === 'string' ? encodeURIComponent(text).replaceAll('%2F', '/') : text);
  const contents = (output.Contents ?? []) as Record<string, unknown>[];
  const prefixes = (output.CommonPrefixes ?? []) as Record<string, unknown>[];
  return {
    ...output,
    EncodingType: 'url',
    Prefix: encode(output.Prefix),
    Delimiter: encode(output.Delimiter),
    StartAfter: encode(output.StartAfter),
    Contents: contents.map((object) => ({ ...object, Key: encode(object.Key) })),
    CommonPrefixes: prefixes.map((prefix) => ({ ...prefix, Prefix: encode(prefix.Prefix) })),
  };
}

/**
 * Takes the frames of `aws-chunked` off a body; its trailers become headers. Signatures of chunks are not checked.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
function withoutChunks(message: WireMessage): WireMessage {
  const encodings = (message.headers['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  const streaming = message.headers['x-amz-content-sha256']?.toString().startsWith('STREAMING-') ?? false;
  if (!encodings.includes('aws-chunked') && !streaming) return message;
  const headers = { ...message.headers };
  const rest = encodings.filter((encoding) => encoding !== 'aws-chunked' && encoding !== '').join(',');
  if (rest === '') delete headers['content-encoding'];
  else headers['content-encoding'] = rest;
  const { chunks, trailers } = readChunks(message.body);
  const body = Buffer.concat(chunks);
  // The length that came, if any did, counts the frames too.
  return { ...message, headers: { ...headers, ...trailers, 'content-length': String(body.length) }, body };
}

function readChunks(body: Buffer): { chunks: Buffer[]; trailers: Record<string, string> } {
  const broken = new WireError('IncompleteBody', 400, 'the aws-chunked body is not whole');
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at);
    const size = /^([0-9a-f]{1,8})(;|$)/i.exec(body.toString('latin1', at, end < 0 ? at : end))?.[1];
    if (end < 0 || size === undefined) throw broken;
    const length = Number.parseInt(size, 16);
    at = end + 2;
    if (length === 0) break;
    if (at + length > body.length) throw broken;
    chunks.push(body.subarray(at, at + length));
    at += length + 2;
  }
  const lines = body.toString('latin1', at).split('\r\n');
  const pairs = lines.flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
  });
  return { chunks, trailers: Object.fromEntries(pairs) };
}

/** CRC32C and CRC64 are not checked, for Node has no function for them. */
function checkDigests(message: WireMessage): void {
  const { body, headers, method } = message;
  if (method !== 'PUT') return;
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  const hash = (name: string) => createHash(name).update(body).digest('base64');
  const digests: Record<string, () => string> = {
    'x-amz-checksum-crc32': () => crc.toString('base64'),
    'x-amz-checksum-sha1': () => hash('sha1'),
    'x-amz-checksum-sha256': () => hash('sha256'),
    'content-md5': () => hash('md5'),
  };
  for (const [name, digest] of Object.entries(digests)) {
    if (headers[name] !== undefined && headers[name] !== digest()) {
      throw new WireError('BadDigest', 400, `The ${name} you specified did not match what we received.`);
    }
  }
}
