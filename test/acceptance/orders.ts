import pg from 'pg';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { until } from '../lab/helpers.ts';
import type { Stage } from './stage.ts';

/** An order as a database has it. `at`: when the database began to store it, milliseconds since the epoch. */
export interface StoredOrder {
  id: string;
  region: string;
  at: number;
}

/** All orders in the database of a region, through its endpoint. */
export async function ordersIn(on: Stage, region: string): Promise<StoredOrder[]> {
  const database = (await on.lab.status()).world.databases.find((d) => d.region === region);
  const { SHOP_DB_USER: user, SHOP_DB_PASSWORD: password } = on.env;
  const client = new pg.Client({ host: database?.endpoint.address, port: database?.endpoint.port, user, password, database: 'shop', connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; region: string; placed_at: Date }>('select id, region, placed_at from orders');
    return rows.map((row) => ({ id: row.id, region: row.region, at: row.placed_at.getTime() }));
  } finally {
    await client.end();
  }
}

/** Ends the quarantine of a database, as somebody would who looks at what it has kept. Returns when that began, milliseconds. */
export async function openDoor(on: Stage, region: string): Promise<number> {
  const openedAt = Date.now();
  // The SDK reads the process's own environment.
  Object.assign(process.env, on.lab.env);
  const id = (await on.lab.status()).world.databases.find((d) => d.region === region)?.id ?? '';
  const input = { DBInstanceIdentifier: id, VpcSecurityGroupIds: ['sg-0cccccccccccccccc'], ApplyImmediately: true };
  await sdkCaller().call({ service: 'rds', region, operation: 'ModifyDBInstance', input });
  await until('the door is open', async () => (await on.lab.status()).databases.find((d) => d.region === region)?.door === 'open', 30_000);
  return openedAt;
}
