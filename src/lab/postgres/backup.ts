import { execFile } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LabBackup, LabServer, Login } from '../server.ts';
import { baseCopy, makeFolder, SEGMENT_BYTES, segmentName, writeAs } from './base-copy.ts';
import type { Binaries } from './binaries.ts';
import { spawnIdentity } from './run-as.ts';
import { PostgresServer } from './server.ts';

const run = promisify(execFile);
const SEGMENT = BigInt(SEGMENT_BYTES);

/**
 * A base copy of a server and its log from then on, as RDS keeps them: a snapshot and the transaction logs. A restore is
 * the copy with the log up to a position; PostgreSQL replays it when it starts.
 * `folder` is its own, directly below that of the lab.
 */
export async function postgresBackup(source: PostgresServer, binaries: Binaries, login: Login, folder: string): Promise<LabBackup> {
  const { runAs } = binaries;
  await makeFolder(folder, runAs);
  await makeFolder(join(folder, 'log'), runAs);
  const start = await baseCopy(source, join(folder, 'copy'), binaries);
  const kept = (name: string) => join(folder, 'log', name);
  /** Up to there the log is here. */
  let upTo = start.from;
  let restored = 0;

  /** Takes the bytes in [from, to), all of one segment. */
  async function append(from: bigint, to: bigint): Promise<void> {
    const name = segmentName(start.timeline, from);
    const bytes = Buffer.alloc(Number(to - from));
    const offset = Number(from % SEGMENT);
    const log = await open(join(source.dataFolder, 'pg_wal', name), 'r');
    try {
      const { bytesRead } = await log.read(bytes, 0, bytes.length, offset);
      if (bytesRead < bytes.length) throw new Error(`the log of ${source.name} ends within ${name}`);
    } finally {
      await log.close();
    }
    const copy = await open(kept(name), offset === 0 ? 'w' : 'r+');
    try {
      await copy.write(bytes, 0, bytes.length, offset);
    } finally {
      await copy.close();
    }
  }

  async function ship(): Promise<bigint> {
    const { at: end, writable } = await source.position();
    if (!writable) throw new Error(`${source.name} writes no log of its own`);
    while (upTo < end) {
      const next = (upTo / SEGMENT + 1n) * SEGMENT;
      const to = next < end ? next : end;
      await append(upTo, to);
      upTo = to;
    }
    return end;
  }

  async function restore(name: string, at: bigint): Promise<LabServer> {
    const dataFolder = join(folder, `restored-${++restored}`);
    await run('cp', ['-a', join(folder, 'copy'), dataFolder], { ...spawnIdentity(runAs), cwd: folder });
    for (let from = start.from; from < at; from += SEGMENT) {
      const file = segmentName(start.timeline, from);
      // What is not there yet is zeros, which for PostgreSQL is where the log ends.
      const segment = Buffer.alloc(SEGMENT_BYTES);
      const bytes = await readFile(kept(file));
      bytes.copy(segment, 0, 0, Number(at - from < SEGMENT ? at - from : SEGMENT));
      await writeAs(join(dataFolder, 'pg_wal', file), segment, runAs);
    }
    const server = new PostgresServer({ name, binaries, dataFolder, login });
    try {
      await server.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  await ship();
  return { ship, restore };
}
