import type { AwsCaller } from '../aws/caller.ts';
import type { Clock } from '../base/clock.ts';
import type { Ids } from '../base/ids.ts';

/** What one outside-in HTTP request saw. Never an exception: a dead host is an observation. */
export interface HttpSample {
  /** 0 when no HTTP answer came. */
  status: number;
  /** At most the first 64 KiB. */
  body: string;
  /** The address the name was resolved to; undefined when it did not resolve. */
  address: string | undefined;
  ms: number;
  /** Why there was no answer, in the words of the system. */
  error?: string;
}

export interface HttpRequest {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  timeoutMs: number;
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
  /**
   * @throws Error when no answer came within `timeoutMs`; an empty answer (NXDOMAIN, NODATA) is `{values: [], ttl: 0}`.
   */
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

/** The few things `dr` does inside a database. */
export interface SqlPort {
  /**
   * Writes `token` into `table` (made if missing), commits, reads it back on a new connection.
   * Returns what was read. @throws Error in the words of the database.
   */
  canary(target: SqlTarget, table: string, token: string, timeoutMs: number, signal?: AbortSignal): Promise<string>;
}

/** Everything a run touches outside its own process. */
export interface Effects {
  clock: Clock;
  ids: Ids;
  aws: AwsCaller;
  http: HttpPort;
  dns: DnsPort;
  sql: SqlPort;
  /** Value of an environment variable that a runbook names for a secret. Never journaled, never printed. */
  env(name: string): string | undefined;
}
