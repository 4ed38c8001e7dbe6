import type { AwsCaller } from '../aws/caller.ts';
import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';
import { MUTATIONS, nameOf } from '../aws/operations.ts';

/** What one outside-in HTTP request saw. Never an exception: a dead host is an observation. */
export interface HttpSample {
  /** 0 when no HTTP answer came. */
  status: number;
  /** At most the first 64 KiB. */
  body: string;
  /** Of the answer, by their names in small letters; of several of one name all, with commas. */
  headers?: Readonly<Record<string, string>>;
  /** The address the name was resolved to; undefined when it did not resolve. */
  address: string | undefined;
  ms: number;
  /** Why there was no answer, in the words of the system. */
  error?: string;
}

export interface HttpRequest {
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  timeoutMs: number;
  /** An address to connect to, wherever the name leads. */
  at?: string;
  /** `this-machine`: only loopback addresses. `outside`: names as the system knows them, whatever stands in for them in a lab. */
  reach?: 'this-machine' | 'outside';
  signal?: AbortSignal | undefined;
}

/** HTTP as a user sees it: fresh name resolution and a fresh connection at every request. */
export interface HttpPort {
  request(request: HttpRequest): Promise<HttpSample>;
}

export interface DnsAnswer {
  values: readonly string[];
  /** Seconds, as the answering server gave it. */
  ttl: number;
}

/** DNS as a user sees it. */
export interface DnsPort {
  /** @throws Error when no answer came within `timeoutMs`; an empty answer (NXDOMAIN, NODATA) is `{values: [], ttl: 0}`. */
  resolve(name: string, type: string, timeoutMs: number, signal?: AbortSignal): Promise<DnsAnswer>;
}

/** Where a database listens and how to log in. The password never leaves memory. */
export interface SqlTarget {
  engine: 'postgres';
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
}

/** Where the log of a database stands. */
export interface SqlPosition {
  role: 'writer' | 'replica';
  /** Bytes of the write-ahead log: written by a writer, replayed by a replica. Comparable along one line of replication. */
  at: bigint;
  /** Of a replica: commit time of the last transaction that it has replayed, milliseconds since the epoch. Absent: none yet, or not told. */
  replayedAt?: number;
  /** New sessions of this database may only read. */
  readOnly: boolean;
  /** The login may change that: it has the rights of the database's owner. */
  mayChange: boolean;
  /** Roles that may write all the same: what is set for a role counts more than what is set for the database. Absent: none. */
  exempt?: readonly string[];
  /** Other databases of the instance in which somebody has a session, and how many rows were written to all others so far. Absent: there is no session. */
  besides?: { databases: readonly string[]; written: bigint };
}

/** The server itself has answered with an error: only it has SQLSTATE codes. 57P are its own shutdowns, 08 broken connections. */
export function answeredByServer(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P') && !code.startsWith('08');
}

/** The few things `dr` does inside a database. */
export interface SqlPort {
  /**
   * Writes `token` into `table` (made if missing), commits, reads it back on a new connection.
   * Returns what was read. @throws Error in the words of the database.
   */
  canary(target: SqlTarget, table: string, token: string, timeoutMs: number, signal?: AbortSignal): Promise<string>;
  /**
   * Lets new sessions of this database only read, or write again, and ends all other sessions, so that none continues as it
   * was. The setting is part of the database: replicas get it, and it stays after a promotion until it is cleared.
   * @throws Error in the words of the database; what was done until then stays done.
   */
  setReadOnly(target: SqlTarget, on: boolean, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** @throws Error in the words of the database. */
  position(target: SqlTarget, timeoutMs: number, signal?: AbortSignal): Promise<SqlPosition>;
  /** Runs one statement, in a transaction of its own. Never an exception, unless the signal is aborted before it began. */
  statement(target: SqlTarget, text: string, timeoutMs: number, signal?: AbortSignal): Promise<SqlOutcome>;
}

/**
 * What came of one statement.
 * - done: committed; `text` is what the server said and the first rows, bounded
 * - refused: it did not happen, in the server's words
 * - unknown: no answer, so that it may have happened
 */
export type SqlOutcome = { state: 'done'; text: string } | { state: 'refused' | 'unknown'; error: string };

export interface CommandRequest {
  /** Program and arguments; no shell reads them. */
  argv: readonly [program: string, ...rest: string[]];
  /** The whole environment of the program. */
  env: Readonly<Record<string, string>>;
  /** It is killed then, with everything it started. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** How a program ended. Never an exception: one that cannot be started is an observation. */
export interface CommandResult {
  /** Exit code; undefined when it was killed or never started. */
  code: number | undefined;
  /** The last 64 KiB of what it wrote to stdout and stderr, in the order in which it came. */
  output: string;
  /** Something before `output` is left out. */
  cut: boolean;
  ms: number;
  /** Why there is no exit code. `notStarted`: it never ran. */
  error?: string;
  notStarted?: boolean;
}

/** Programs on the machine that runs `dr`. */
export interface ProcessPort {
  run(request: CommandRequest): Promise<CommandResult>;
}

export interface PersonPort {
  /** Resolves when they typed `word`. Rejects with the signal's reason. */
  confirm(word: string, what: string, signal: AbortSignal): Promise<void>;
}

/** Signed approvals that people have put into the state of the run. */
interface ApprovalsPort {
  /** What was put there, unread: anyone who can write to the state can write anything. @throws Error when the state does not answer. */
  files(): Promise<readonly string[]>;
}

/** An earlier run that moved the application. */
export interface PastMove {
  run: string;
  verb: string;
  source: string;
  target: string;
  /** Milliseconds since the epoch: its last record. */
  at: number;
  /** It came to its end. */
  complete: boolean;
  /** Who ran it. */
  by: string;
  /** What its steps intended to change, and have not undone. */
  changed: readonly { resource: string; field: string }[];
}

/** What earlier runs have done to the application of this run. */
export interface HistoryPort {
  /** Its moves that ended after `since`, newest first, without this run. @throws Error when it cannot be known. */
  moves(since: number): Promise<readonly PastMove[]>;
  /** The run of another application of the same failover that has made this change. @throws Error when it cannot be known. */
  madeBy(resource: string, field: string): Promise<string | undefined>;
}

/** Everything a run touches outside its own process. */
export interface Effects {
  clock: Clock;
  ids: Ids;
  aws: AwsCaller;
  http: HttpPort;
  dns: DnsPort;
  sql: SqlPort;
  process: ProcessPort;
  /** Undefined where nobody sits at a terminal. */
  person?: PersonPort | undefined;
  /** Undefined where there is no state that others can reach. */
  approvals?: ApprovalsPort | undefined;
  /** Undefined where nothing is known of other runs. */
  history?: HistoryPort | undefined;
  /** Value of an environment variable that a runbook names for a secret. Never journaled, never printed. */
  env(name: string): string | undefined;
}

/** Whether a request to AWS changes something: those that read are never asked whether this runner may continue. */
export function isMutation({ service, operation }: { service: string; operation: string }): boolean {
  return MUTATIONS.has(nameOf(service, operation));
}
