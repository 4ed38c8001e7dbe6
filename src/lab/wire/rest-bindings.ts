import type { Member, OperationSchema, StructureShape } from '../../aws/schemas.ts';
import type { WireMessage, WireReply } from './message.ts';
import { JSON_FORMAT, readPlainStructure, writePlain } from './plain-shapes.ts';
import { readScalar, toBuffer, writeScalar } from './scalars.ts';
import { element, parseXml, XML_DECLARATION } from './xml.ts';
import { readStructure, writeStructure } from './xml-shapes.ts';

type Fields = Record<string, unknown>;

/** Whether a member travels outside the body. https://smithy.io/2.0/spec/http-bindings.html */
function boundElsewhere({ traits }: Member): boolean {
  return Boolean(
    traits.httpLabel ??
      traits.httpQuery ??
      traits.httpHeader ??
      traits.httpPrefixHeaders ??
      traits.httpPayload ??
      traits.httpResponseCode,
  );
}

/**
 * The input of a REST operation: labels of the path, query, headers, and the body as payload, XML or JSON.
 * @throws SyntaxError when the body is not what it should be; WireError when a value is not of its shape
 */
export function readRestInput(operation: OperationSchema, labels: Record<string, string>, message: WireMessage, body: 'xml' | 'json' = 'xml'): Fields {
  const { shape } = operation.input;
  if (shape.type !== 'structure') return {};
  const input: Fields = {};
  let hasBodyMembers = false;
  for (const [name, member] of shape.members) {
    if (!boundElsewhere(member)) {
      hasBodyMembers = true;
      continue;
    }
    const value = readBound(name, member, labels, message);
    if (value !== undefined) input[name] = value;
  }
  if (hasBodyMembers && message.body.length > 0) {
    const text = message.body.toString('utf8');
    if (body === 'xml') Object.assign(input, readStructure(shape, parseXml(text), boundElsewhere));
    else Object.assign(input, readPlainStructure(inBody(shape), JSON.parse(text), operation.name));
  }
  return input;
}

function inBody(shape: StructureShape): StructureShape {
  return { ...shape, members: new Map([...shape.members].filter(([, member]) => !boundElsewhere(member))) };
}

function readBound(name: string, member: Member, labels: Record<string, string>, message: WireMessage): unknown {
  const { shape, traits } = member;
  if (traits.httpLabel) return labels[name];
  if (traits.httpPayload) return readPayload(member, message.body);
  if (traits.httpPrefixHeaders !== undefined) return readPrefixHeaders(traits.httpPrefixHeaders, message);
  const text = traits.httpQuery
    ? message.query.get(traits.httpQuery)
    : message.headers[(traits.httpHeader ?? '').toLowerCase()]?.toString();
  if (text === undefined || text === null) return undefined;
  if (shape.type === 'list') return text.split(',').map((item) => readScalar(item.trim(), shape.member.shape, name));
  return readScalar(text, shape, name);
}

function readPayload({ shape }: Member, body: Buffer): unknown {
  if (shape.type === 'stream' || shape.type === 'blob') return body;
  if (body.length === 0) return undefined;
  const text = body.toString('utf8');
  return shape.type === 'structure' ? readStructure(shape, parseXml(text)) : text;
}

function readPrefixHeaders(prefix: string, message: WireMessage): Record<string, string> | undefined {
  const found = Object.entries(message.headers)
    .filter(([name]) => name.startsWith(prefix.toLowerCase()))
    .map(([name, value]): [string, string] => [name.slice(prefix.length), String(value)]);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** The reply of a REST operation. `xmlNamespace` goes to the root element. */
export async function writeRestReply(
  operation: OperationSchema,
  output: Fields,
  xmlNamespace: string,
  body: 'xml' | 'json' = 'xml',
): Promise<WireReply> {
  const reply: WireReply = { status: operation.http?.[2] ?? 200, headers: {}, body: Buffer.alloc(0) };
  const { shape, traits } = operation.output;
  if (shape.type !== 'structure') return reply;
  let hasBodyMembers = false;
  for (const [name, member] of shape.members) {
    const value = output[name];
    if (!boundElsewhere(member)) hasBodyMembers = true;
    else if (value !== undefined && value !== null) await writeBound(member, value, reply);
  }
  if (hasBodyMembers && body === 'json') {
    reply.body = Buffer.from(JSON.stringify(writePlain(output, inBody(shape), JSON_FORMAT)), 'utf8');
  } else if (hasBodyMembers) {
    const inner = writeStructure(shape, output, boundElsewhere);
    reply.body = xmlBody(element(traits.xmlName ?? shape.name, inner, xmlNamespace));
    reply.headers['content-type'] ??= 'application/xml';
  }
  return reply;
}

async function writeBound({ shape, traits }: Member, value: unknown, reply: WireReply): Promise<void> {
  if (traits.httpResponseCode) reply.status = Number(value);
  else if (traits.httpPrefixHeaders !== undefined) {
    for (const [name, text] of Object.entries(value as Fields)) reply.headers[traits.httpPrefixHeaders + name] = String(text);
  } else if (traits.httpHeader !== undefined) {
    const items = shape.type === 'list' ? (value as unknown[]) : [value];
    const itemShape = shape.type === 'list' ? shape.member.shape : shape;
    reply.headers[traits.httpHeader.toLowerCase()] = items.map((v) => writeScalar(v, itemShape, 'http-date')).join(',');
  } else if (traits.httpPayload && shape.type === 'structure') {
    reply.body = xmlBody(element(traits.xmlName ?? shape.name, writeStructure(shape, value as Fields)));
  } else if (traits.httpPayload) reply.body = await bytesOf(value);
}

export function xmlBody(xml: string): Buffer {
  return Buffer.from(XML_DECLARATION + xml, 'utf8');
}

/** The bytes of a body, whichever way its maker holds it: text, bytes, the SDK's stream, or any stream. */
async function bytesOf(value: unknown): Promise<Buffer> {
  if (typeof value === 'string' || value instanceof Uint8Array) return toBuffer(value);
  const body = value as { transformToByteArray?: () => Promise<Uint8Array> } & AsyncIterable<Uint8Array>;
  if (typeof body.transformToByteArray === 'function') return toBuffer(await body.transformToByteArray());
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(toBuffer(chunk));
  return Buffer.concat(chunks);
}
