import type { OperationSchema } from '../../aws/schemas.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { type Addressee, type Protocol, type WireFault, type WireReply, WireError } from './message.ts';
import { CBOR_FORMAT, JSON_FORMAT, type PlainFormat, readPlainStructure, writePlain } from './plain-shapes.ts';

/** AWS JSON 1.0 and 1.1. https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html */
export function awsJson(contentType: string): Protocol {
  return rpc({
    contentType,
    format: JSON_FORMAT,
    extraHeaders: {},
    operationName: (message) => (message.headers['x-amz-target']?.toString() ?? '').replace(/^.*\./, ''),
    decode: (body) => JSON.parse(body.toString('utf8')) as unknown,
    encode: (value) => Buffer.from(JSON.stringify(value), 'utf8'),
  });
}

/** What boto3 and the AWS CLI send to CloudWatch. https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html */
export const rpcV2Cbor: Protocol = rpc({
  contentType: 'application/cbor',
  format: CBOR_FORMAT,
  extraHeaders: { 'smithy-protocol': 'rpc-v2-cbor' },
  operationName: (message) => /\/operation\/(\w+)$/.exec(message.path)?.[1] ?? '',
  decode: decodeCbor,
  encode: encodeCbor,
});

interface Rpc {
  contentType: string;
  format: PlainFormat;
  extraHeaders: Record<string, string>;
  operationName: Protocol['operationName'];
  decode(body: Buffer): unknown;
  encode(value: unknown): Buffer;
}

function rpc(kind: Rpc): Protocol {
  const reply = (status: number, value: unknown, requestId: string, headers: Record<string, string>): WireReply => ({
    status,
    headers: { 'content-type': kind.contentType, 'x-amzn-requestid': requestId, ...kind.extraHeaders, ...headers },
    body: kind.encode(value),
  });
  return {
    operationName: (message, to) => {
      const name = kind.operationName(message, to);
      if (name === '') throw new WireError('UnknownOperationException', 400, 'the request names no operation');
      return name;
    },
    input: (message, operation) => {
      const { shape } = operation.input;
      if (shape.type !== 'structure' || message.body.length === 0) return {};
      return readPlainStructure(shape, kind.decode(message.body), operation.name);
    },
    reply: (output, operation: OperationSchema, _to: Addressee, requestId) => {
      const { shape } = operation.output;
      return reply(200, shape.type === 'unit' ? {} : writePlain(output, shape, kind.format), requestId, {});
    },
    fault: (fault: WireFault, message, _to, requestId) => {
      const type = fault.status >= 500 ? 'Receiver' : 'Sender';
      // Clients that once spoke Query ask for the code that Query would have given.
      const headers: Record<string, string> =
        message.headers['x-amzn-query-mode'] === 'true' ? { 'x-amzn-query-error': `${fault.code};${type}` } : {};
      return reply(fault.status, { __type: fault.code, message: fault.message }, requestId, headers);
    },
  };
}
