import type { IncomingHttpHeaders } from 'node:http';
import type { OperationSchema, ServiceSchema } from '../../aws/schemas.ts';
import type { Service } from '../../aws/operations.ts';

export interface WireMessage {
  method: string;
  /** Not decoded, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Who is called: read from the signature. */
export interface Addressee {
  service: Service;
  region: string;
  schema: ServiceSchema;
}

export interface WireReply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface WireFault {
  code: string;
  message: string;
  status: number;
}

/** A refusal by the wire itself, before anything is handled. Written to the client as AWS would. */
export class WireError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = 'WireError';
    this.code = code;
    this.status = status;
  }
}

/** One of AWS's protocols, from the server's side. */
export interface Protocol {
  /** The operation's name as the client gave it. @throws WireError when there is none */
  operationName(message: WireMessage, to: Addressee): string;
  /** @throws WireError, SyntaxError when the body cannot be read */
  input(message: WireMessage, operation: OperationSchema, to: Addressee): Record<string, unknown>;
  reply(
    output: Record<string, unknown>,
    operation: OperationSchema,
    to: Addressee,
    requestId: string,
    message: WireMessage,
  ): WireReply | Promise<WireReply>;
  fault(fault: WireFault, message: WireMessage, to: Addressee, requestId: string): WireReply;
}
