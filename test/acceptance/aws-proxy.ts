import { createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to the lab's AWS endpoint. */
export interface ProxiedCall {
  /** Milliseconds since the epoch. */
  at: number;
  service: string;
  region: string;
  /** `PromoteReadReplica`; for REST protocols method and path. */
  operation: string;
  /** Undefined: no answer. */
  status: number | undefined;
}

/** What happens to a call instead of being passed on: the connection is reset, nothing is ever answered, or this is. */
export type Effect = 'reset' | 'hang' | { status: number; headers?: Record<string, string>; body: (answer: Buffer) => Buffer };

/** Stands before the lab's AWS endpoint: sees from outside what `dr` really sent, and can answer otherwise. */
export class AwsProxy {
  readonly calls: ProxiedCall[] = [];
  readonly #server: Server;
  readonly #upstream: URL;
  readonly #effects: { on: (call: ProxiedCall) => boolean; effect: Effect }[] = [];

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = createServer((request, response) => void this.#serve(request, response).catch(() => response.destroy()));
  }

  static async start(upstream: string): Promise<AwsProxy> {
    const proxy = new AwsProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on that happens to such calls; the function returned ends it. */
  lay(on: (call: ProxiedCall) => boolean, effect: Effect): () => void {
    const entry = { on, effect };
    this.#effects.push(entry);
    return () => void this.#effects.splice(this.#effects.indexOf(entry), 1);
  }

  /** Calls that were accepted. */
  accepted(operation: string): ProxiedCall[] {
    return this.calls.filter((call) => call.operation === operation && call.status === 200);
  }

  /** Calls that change something, answered or not: all but reads, and what `dr` keeps of itself in a bucket. */
  get mutations(): ProxiedCall[] {
    return this.calls.filter(({ operation }) => !/^(Describe|Get|List|GET |HEAD )/.test(operation) && !/^PUT \/dr-state-/.test(operation));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const call: ProxiedCall = { at: Date.now(), ...addresseeOf(request), operation: operationOf(request, body), status: undefined };
    this.calls.push(call);
    const effect = this.#effects.find(({ on }) => on(call))?.effect;
    if (effect === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (effect === 'hang') return;
    const { hostname, port } = this.#upstream;
    const { method, url: path, headers } = request;
    const onward = httpRequest({ hostname, port, method, path, headers, agent: false }, (answer) => {
      call.status = effect?.status ?? answer.statusCode;
      void bodyOf(answer).then((whole) => {
        const changed = effect?.body(whole) ?? whole;
        response.writeHead(call.status ?? 502, { ...answer.headers, ...effect?.headers, 'content-length': changed.length });
        response.end(changed);
      });
    });
    // Anyone who asked may be killed meanwhile: what was sent is done all the same, and its end is known.
    onward.on('error', () => response.destroy());
    onward.end(body);
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** From the scope of the signature: `Credential=AKID/20261120/ap-northeast-1/rds/aws4_request`. */
function addresseeOf(request: IncomingMessage): { service: string; region: string } {
  const [, region = '', service = ''] = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
  return { service, region };
}

function operationOf(request: IncomingMessage, body: Buffer): string {
  const path = request.url ?? '/';
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? target;
  const rpc = /\/operation\/(\w+)$/.exec(path)?.[1];
  if (rpc !== undefined) return rpc;
  return new URLSearchParams(body.toString('latin1')).get('Action') ?? `${request.method ?? ''} ${path.split('?')[0] ?? ''}`;
}
