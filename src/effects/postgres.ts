import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Client, ClientConfig } from 'pg';
import type { SqlPort, SqlTarget } from './effects.ts';

/** What `pg` says when the server has no TLS; only then may a connection go on without it. */
const NO_TLS = 'The server does not support SSL connections';

/**
 * The canary on PostgreSQL. TLS follows libpq's `PGSSLMODE`: unset or `prefer` takes TLS where the server offers it
 * (not verified, as libpq does), `require` insists, `verify-ca` and `verify-full` verify it against `PGSSLROOTCERT` or the
 * system's authorities, `disable` does without. https://www.postgresql.org/docs/17/libpq-ssl.html
 */
export function systemSql(env: Readonly<Record<string, string | undefined>>): SqlPort {
  return {
    async canary(target, table, token, timeoutMs, signal) {
      const quoted = quoteIdentifier(table);
      const until = performance.now() + timeoutMs;
      const left = () => Math.max(1, Math.round(until - performance.now()));
      await session(env, target, left(), signal, async (client) => {
        // Without the look first, a writer that may not create tables could not use one that its owner made.
        const there = await client.query<{ there: string | null }>('SELECT to_regclass($1)::text AS there', [quoted]);
        if ((there.rows[0]?.there ?? null) === null) {
          await client.query(`CREATE TABLE IF NOT EXISTS ${quoted} (token text PRIMARY KEY, written_at timestamptz NOT NULL DEFAULT now())`);
        }
        // A transaction of its own: the INSERT returns when it is committed.
        await client.query(`INSERT INTO ${quoted} (token) VALUES ($1)`, [token]);
      });
      return session(env, target, left(), signal, async (client) => {
        const found = await client.query<{ token: string }>(`SELECT token FROM ${quoted} WHERE token = $1`, [token]);
        const read = found.rows[0]?.token;
        if (read === undefined) throw new Error('the canary row was committed but is not there');
        return read;
      });
    },
  };
}

function quoteIdentifier(name: string): string {
  if (name.length > 127 || name.includes('\0')) throw new Error('not a table name');
  return name.split('.').map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
}

async function session<T>(
  env: Readonly<Record<string, string | undefined>>,
  target: SqlTarget,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const { default: pg } = await import('pg');
  const open: { client?: Client } = {};
  const run = async (): Promise<T> => {
    let ssl = await tlsOf(env, target);
    for (;;) {
      const client = new pg.Client({
        host: target.host,
        port: target.port,
        database: target.database,
        user: target.user,
        password: target.password,
        ssl: ssl.config,
        connectionTimeoutMillis: timeoutMs,
        query_timeout: timeoutMs,
        application_name: 'dr-canary',
      });
      open.client = client;
      // An unheard 'error' event would end the process.
      client.on('error', () => undefined);
      try {
        await client.connect();
        return await work(client);
      } catch (error) {
        if (!ssl.optional || !(error instanceof Error) || error.message !== NO_TLS) throw error;
        ssl = { config: false, optional: false };
      } finally {
        close(client);
      }
    }
  };
  return bounded(run, timeoutMs, signal, () => {
    if (open.client !== undefined) close(open.client);
  });
}

/** Says goodbye without waiting for a server that may be dead. */
function close(client: Client): void {
  client.end().catch(() => undefined);
  setTimeout(() => client.connection.stream.destroy(), 50).unref();
}

async function bounded<T>(
  run: () => Promise<T>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  abandon: () => void,
): Promise<T> {
  const stop = signal === undefined ? AbortSignal.timeout(timeoutMs) : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.addEventListener('abort', () => {
      abandon();
      reject(signal?.aborted === true ? new Error('aborted') : new Error(`the database did not answer within ${timeoutMs} ms`));
    }, { once: true });
  });
  stopped.catch(() => undefined);
  const running = run();
  running.catch(() => undefined);
  return Promise.race([running, stopped]);
}

async function tlsOf(
  env: Readonly<Record<string, string | undefined>>,
  target: SqlTarget,
): Promise<{ config: Exclude<ClientConfig['ssl'], undefined>; optional: boolean }> {
  const mode = env['PGSSLMODE'] ?? 'prefer';
  if (mode === 'disable' || mode === 'allow') return { config: false, optional: false };
  const servername = isIP(target.host) === 0 ? { servername: target.host } : {};
  if (mode === 'prefer' || mode === 'require') {
    return { config: { rejectUnauthorized: false, ...servername }, optional: mode === 'prefer' };
  }
  if (mode !== 'verify-ca' && mode !== 'verify-full') throw new Error(`PGSSLMODE=${mode} is not known`);
  const file = env['PGSSLROOTCERT'];
  const ca = file === undefined || file === 'system' ? {} : { ca: await readFile(file, 'utf8') };
  // verify-ca trusts the authority and not the name.
  const name = mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {};
  return { config: { rejectUnauthorized: true, ...ca, ...name, ...servername }, optional: false };
}
