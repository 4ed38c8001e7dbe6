import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemSql } from '../../src/effects/postgres.ts';
import type { LabServer } from '../../src/lab/server.ts';
import { LOGIN, postgresHere } from '../lab/helpers.ts';

const { engine, remove } = await postgresHere();
let writer: LabServer;
let silent: Server;
const sockets = new Set<Socket>();

beforeAll(async () => {
  ({ writer } = await engine.cluster('w', [], LOGIN));
  silent = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all([writer.stop(), new Promise((resolve) => silent.close(resolve))]);
  await remove();
});
const target = () => ({ engine: 'postgres', ...writer.address(), ...LOGIN }) as const;

describe('the canary', () => {
  it('is written and read back, in a table with any name', async () => {
    expect(await systemSql({}).canary(target(), 'Odd "name"', 't-1', 5_000)).toBe('t-1');
    expect(await systemSql({ PGSSLMODE: 'disable' }).canary(target(), 'Odd "name"', 't-2', 5_000)).toBe('t-2');
  });

  it('says what the database says', async () => {
    await expect(systemSql({}).canary({ ...target(), password: 'wrong' }, 'c', 't', 5_000)).rejects.toThrow('password authentication failed for user "shop"');
    await expect(systemSql({}).canary({ ...target(), database: 'other' }, 'c', 't', 5_000)).rejects.toThrow('database "other" does not exist');
    await expect(systemSql({ PGSSLMODE: 'require' }).canary(target(), 'c', 't', 5_000)).rejects.toThrow('does not support SSL');
    await expect(systemSql({ PGSSLMODE: 'maybe' }).canary(target(), 'c', 't', 5_000)).rejects.toThrow('PGSSLMODE=maybe is not known');
  });

  it('does not wait for a server that says nothing, nor when it is aborted', async () => {
    const nobody = { ...target(), port: (silent.address() as AddressInfo).port };
    await expect(systemSql({}).canary(nobody, 'c', 't', 200)).rejects.toThrow('did not answer within 200 ms');
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await expect(systemSql({}).canary(nobody, 'c', 't', 5_000, abort.signal)).rejects.toThrow('aborted');
  });
});
