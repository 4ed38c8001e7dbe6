import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type * as Pg from 'pg';
import type { Client, ClientConfig, QueryConfig, QueryResult } from 'pg';
import { messageOf } from '../base/errors.ts';
import { answeredByServer, type SqlPort, type SqlTarget } from './effects.ts';
import { redacted } from './redact.ts';

/** What `pg` says when the server has no TLS; only then may a connection continue without it. */
const NO_TLS = 'The server does not support SSL connections';

/**
 * What `dr` does inside PostgreSQL: canary, read-only, position, one statement of a person. TLS follows libpq's `PGSSLMODE`: unset or `prefer` takes TLS where the server offers it
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

    setReadOnly: (target, on, timeoutMs, signal) =>
      session(env, target, timeoutMs, signal, async (client) => {
        // A session of a database that is read-only could not even clear that.
        await client.query('SET default_transaction_read_only = off');
        const database = quoteIdentifier(target.database);
        await client.query(`ALTER DATABASE ${database} ${on ? 'SET default_transaction_read_only = on' : 'RESET default_transaction_read_only'}`);
        const found = await client.query<{ left: string }>(END_OTHERS);
        const left = Number(found.rows[0]?.left ?? 0);
        if (left > 0) throw new Error(`${left} other ${left === 1 ? 'session has' : 'sessions have'} not ended yet`);
      }),

    position: (target, timeoutMs, signal) =>
      session(env, target, timeoutMs, signal, async (client) => {
        const found = await client.query<{ replica: boolean; at: string; replayed_ms: string | null; read_only: string; owner: boolean; exempt: string[]; besides: string[]; written: string }>(POSITION);
        const row = found.rows[0];
        if (row === undefined) throw new Error('the database told no position');
        const replayedAt = row.replayed_ms === null ? {} : { replayedAt: Number(row.replayed_ms) };
        const exempt = row.exempt.length === 0 ? {} : { exempt: row.exempt };
        const besides = row.besides.length === 0 ? {} : { besides: { databases: row.besides, written: BigInt(row.written) } };
        return { role: row.replica ? 'replica' : 'writer', at: BigInt(row.at), ...replayedAt, readOnly: row.read_only === 'on', mayChange: row.owner, ...exempt, ...besides };
      }),

    async statement(target, text, timeoutMs, signal) {
      let sent = false;
      const wasSent = (): boolean => sent;
      const until = performance.now() + timeoutMs;
      try {
        const said = await session(env, target, timeoutMs, signal, async (client) => {
          // The server ends it before we give up on it, however long it took to connect: then the answer is known.
          await client.query(`SET statement_timeout = ${Math.max(1, Math.floor((until - performance.now()) * 0.8))}`);
          sent = true;
          return oneStatement(client, text);
        });
        return { state: 'done', text: outcomeText(said, target.password) };
      } catch (error) {
        if (!wasSent()) signal?.throwIfAborted();
        // What the server refuses it has rolled back.
        return { state: wasSent() && !answeredByServer(error) ? 'unknown' : 'refused', error: messageOf(error) };
      }
    },
  };
}

/** Ends the sessions of all others and waits for each; those of RDS itself stay. https://www.postgresql.org/docs/17/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL */
const END_OTHERS =
  'SELECT count(*) FILTER (WHERE NOT pg_terminate_backend(pid, 2000))::text AS left FROM pg_stat_activity ' +
  "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND usename <> 'rdsadmin'";

/** https://www.postgresql.org/docs/17/functions-admin.html#FUNCTIONS-ADMIN-BACKUP and …#FUNCTIONS-RECOVERY-CONTROL */
const POSITION =
  'SELECT pg_is_in_recovery() AS replica, ' +
  "(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::text AS at, " +
  'floor(extract(epoch FROM CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() END) * 1000)::bigint::text AS replayed_ms, ' +
  "current_setting('default_transaction_read_only') AS read_only, " +
  "(SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()) AS owner, " +
  // https://www.postgresql.org/docs/17/sql-alterrole.html: settings of a role override those of a database.
  'ARRAY(SELECT DISTINCT r.rolname::text FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS c ' +
  "WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) AND c ~* '^default_transaction_read_only=(of|f|n|0)' ORDER BY 1) AS exempt, " +
  // What kind of session it is, is shown to some roles only. https://www.postgresql.org/docs/17/monitoring-stats.html
  "ARRAY(SELECT DISTINCT datname::text FROM pg_stat_activity WHERE datname NOT IN (current_database(), 'rdsadmin') AND usename <> 'rdsadmin' AND coalesce(backend_type, 'client backend') = 'client backend' ORDER BY 1) AS besides, " +
  "(SELECT coalesce(sum(tup_inserted + tup_updated + tup_deleted), 0) FROM pg_stat_database WHERE datname NOT IN (current_database(), 'rdsadmin'))::text AS written";

/** The extended protocol takes one statement and refuses more. However many rows there are, only the first are kept. */
async function oneStatement(client: Client, text: string): Promise<QueryResult<Record<string, unknown>>> {
  const { default: pg } = await loadSql();
  return new Promise((resolve, reject) => {
    const query = new pg.Query<Record<string, unknown>>({ text, values: [], queryMode: 'extended' } as QueryConfig, (error: Error | null | undefined, result) => {
      if (error instanceof Error) reject(error);
      else resolve(result);
    });
    query.on('row', (_row, result) => {
      if (result !== undefined && result.rows.length >= ROWS_SHOWN) result.rows.length = ROWS_SHOWN;
    });
    client.query(query);
  });
}

const ROWS_SHOWN = 5;
/** Characters that are searched for a password, and that are given back. */
const ROWS_READ = 65_536;
const ROW_TEXT = 1_000;

/** `SELECT 2: {"a":1} {"a":2}`. Masked before it is cut: of a password that stands at the cut nobody would know the rest. */
function outcomeText(result: QueryResult<Record<string, unknown>>, password: string): string {
  const rows = result.rows.slice(0, ROWS_SHOWN).map((row) => JSON.stringify(row)).join(' ');
  const head = [result.command, result.rowCount ?? ''].join(' ').trim() || 'done';
  return rows === '' ? head : `${head}: ${redacted(rows.slice(0, ROWS_READ), [{ name: 'password', value: password }]).slice(0, ROW_TEXT)}`;
}

function quoteIdentifier(name: string): string {
  if (name.length > 127 || name.includes('\0')) throw new Error('not a table name');
  return name.split('.').map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
}

/** The driver, loaded at its first use, or ahead of it. */
export function loadSql(): Promise<typeof Pg> {
  return import('pg');
}

async function session<T>(
  env: Readonly<Record<string, string | undefined>>,
  target: SqlTarget,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const { default: pg } = await loadSql();
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
        application_name: 'dr',
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

async function bounded<T>(run: () => Promise<T>, timeoutMs: number, signal: AbortSignal | undefined, abandon: () => void): Promise<T> {
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
