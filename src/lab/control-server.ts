import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { isLabCall, type LabApi } from './api.ts';
import type { Lab } from './lab.ts';
import { toPlain } from './plain-error.ts';
import { listen } from './ports.ts';

export interface ControlAddress {
  url: string;
  /** Anyone who has it may break and stop the lab. */
  token: string;
}

interface ControlServer extends ControlAddress {
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
  const port = await listen(server, '127.0.0.1');
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

const argsSchema = z.array(z.string()).max(4);

class Forbidden extends Error {}

async function handle(request: IncomingMessage, token: string, lab: Lab, onStop: () => Promise<void>): Promise<unknown> {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new Forbidden('the token is wrong');
  const args = argsSchema.parse(JSON.parse(await text(request)));
  const name = new URL(request.url ?? '/', 'http://lab').pathname.slice(1);
  if (!isLabCall(name)) throw new Error(`the lab does not know ${name}`);
  const calls: LabApi = { ...lab, stop: onStop };
  return (calls[name] as (...args: string[]) => Promise<unknown>)(...args);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(body ?? null));
}
