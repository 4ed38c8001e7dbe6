import type { DbInstanceSeed } from '../simulator/seeds.ts';

/** What the lab needs of one database server. */
export interface LabServer {
  readonly name: string;
  /** Where it listens itself; users come through its region's door. */
  address(): { host: string; port: number };
  /** Starts as what its disk says: writer, or replica. */
  start(): Promise<void>;
  /** Dies at once, as by kill -9. What was committed is on disk. */
  kill(): Promise<void>;
  /** Makes a replica a writer. What it has not received is lost. */
  promote(): Promise<void>;
  /** @throws Error when it does not answer. */
  position(): Promise<LogPosition>;
  /** Ends for good and leaves nothing behind. */
  stop(): Promise<void>;
}

export interface LogPosition {
  writable: boolean;
  /** Bytes of the write-ahead log: flushed on a writer, received on a replica. */
  at: bigint;
}

export interface ReplicationLink {
  /** What is under way is lost, and nothing more gets through. */
  cut(): void;
  open(): void;
  close(): Promise<void>;
}

export interface LabReplica {
  server: LabServer;
  link: ReplicationLink;
}

export interface LabCluster {
  writer: LabServer;
  replicas: readonly LabReplica[];
}

/** A copy of a server kept elsewhere, with its log from then on. It outlives the server. */
export interface LabBackup {
  /** Takes what the log has grown by; everything that was committed before the call is in what it gives back. */
  ship(): Promise<bigint>;
  /** A new server, started as a writer, that holds the log up to `at`: a position that `ship` gave. */
  restore(name: string, at: bigint): Promise<LabServer>;
}

export interface Login {
  user: string;
  password: string;
  database: string;
}

/** A database of the runbook: its instances as seeded, and how to log in. */
export interface DatabaseWish {
  seeds: readonly DbInstanceSeed[];
  login: Login;
  /** Identifier in each region, whether an instance of that name is there yet or not. */
  names: Readonly<Record<string, string>>;
}

export interface ReplicaWish {
  name: string;
  /** How long a committed write is under way. */
  delayMs: number;
}

/** What makes clusters. */
export interface DatabaseEngine {
  /** e.g. `postgres (PostgreSQL) 17.10` */
  version: string;
  cluster(writer: string, replicas: readonly ReplicaWish[], login: Login): Promise<LabCluster>;
  /** One more replica of a running writer, out of a fresh copy; it has caught up when this is fulfilled. */
  replicate(source: LabServer, wish: ReplicaWish, login: Login): Promise<LabReplica>;
  backup(source: LabServer, login: Login): Promise<LabBackup>;
}
