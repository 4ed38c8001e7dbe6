import { connect, createServer, type Server, type Socket } from 'node:net';
import { closed, listen } from './ports.ts';
import type { ReplicationLink } from './server.ts';

/** Beyond this the sender is held back: a link has no endless memory. */
const UNDER_WAY_LIMIT = 8 * 1024 * 1024;

/**
 * The network between two regions, for one replica: what the writer sends arrives `delayMs` later. On loopback a replica
 * would otherwise be behind by less than a millisecond, and a failover would lose nothing that anybody could see.
 */
export class WanLink implements ReplicationLink {
  readonly #source: () => { host: string; port: number };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #open = true;
  #delayMs = 0;

  constructor(source: () => { host: string; port: number }) {
    this.#source = source;
    this.#server = createServer((replica) => this.#accept(replica));
  }

  listen(host: string): Promise<number> {
    return listen(this.#server, host);
  }

  /** From now on. Set once the replica streams: a log-in of many round trips need not be slow. */
  setDelay(ms: number): void {
    this.#delayMs = ms;
  }

  cut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  open(): void {
    this.#open = true;
  }

  close(): Promise<void> {
    this.cut();
    return closed(this.#server);
  }

  #accept(replica: Socket): void {
    replica.on('error', () => undefined);
    if (!this.#open) {
      replica.destroy();
      return;
    }
    const writer = connect(this.#source());
    writer.on('error', () => undefined);
    for (const [socket, other] of [[replica, writer], [writer, replica]] as const) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    replica.pipe(writer);
    this.#delayed(writer, replica);
  }

  #delayed(from: Socket, to: Socket): void {
    let underWay = 0;
    let lastDue = 0;
    from.on('data', (chunk: Buffer) => {
      underWay += chunk.byteLength;
      if (underWay > UNDER_WAY_LIMIT) from.pause();
      // Never before what was sent earlier, also when the delay has just become shorter.
      const due = Math.max(lastDue, performance.now() + this.#delayMs);
      lastDue = due;
      setTimeout(() => {
        underWay -= chunk.byteLength;
        if (underWay < UNDER_WAY_LIMIT) from.resume();
        if (!to.destroyed) to.write(chunk);
      }, Math.max(0, due - performance.now()));
    });
  }
}
