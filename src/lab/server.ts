/** What the lab needs of one database server, be it PostgreSQL or the model. */
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

/** The way of a writer's log to one replica. */
export interface ReplicationLink {
  /** What is under way is lost, and nothing more gets through. */
  cut(): void;
  open(): void;
  close(): Promise<void>;
}

/** A writer and its replicas, before anything is broken. */
export interface LabCluster {
  writer: LabServer;
  replicas: readonly { server: LabServer; link: ReplicationLink }[];
}

export interface Login {
  user: string;
  password: string;
  database: string;
}

export interface ReplicaWish {
  name: string;
  /** How long a committed write is under way. */
  delayMs: number;
}

/** What makes clusters: PostgreSQL, or the model where that cannot run. */
export interface DatabaseEngine {
  kind: 'postgresql' | 'model';
  /** One line for people: a version, or why it is only the model. */
  note: string;
  cluster(writer: string, replicas: readonly ReplicaWish[], login: Login): Promise<LabCluster>;
}
