import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AwsError, NO_ANSWER } from '../../aws/errors.ts';
import { isOperation, type Service } from '../../aws/operations.ts';
import { serviceSchema } from '../../aws/schemas.ts';
import { listen } from '../ports.ts';
import { scopeOf } from './address.ts';
import { type Addressee, type Protocol, type WireFault, type WireMessage, type WireReply, WireError } from './message.ts';
import { awsQuery, ec2Query } from './query-protocol.ts';
import { restJson, restXml } from './rest-protocol.ts';
import { awsJson, rpcV2Cbor } from './rpc-protocol.ts';
import { s3RestXml } from './s3-protocol.ts';

/** One call, as the SDK would have been given it: Dates, numbers, and Buffers for bodies. */
export interface WireRequest {
  service: Service;
  region: string;
  operation: string;
  input: Record<string, unknown>;
  /** Aborted when the client leaves before it has its answer. */
  signal: AbortSignal;
}

export interface WireOptions {
  /**
   * Does the call. Throws AwsError to have AWS's error written; one with code `NoAnswer` and no status drops the
   * connection. Never answering keeps it open until the client leaves.
   */
  handle(request: WireRequest): Promise<{ output: object; requestId?: string | undefined }>;
  /** Default: any that is free. Fails with EADDRINUSE when it is taken. */
  port?: number | undefined;
  /** Told of everything thrown that is no AwsError: a defect of `handle` or of the wire. */
  onDefect?: (error: unknown) => void;
}

export interface WireServer {
  port: number;
  /** e.g. `http://127.0.0.1:41234`, for `AWS_ENDPOINT_URL`. */
  url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Serves AWS's own protocols on a port of the loopback interface, for any client of AWS. */
export async function wireServer(options: WireOptions): Promise<WireServer> {
  const server = createServer((request, response) => void serve(options, request, response));
  // Longer than clients keep an idle connection: the side that closes should not be this one.
  server.keepAliveTimeout = 60_000;
  const port = await listen(server, '127.0.0.1', options.port);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(options: WireOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) left.abort(new Error('the client left'));
  });
  try {
    const message = await readMessage(request);
    const reply = await answer(options, message, left.signal);
    if (reply === undefined) response.destroy();
    else if (!left.signal.aborted) send(response, message.method, reply);
  } catch (error) {
    if (!left.signal.aborted) options.onDefect?.(error);
    response.destroy();
  }
}

async function readMessage(request: IncomingMessage): Promise<WireMessage> {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    // The rest is read and dropped, so that the client gets an answer and not a broken pipe.
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    else if (length > 16 * MAX_BODY_BYTES) throw new Error('the client sends without end');
  }
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: request.headers,
    body: length > MAX_BODY_BYTES ? TOO_LARGE : Buffer.concat(chunks),
  };
}

/** Stands for a body that was not kept. */
const TOO_LARGE = Buffer.from('too large');

const JSON_1_0 = awsJson('application/x-amz-json-1.0');
const JSON_1_1 = awsJson('application/x-amz-json-1.1');

/**
 * The protocol of a request. Services may speak several (CloudWatch: Query, JSON and CBOR), so what the request
 * looks like decides, and the service only between those that look alike.
 */
function protocolOf(message: WireMessage, to: Addressee): Protocol {
  if (to.service === 's3') return s3RestXml;
  if (to.service === 'route53') return restXml;
  if (to.service === 'lambda') return restJson;
  if (message.headers['smithy-protocol'] === 'rpc-v2-cbor') return rpcV2Cbor;
  if (message.headers['x-amz-target'] !== undefined) {
    return message.headers['content-type']?.includes('json-1.1') ? JSON_1_1 : JSON_1_0;
  }
  return to.service === 'ec2' ? ec2Query : awsQuery;
}

/** The reply, or undefined to drop the connection. */
async function answer(options: WireOptions, message: WireMessage, signal: AbortSignal): Promise<WireReply | undefined> {
  const requestId = randomUUID();
  const to = await addresseeOf(message);
  if ('code' in to) return awsQuery.fault(to, message, await anyAddressee(), requestId);
  const protocol = protocolOf(message, to);
  try {
    return await call(options, protocol, message, to, requestId, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof AwsError && error.code === NO_ANSWER && error.httpStatus === undefined) return undefined;
    const id = (error instanceof AwsError ? error.requestId : undefined) ?? requestId;
    return protocol.fault(faultOf(error, to, options), message, to, id);
  }
}

async function call(options: WireOptions, protocol: Protocol, message: WireMessage, to: Addressee, requestId: string, signal: AbortSignal): Promise<WireReply> {
  const { service, region } = to;
  if (message.body === TOO_LARGE) {
    throw new WireError('EntityTooLarge', 413, `a request body may have ${MAX_BODY_BYTES} bytes here`);
  }
  const name = protocol.operationName(message, to);
  const operation = isOperation(service, name) ? to.schema.operation(name) : undefined;
  if (operation === undefined) {
    const code = to.service === 's3' ? 'NotImplemented' : 'InvalidAction';
    throw new WireError(code, to.service === 's3' ? 501 : 400, `the lab of dr does not serve ${service} ${name.slice(0, 100)}`);
  }
  const input = protocol.input(message, operation, to);
  const handled = await options.handle({ service, region, operation: name, input, signal });
  const output = handled.output as Record<string, unknown>;
  return protocol.reply(output, operation, to, handled.requestId ?? requestId, message);
}

async function addresseeOf(message: WireMessage): Promise<Addressee | WireFault> {
  const scope = scopeOf(message);
  if (scope === undefined) return { code: 'MissingAuthenticationToken', status: 403, message: 'the request is not signed' };
  const { service, region, signingName } = scope;
  if (service === undefined) {
    return { code: 'InvalidAction', status: 400, message: `the lab of dr does not serve the service ${signingName}` };
  }
  return { service, region, schema: await serviceSchema(service) };
}

async function anyAddressee(): Promise<Addressee> {
  return { service: 'sts', region: 'us-east-1', schema: await serviceSchema('sts') };
}

function faultOf(error: unknown, to: Addressee, options: WireOptions): WireFault {
  if (error instanceof WireError) return { code: error.code, message: error.message, status: error.status };
  if (error instanceof SyntaxError) return { code: 'MalformedInput', message: error.message, status: 400 };
  if (!(error instanceof AwsError)) {
    options.onDefect?.(error);
    return { code: 'InternalFailure', message: 'a defect in the lab of dr', status: 500 };
  }
  const known = to.schema.error(error.code);
  const prefix = `${error.service}.${error.operation} in ${error.region}: ${error.code}: `;
  return {
    code: known?.code ?? error.code,
    message: error.message.startsWith(prefix) ? error.message.slice(prefix.length) : error.message,
    status: error.httpStatus ?? known?.status ?? 400,
  };
}

function send(response: ServerResponse, method: string, reply: WireReply): void {
  const headers: Record<string, string> = { ...reply.headers };
  // HEAD tells the length of what GET would send; everything else, of what is sent.
  if (method !== 'HEAD' || headers['content-length'] === undefined) headers['content-length'] = String(reply.body.length);
  if (reply.status === 204 || reply.status === 304) delete headers['content-length'];
  response.writeHead(reply.status, headers);
  response.end(method === 'HEAD' ? undefined : reply.body);
}
