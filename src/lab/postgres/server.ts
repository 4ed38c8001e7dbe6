import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DrError } from '../../base/errors.ts';
import { freePort } from '../ports.ts';
import type { LabServer, Login, LogPosition } from '../server.ts';
import type { Binaries } from './binaries.ts';
import { spawnIdentity } from './run-as.ts';

const HOST = '127.0.0.1';
const START_MS = 20_000;
const PROMOTE_MS = 30_000;

/**
 * Settings of every server of the lab.
 * fsync is off for speed: it matters when the operating system dies, and here only processes do. What was
 * acknowledged has been handed to the system before, and outlives a kill -9 of PostgreSQL.
 * synchronous_commit=local: a commit waits for no replica, as with RDS read replicas.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'local',
  wal_level: 'replica',
  hot_standby: 'on',
  wal_keep_size: '64MB',
  // With the default of 5 s every second promotion or reconnection waits that long for nothing.
  wal_retrieve_retry_interval: '200ms',
  listen_addresses: HOST,
  // No socket files: their paths have a length limit, and everything goes through loopback anyway.
  unix_socket_directories: '',
  dynamic_shared_memory_type: 'mmap',
  shared_buffers: '16MB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  jit: 'off',
  log_min_messages: 'warning',
  lc_messages: 'C',
};

interface PostgresServerOptions {
  name: string;
  binaries: Binaries;
  /** An initialized data folder that belongs to `binaries.runAs`. */
  dataFolder: string;
  login: Login;
}

/** One real PostgreSQL server. Its disk decides whether it is a writer or a replica. */
export class PostgresServer implements LabServer {
  readonly name: string;
  readonly #options: PostgresServerOptions;
  #port = 0;
  #child: ChildProcess | undefined;
  #admin: Client | undefined;
  #said = '';
  #sharedMemory: string | undefined;

  constructor(options: PostgresServerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  address(): { host: string; port: number } {
    return { host: HOST, port: this.#port };
  }

  get dataFolder(): string {
    return this.#options.dataFolder;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const until = performance.now() + START_MS;
    for (;;) {
      // The same port again if there was one; another process may have taken it in the meantime.
      if (this.#port === 0) this.#port = await freePort(HOST);
      if (await this.#tryStart(until)) return;
      const taken = this.#said.includes('could not bind');
      // After a kill -9 the children of the old server need a moment to notice.
      const lingering = this.#said.includes('still in use') || this.#said.includes('is another postmaster');
      if ((!taken && !lingering) || performance.now() > until) throw this.#failed('did not start');
      if (taken) this.#port = 0;
      await sleep(50);
    }
  }

  async #tryStart(until: number): Promise<boolean> {
    const { binaries, dataFolder } = this.#options;
    this.#said = '';
    const args = ['-D', dataFolder, '-p', String(this.#port)];
    for (const [name, value] of Object.entries(SETTINGS)) args.push('-c', `${name}=${value}`);
    const child = spawn(binaries.postgres, args, {
      ...spawnIdentity(binaries.runAs),
      cwd: dataFolder,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...(process.platform === 'win32' ? process.env : {}) },
      stdio: ['ignore', 'ignore', 'pipe'],
      // Its own process group: Ctrl-C in the terminal is for the lab to handle.
      detached: true,
    });
    const fate = { ended: false };
    child.on('error', (error) => {
      fate.ended = true;
      this.#said += error.message;
    });
    child.on('exit', () => {
      fate.ended = true;
      if (this.#child === child) this.#child = undefined;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4096);
    });
    this.#child = child;
    while (!fate.ended) {
      const file = (await readFile(join(dataFolder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
      const status = file[0] === String(child.pid) ? file[7]?.trim() : undefined;
      if (status === 'ready' || status === 'standby') {
        this.#sharedMemory = file[6]?.trim().split(/\s+/)[1];
        return true;
      }
      if (performance.now() > until) {
        await this.kill();
        break;
      }
      await sleep(10);
    }
    return false;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#dropAdmin();
    if (child === undefined) return;
    await end(child, 'SIGKILL');
    this.#child = undefined;
    // Its process id may be somebody else's from now on; nobody may act on it.
    await rm(join(this.#options.dataFolder, 'postmaster.pid'), { force: true });
  }

  async promote(): Promise<void> {
    const answer = await this.#query<{ done: boolean }>(`SELECT pg_promote(true, ${PROMOTE_MS / 1000}) AS done`, PROMOTE_MS + 1_000);
    if (!answer.done) throw this.#failed('was not promoted in time');
  }

  async position(): Promise<LogPosition> {
    const row = await this.#query<{ replica: boolean; at: string }>(
      `SELECT pg_is_in_recovery() AS replica,
         (CASE WHEN pg_is_in_recovery() THEN GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
          ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::text AS at`,
      2_000,
    );
    return { writable: !row.replica, at: BigInt(row.at) };
  }

  /** Runs statements one by one, as the owner. */
  async execute(statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#query(statement, 10_000);
  }

  /** Does several things in one session of its own. */
  async inSession<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#newClient();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    this.#dropAdmin();
    const child = this.#child;
    // Immediate shutdown: the folder is thrown away, so there is nothing to write down.
    if (child !== undefined && !(await end(child, 'SIGQUIT', 3_000))) await end(child, 'SIGKILL');
    this.#child = undefined;
    await removeSharedMemory(this.#sharedMemory);
  }

  async #query<Row>(text: string, timeoutMs: number): Promise<Row> {
    const client = this.#admin ?? (await this.#connect());
    const slow = setTimeout(() => client.connection.stream.destroy(), timeoutMs);
    try {
      return (await client.query(text)).rows[0] as Row;
    } catch (error) {
      if (this.#admin === client) this.#dropAdmin();
      throw error;
    } finally {
      clearTimeout(slow);
    }
  }

  async #newClient(): Promise<Client> {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ ...this.address(), ...this.#options.login, connectionTimeoutMillis: 2_000, application_name: 'lab' });
    // An unheard 'error' event would end the process.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async #connect(): Promise<Client> {
    const client = await this.#newClient();
    client.on('error', () => {
      if (this.#admin === client) this.#admin = undefined;
    });
    this.#admin?.connection.stream.destroy();
    this.#admin = client;
    return client;
  }

  #dropAdmin(): void {
    this.#admin?.connection.stream.destroy();
    this.#admin = undefined;
  }

  #failed(what: string): DrError {
    return new DrError({ code: 'LAB_POSTGRES', exit: 'lab', title: `The lab's PostgreSQL ${this.name} ${what}.`, detail: this.#said.trim() || 'It said nothing.' });
  }
}

/** True when the process is gone; false when it is not after `waitMs`. */
async function end(child: ChildProcess, signal: NodeJS.Signals, waitMs = 10_000): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return true;
  const gone = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
  child.kill(signal);
  const timer = new AbortController();
  const late = sleep(waitMs, false, { signal: timer.signal }).catch(() => false);
  const result = await Promise.race([gone, late]);
  timer.abort();
  return result;
}

/**
 * PostgreSQL marks its data folder by a System V segment of a few bytes, and a server that was killed cannot remove it:
 * enough runs would use up the system's number of segments. Best effort: without `ipcrm` it stays until the next boot.
 */
function removeSharedMemory(id: string | undefined): Promise<void> {
  if (id === undefined || !/^\d+$/.test(id) || process.platform === 'win32') return Promise.resolve();
  return new Promise((resolve) => {
    execFile('ipcrm', ['-m', id], { timeout: 2_000 }, () => resolve());
  });
}
