import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { makeLabFolder, removeLabFolder } from '../../src/lab/folder.ts';
import { binariesFor } from '../../src/lab/postgres/binaries.ts';
import { postgresEngine } from '../../src/lab/postgres/engine.ts';
import type { DatabaseEngine, LabServer, Login } from '../../src/lab/server.ts';

export const LOGIN: Login = { user: 'shop', password: "it's a \\secret", database: 'shop' };

/** Real PostgreSQL servers, in a folder of their own that `remove` takes away. */
export async function postgresHere(): Promise<{ engine: DatabaseEngine; remove(): Promise<void> }> {
  const folder = await makeLabFolder();
  return { engine: postgresEngine(await binariesFor(folder, undefined), folder), remove: () => removeLabFolder(folder) };
}

/** Rows of one statement on a connection of its own. */
export async function sql(server: Pick<LabServer, 'address'>, text: string, values?: unknown[], login = LOGIN): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...server.address(), ...login, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A connection that stays, and what becomes of an order on it: `written`, or why not. */
export async function connected(host: string, port: number, { user, password, database }: Login): Promise<{ write(id: string): Promise<string>; end(): Promise<void> }> {
  const client = new pg.Client({ host, port, user, password, database, connectionTimeoutMillis: 5_000, query_timeout: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  return {
    write: (id) => client.query('INSERT INTO orders (id, region) VALUES ($1, $2)', [id, 'session']).then(() => 'written', (error: unknown) => String(error)),
    end: () => client.end().catch(() => undefined),
  };
}

/** Asks again until it is so; throws after `ms`. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether a process is there. A dead one that nobody has collected yet is not. */
export function alive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim().startsWith('Z');
  } catch {
    return false;
  }
}
