import { execFile } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LabBackup, LabServer, Login } from '../server.ts';
import { baseCopy, makeFolder, SEGMENT_BYTES, segmentName, writeAs, type CopyStart } from './base-copy.ts';
import type { Binaries } from './binaries.ts';
import { spawnIdentity } from './run-as.ts';
import { PostgresServer } from './server.ts';

const run = promisify(execFile);
const SEGMENT = BigInt(SEGMENT_BYTES);

/**
 * A base copy of a server and its log from then on, as RDS keeps them: a snapshot and the transaction logs. A restore is
 * the copy with the log up to a position; PostgreSQL replays it when it starts.
 */
export class PostgresBackup implements LabBackup {
  readonly #source: PostgresServer;
  readonly #binaries: Binaries;
  readonly #login: Login;
  readonly #folder: string;
  readonly #start: CopyStart;
  /** Up to there the log is here. */
  #upTo: bigint;
  #restored = 0;

  private constructor(source: PostgresServer, binaries: Binaries, login: Login, folder: string, start: CopyStart) {
    this.#source = source;
    this.#binaries = binaries;
    this.#login = login;
    this.#folder = folder;
    this.#start = start;
    this.#upTo = start.from;
  }

  /** `folder` is its own, directly below that of the lab. */
  static async begin(source: PostgresServer, binaries: Binaries, login: Login, folder: string): Promise<PostgresBackup> {
    await makeFolder(folder, binaries.runAs);
    await makeFolder(join(folder, 'log'), binaries.runAs);
    const start = await baseCopy(source, join(folder, 'copy'), binaries);
    const backup = new PostgresBackup(source, binaries, login, folder, start);
    await backup.ship();
    return backup;
  }

  async ship(): Promise<bigint> {
    const { at: end, writable } = await this.#source.position();
    if (!writable) throw new Error(`${this.#source.name} writes no log of its own`);
    while (this.#upTo < end) {
      const next = (this.#upTo / SEGMENT + 1n) * SEGMENT;
      const to = next < end ? next : end;
      await this.#append(this.#upTo, to);
      this.#upTo = to;
    }
    return end;
  }

  /** Takes the bytes in [from, to), all of one segment. */
  async #append(from: bigint, to: bigint): Promise<void> {
    const name = segmentName(this.#start.timeline, from);
    const bytes = Buffer.alloc(Number(to - from));
    const offset = Number(from % SEGMENT);
    const source = await open(join(this.#source.dataFolder, 'pg_wal', name), 'r');
    try {
      const { bytesRead } = await source.read(bytes, 0, bytes.length, offset);
      if (bytesRead < bytes.length) throw new Error(`the log of ${this.#source.name} ends within ${name}`);
    } finally {
      await source.close();
    }
    const copy = await open(this.#segment(name), offset === 0 ? 'w' : 'r+');
    try {
      await copy.write(bytes, 0, bytes.length, offset);
    } finally {
      await copy.close();
    }
  }

  async restore(name: string, at: bigint): Promise<LabServer> {
    const { runAs } = this.#binaries;
    const dataFolder = join(this.#folder, `restored-${++this.#restored}`);
    await run('cp', ['-a', join(this.#folder, 'copy'), dataFolder], { ...spawnIdentity(runAs), cwd: this.#folder });
    for (let from = this.#start.from; from < at; from += SEGMENT) {
      const file = segmentName(this.#start.timeline, from);
      // What is not there yet is zeros, which for PostgreSQL is where the log ends.
      const segment = Buffer.alloc(SEGMENT_BYTES);
      const bytes = await readFile(this.#segment(file));
      bytes.copy(segment, 0, 0, Number(at - from < SEGMENT ? at - from : SEGMENT));
      await writeAs(join(dataFolder, 'pg_wal', file), segment, runAs);
    }
    const server = new PostgresServer({ name, binaries: this.#binaries, dataFolder, login: this.#login });
    try {
      await server.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  #segment(name: string): string {
    return join(this.#folder, 'log', name);
  }
}
