import { createServer, type Server, type Socket } from 'node:net';
import { closed, listen } from '../ports.ts';
import type { DatabaseEngine, LabBackup, LabCluster, LabReplica, LabServer, Login, LogPosition, ReplicationLink } from '../server.ts';
import { Session } from './session.ts';
import { type LogEntry, Store } from './store.ts';

const HOST = '127.0.0.1';

/**
 * A model of PostgreSQL for machines that cannot run it: the same protocol on the wire, exactly the statements that the
 * lab and the canary send, a log that replicas receive later, promotion that loses what has not arrived.
 */
export function modelEngine(why: string): DatabaseEngine {
  return {
    kind: 'model',
    note: why,
    async cluster(writerName, wishes, login): Promise<LabCluster> {
      const writer = new ModelServer(writerName, login, new Store(true));
      const replicas = wishes.map(({ name, delayMs }) => {
        const server = new ModelServer(name, login, new Store(false));
        return { server, link: modelLink(writer, server, delayMs) };
      });
      await Promise.all([writer.start(), ...replicas.map(({ server }) => server.start())]);
      return { writer, replicas };
    },
    async replicate(source, { name, delayMs }, login): Promise<LabReplica> {
      const writer = mine(source);
      const server = new ModelServer(name, login, Store.of(writer.store.log, false));
      const link = modelLink(writer, server, delayMs);
      await server.start();
      return { server, link };
    },
    backup: (source, login) => Promise.resolve(modelBackup(mine(source), login)),
  };
}

function mine(server: LabServer): ModelServer {
  if (server instanceof ModelServer) return server;
  throw new Error(`${server.name} is no model`);
}

function modelBackup(source: ModelServer, login: Login): LabBackup {
  const kept: LogEntry[] = [];
  return {
    async ship(): Promise<bigint> {
      const { writable } = await source.position();
      if (!writable) throw new Error(`${source.name} writes no log of its own`);
      kept.push(...source.store.log.slice(kept.length));
      return BigInt(kept.length);
    },
    async restore(name, at): Promise<LabServer> {
      const server = new ModelServer(name, login, Store.of(kept.slice(0, Number(at)), true));
      await server.start();
      return server;
    },
  };
}

class ModelServer implements LabServer {
  readonly name: string;
  readonly store: Store;
  readonly #login: Login;
  readonly #sockets = new Set<Socket>();
  readonly #listeners: (() => void)[] = [];
  #server: Server | undefined;
  #port = 0;

  constructor(name: string, login: Login, store: Store) {
    this.name = name;
    this.store = store;
    this.#login = login;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  /** Tells when there may be something new to send or to receive. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  address(): { host: string; port: number } {
    return { host: HOST, port: this.#port };
  }

  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      new Session(socket, this.store, this.#login, () => {
        for (const other of this.#sockets) if (other !== socket) other.destroy();
      });
      socket.on('data', () => this.#changed());
    });
    this.#port = await listen(server, HOST);
    this.#server = server;
    this.#changed();
  }

  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await closed(server);
  }

  promote(): Promise<void> {
    if (!this.running) return Promise.reject(new Error(`${this.name} does not run`));
    this.store.writable = true;
    return Promise.resolve();
  }

  position(): Promise<LogPosition> {
    if (!this.running) return Promise.reject(new Error(`${this.name} does not run`));
    return Promise.resolve({ writable: this.store.writable, at: BigInt(this.store.log.length) });
  }

  stop(): Promise<void> {
    return this.kill();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function modelLink(writer: ModelServer, replica: ModelServer, delayMs: number): ReplicationLink {
  const underWay = new Set<NodeJS.Timeout>();
  let sentUpTo = 0;
  let isOpen = true;
  const send = (): void => {
    const upTo = writer.store.log.length;
    if (!isOpen || !writer.running || !replica.running || upTo === sentUpTo) return;
    sentUpTo = upTo;
    const timer = setTimeout(() => {
      underWay.delete(timer);
      const { store } = replica;
      if (!replica.running || store.writable) return;
      for (const entry of writer.store.log.slice(store.log.length, upTo)) store.apply(entry);
    }, delayMs);
    underWay.add(timer);
  };
  const cut = (): void => {
    isOpen = false;
    for (const timer of underWay) clearTimeout(timer);
    underWay.clear();
    sentUpTo = 0;
  };
  writer.onChange(send);
  replica.onChange(send);
  return {
    cut,
    open: () => {
      isOpen = true;
      send();
    },
    close: () => {
      cut();
      return Promise.resolve();
    },
  };
}
