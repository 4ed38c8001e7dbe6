import { connect, createServer, type Server, type Socket } from 'node:net';
import { closed, listen } from './ports.ts';

/**
 * - `open`: connections are passed on
 * - `closed`: new connections get no answer, existing ones live on (a security group without rules, as AWS tracks connections)
 * - `dead`: existing ones fall silent, new ones get no answer (a region that is gone)
 */
type DoorState = 'open' | 'closed' | 'dead';

/** More silent connections than these and the oldest is ended. */
const SILENT_LIMIT = 200;

/** The endpoint of a database: a TCP proxy that can be closed, and that swallows when its region is dead. */
export class Door {
  #state: DoorState = 'open';
  readonly #upstream: () => { host: string; port: number } | undefined;
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket>();
  readonly #silent = new Set<Socket>();

  /** `upstream` is asked at every connection: a server may come back on another port. Undefined: there is nobody, and users are refused. */
  constructor(upstream: () => { host: string; port: number } | undefined) {
    this.#upstream = upstream;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get state(): DoorState {
    return this.#state;
  }

  /** Listens on a free port of `host`; resolves to that port. @throws DrError when the machine has no such address. */
  listen(host: string): Promise<number> {
    return listen(this.#server, host);
  }

  set(state: DoorState): void {
    if (state === this.#state) return;
    this.#state = state;
    if (state === 'dead') {
      for (const [user, server] of this.#pairs) {
        this.#hush(user);
        server.destroy();
      }
      this.#pairs.clear();
    } else {
      for (const socket of this.#silent) socket.destroy();
      this.#silent.clear();
    }
  }

  endAll(): void {
    for (const [user, server] of this.#pairs) {
      user.destroy();
      server.destroy();
    }
    this.#pairs.clear();
  }

  close(): Promise<void> {
    this.set('closed');
    this.endAll();
    for (const socket of this.#silent) socket.destroy();
    return closed(this.#server);
  }

  #accept(user: Socket): void {
    user.on('error', () => undefined);
    if (this.#state !== 'open') return this.#hush(user);
    const upstream = this.#upstream();
    if (upstream === undefined) {
      user.destroy();
      return;
    }
    const server = connect(upstream);
    this.#pairs.set(user, server);
    user.setNoDelay(true);
    server.setNoDelay(true);
    user.pipe(server);
    server.pipe(user);
    server.on('error', () => undefined);
    const ended = () => {
      if (this.#pairs.get(user) !== server) return;
      this.#pairs.delete(user);
      user.destroy();
      server.destroy();
    };
    user.on('close', ended);
    server.on('close', ended);
  }

  /** Keeps the connection and says nothing on it, as a network does that drops packets. */
  #hush(socket: Socket): void {
    socket.unpipe();
    socket.pause();
    this.#silent.add(socket);
    socket.on('close', () => this.#silent.delete(socket));
    const oldest = this.#silent.values().next().value;
    if (this.#silent.size > SILENT_LIMIT) oldest?.destroy();
  }
}
