import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lab } from './lab.ts';
import { toPlain } from './plain-error.ts';

export interface ControlAddress {
  url: string;
  /** Anyone who has it may break and stop the lab. */
  token: string;
}

export interface ControlServer extends ControlAddress {
  close(): void;
}

/** The way into a running lab for other processes of the same user: loopback HTTP, guarded by a random token. */
export async function controlServer(lab: Lab, onStop: () => Promise<void>): Promise<ControlServer> {
  const token = randomBytes(24).toString('hex');
  const server = createServer((request, response) => {
    handle(request, token, lab, onStop).then(
      (body) => send(response, 200, body),
      (error: unknown) => send(response, error instanceof Forbidden ? 403 : 400, { error: toPlain(error) }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    close: () => {
      server.close();
      // Idle ones only: the answer to "stop" may still be on its way.
      server.closeIdleConnections();
    },
  };
}

class Forbidden extends Error {}

async function handle(request: IncomingMessage, token: string, lab: Lab, onStop: () => Promise<void>): Promise<object> {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Forbidden('the token is wrong');
  request.resume();
  const url = new URL(request.url ?? '/', 'http://lab');
  const region = url.searchParams.get('region') ?? '';
  switch (`${request.method ?? ''} ${url.pathname}`) {
    case 'GET /status':
      return lab.status();
    case 'GET /ledger':
      return lab.ledger(url.searchParams.get('runbook') ?? undefined);
    case 'POST /break':
      await lab.breakRegion(region);
      return {};
    case 'POST /cut-network':
      await lab.cutNetwork(region);
      return {};
    case 'POST /heal':
      await lab.heal(region);
      return {};
    case 'POST /stop':
      await onStop();
      return {};
    default:
      throw new Error(`the lab does not know ${request.method ?? ''} ${url.pathname}`);
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(body));
}
