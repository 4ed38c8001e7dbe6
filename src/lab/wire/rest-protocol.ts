import type { OperationSchema, ServiceSchema } from '../../aws/schemas.ts';
import { type Protocol, WireError } from './message.ts';
import { errorResponse } from './query-protocol.ts';
import { readRestInput, writeRestReply, xmlBody } from './rest-bindings.ts';

interface Route {
  operation: OperationSchema;
  method: string;
  segments: string[];
}

const routes = new WeakMap<ServiceSchema, Route[]>();

/** Fixed segments come before labels, so that `/healthcheckcount` is never taken for an id. */
function routesOf(schema: ServiceSchema): Route[] {
  const known = routes.get(schema);
  if (known) return known;
  const made = schema.operationNames().flatMap((name): Route[] => {
    const operation = schema.operation(name);
    if (operation?.http === undefined) return [];
    const [method, path] = operation.http;
    return [{ operation, method, segments: segmentsOf(path.replace(/\?.*$/, '')) }];
  });
  const labels = (route: Route) => route.segments.filter((segment) => segment.startsWith('{')).length;
  made.sort((a, b) => labels(a) - labels(b));
  routes.set(schema, made);
  return made;
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** The operation that a method and a path stand for, and what its labels hold. @throws WireError when there is none */
function findRoute(schema: ServiceSchema, method: string, path: string): { route: Route; labels: Record<string, string> } {
  const given = segmentsOf(path);
  for (const route of routesOf(schema)) {
    if (route.method !== method || route.segments.length !== given.length) continue;
    const labels: Record<string, string> = {};
    const fits = route.segments.every((segment, i) => {
      const label = /^\{(\w+)\+?\}$/.exec(segment)?.[1];
      if (label === undefined) return segment === given[i];
      labels[label] = decodeSegment(given[i] ?? '');
      return true;
    });
    if (fits) return { route, labels };
  }
  throw new WireError('UnknownOperationException', 404, `${method} ${path.slice(0, 200)} is no operation of this service`);
}

/** @throws WireError when the percent signs do not make sense */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new WireError('InvalidURI', 400, 'the path is not properly percent-encoded');
  }
}

function rest(body: 'xml' | 'json', fault: Protocol['fault']): Protocol {
  return {
    operationName: (message, { schema }) => findRoute(schema, message.method, message.path).route.operation.name,
    input: (message, operation, { schema }) => readRestInput(operation, findRoute(schema, message.method, message.path).labels, message, body),
    reply: async (output, operation, { schema }, requestId) => {
      const reply = await writeRestReply(operation, output, schema.xmlNamespace, body);
      if (body === 'json') reply.headers['content-type'] ??= 'application/json';
      reply.headers['x-amzn-requestid'] = requestId;
      return reply;
    },
    fault,
  };
}

/** Route 53. https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html */
export const restXml = rest('xml', (fault, _message, { schema }, requestId) => ({
  status: fault.status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
  body: xmlBody(errorResponse(fault, schema.xmlNamespace, requestId)),
}));

/** Lambda. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html */
export const restJson = rest('json', (fault, _message, _to, requestId) => ({
  status: fault.status,
  headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': fault.code },
  body: Buffer.from(JSON.stringify({ message: fault.message }), 'utf8'),
}));
