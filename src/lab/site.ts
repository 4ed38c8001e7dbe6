import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import { type Application, reply } from './application.ts';
import { closed, listen } from './ports.ts';

/** An application, and the names by which users ask for it. */
export interface Tenant {
  application: Application;
  hosts: ReadonlySet<string>;
}

/**
 * What listens at an address of a region: one web server for all applications there, told apart by the name that is asked
 * for, as behind a load balancer; a name that none has goes to the first. When its region breaks, the listener closes and
 * every connection is destroyed at once, which is what users see of a process that was killed.
 */
export class Site {
  readonly region: string;
  readonly #address: string;
  readonly #port: number;
  readonly #tenants: readonly Tenant[];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: { region: string; address: string; port: number; tenants: readonly Tenant[] }) {
    this.region = options.region;
    this.#address = options.address;
    this.#port = options.port;
    this.#tenants = options.tenants;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  /** @throws DrError when the address cannot be used; an Error with code EADDRINUSE when the port is taken. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    await Promise.all(this.#tenants.map(({ application }) => application.open()));
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => reply(response, 503, messageOf(error)));
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await listen(server, this.#address, this.#port);
    this.#server = server;
  }

  /** Ends at once: nobody gets an answer any more, not even for a request under way. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await closed(server);
    for (const { application } of this.#tenants) application.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.running) {
      response.destroy();
      return;
    }
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    const tenant = this.#tenants.find(({ hosts }) => hosts.has(host)) ?? this.#tenants[0];
    await tenant?.application.handle(request, response);
  }
}
