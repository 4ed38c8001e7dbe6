import type { Protocol } from './message.ts';
import { readRestInput, writeRestReply } from './rest-bindings.ts';
import { findRoute } from './rest-xml-protocol.ts';

/** Lambda. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html */
export const restJson: Protocol = {
  operationName: (message, { schema }) => findRoute(schema, message.method, message.path).route.operation.name,
  input: (message, operation, { schema }) =>
    readRestInput(operation, findRoute(schema, message.method, message.path).labels, message, 'json'),
  reply: async (output, operation, { schema }, requestId) => {
    const reply = await writeRestReply(operation, output, schema.xmlNamespace, 'json');
    reply.headers['content-type'] ??= 'application/json';
    reply.headers['x-amzn-requestid'] = requestId;
    return reply;
  },
  fault: (fault, _message, _to, requestId) => ({
    status: fault.status,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': fault.code },
    body: Buffer.from(JSON.stringify({ message: fault.message }), 'utf8'),
  }),
};
