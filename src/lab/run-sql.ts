import type { LabServer, Login } from './server.ts';

/** One statement on a connection of its own. @throws Error in the words of the database */
export async function runSql(server: LabServer, login: Login, text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ ...server.address(), ...login, connectionTimeoutMillis: 2_000, query_timeout: 10_000, application_name: 'lab' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
