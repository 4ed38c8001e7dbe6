import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Pool } from 'pg';
import type { Login } from './server.ts';

interface ApplicationOptions {
  region: string;
  name: string;
  /** The region's database endpoint, and how to log in; undefined where it keeps nothing. */
  database: (Login & { host: string; port: number }) | undefined;
  /** Whether the region has healthy compute: it is what the application stands for. */
  compute: () => boolean;
}

/** For one query: less than a user waits, so that the reason reaches the user. */
const QUERY_MS = 500;
const BODY_LIMIT = 4_096;
const HEALTH = "SELECT pg_is_in_recovery() AS replica, current_setting('transaction_read_only') AS read_only";
const ORDER_ID = /^[\w-]{1,64}$/;

/**
 * An application in one region. It writes orders into its own region's database, so in the standby region, where that is a
 * replica, it answers 503. Without healthy compute in its region it answers 503, and without a database it keeps nothing.
 */
export class Application {
  readonly #options: ApplicationOptions;
  #pool: Pool | undefined;

  constructor(options: ApplicationOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { region, name, database: login } = this.#options;
    if (login === undefined || this.#pool !== undefined) return;
    const { default: pg } = await import('pg');
    this.#pool = new pg.Pool({
      ...login,
      max: 8,
      connectionTimeoutMillis: QUERY_MS,
      query_timeout: QUERY_MS,
      // Soon gone, so that a promoted or returned database is seen as it is now.
      idleTimeoutMillis: 5_000,
      application_name: `${name}-${region}`,
    });
    this.#pool.on('error', () => undefined);
  }

  close(): void {
    const pool = this.#pool;
    this.#pool = undefined;
    // Its connections end by their own time limits: the database behind them may be silent.
    pool?.end().catch(() => undefined);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pool = this.#pool;
    const { region } = this.#options;
    if (!this.#options.compute()) {
      reply(response, 503, `no healthy instance in ${region}`);
      return;
    }
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/healthz' && (request.method === 'GET' || request.method === 'HEAD')) {
      const { rows } = (await pool?.query<{ replica: boolean; read_only: string }>(HEALTH)) ?? { rows: [{ replica: false, read_only: 'off' }] };
      if (rows[0]?.replica !== false) reply(response, 503, `the database in ${region} is a read-only replica`);
      else if (rows[0].read_only !== 'off') reply(response, 503, `the database in ${region} takes no writes now`);
      else reply(response, 200, 'ok');
      return;
    }
    if (path === '/orders' && request.method === 'POST') {
      const id = orderId(await readBody(request));
      if (id === undefined) {
        reply(response, 400, 'expected a body like {"id":"order-1"}');
        return;
      }
      // One statement is a transaction of its own; on a replica it fails, and that is the answer.
      await pool?.query('INSERT INTO orders (id, region) VALUES ($1, $2)', [id, region]);
      reply(response, 201, JSON.stringify({ id, region: region, committedAt: Date.now() }));
      return;
    }
    reply(response, 404, 'there are GET /healthz and POST /orders');
  }
}

/** Made by the lab on the first writer; replicas get it by replication. */
export const ORDERS_TABLE =
  'CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, region text NOT NULL, placed_at timestamptz NOT NULL DEFAULT now())';

export function reply(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': text.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function orderId(body: string): string | undefined {
  try {
    const { id } = JSON.parse(body) as { id?: unknown };
    return typeof id === 'string' && ORDER_ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > BODY_LIMIT) break;
  }
  return text;
}
