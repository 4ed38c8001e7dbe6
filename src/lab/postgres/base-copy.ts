import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.ts';
import { spawnIdentity, type RunAs } from './run-as.ts';
import type { PostgresServer } from './server.ts';

const run = promisify(execFile);
/** What belongs to the server that runs, and what every server makes again. */
const LEFT_OUT = new Set(['pg_wal', 'postmaster.pid', 'postmaster.opts', 'standby.signal', 'postgresql.auto.conf', 'backup_label', 'backup_label.old', 'pg_stat_tmp', 'pg_replslot']);
const MADE_EMPTY = ['pg_wal', 'pg_wal/archive_status', 'pg_wal/summaries', 'pg_stat_tmp', 'pg_replslot'];

/** Where the log begins that a copy needs. */
interface CopyStart {
  timeline: number;
  /** The first byte of the log that it needs, where a segment begins. */
  from: bigint;
}

/**
 * Copies the folder of a running server, as pg_basebackup does, which the lab's PostgreSQL does not bring along. The copy
 * has no log: it needs all of it from `from` on.
 * https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export function baseCopy(source: PostgresServer, to: string, binaries: Binaries): Promise<CopyStart> {
  const { runAs } = binaries;
  // The session that starts the backup must be the one that stops it.
  return source.inSession(async (client) => {
    await client.query("SELECT pg_backup_start('lab', true)");
    await makeFolder(to, runAs);
    const entries = (await readdir(source.dataFolder)).filter((name) => !LEFT_OUT.has(name));
    await run('cp', ['-a', ...entries.map((name) => join(source.dataFolder, name)), to], { ...spawnIdentity(runAs), cwd: source.dataFolder });
    // Last, for of a replica it says how far the log must be replayed until the copy is consistent.
    await run('cp', ['-a', join(source.dataFolder, 'global', 'pg_control'), join(to, 'global')], { ...spawnIdentity(runAs), cwd: source.dataFolder });
    for (const name of MADE_EMPTY) await makeFolder(join(to, name), runAs);
    const log = join(source.dataFolder, 'pg_wal');
    const histories = (await readdir(log)).filter((name) => name.endsWith('.history')).map((name) => join(log, name));
    if (histories.length > 0) await run('cp', ['-a', ...histories, join(to, 'pg_wal')], { ...spawnIdentity(runAs), cwd: to });
    const stopped = await client.query<{ label: string }>('SELECT labelfile AS label FROM pg_backup_stop(false)');
    const label = stopped.rows[0]?.label ?? '';
    await writeAs(join(to, 'backup_label'), label, runAs);
    return startOf(label);
  });
}

/** Segments of the lab's servers are of 1 MB. */
export const SEGMENT_BYTES = 1_048_576;
const SEGMENTS_IN_ID = 2n ** 32n / BigInt(SEGMENT_BYTES);

/** File of the log that holds a byte. */
export function segmentName(timeline: number, at: bigint): string {
  const segment = at / BigInt(SEGMENT_BYTES);
  return [BigInt(timeline), segment / SEGMENTS_IN_ID, segment % SEGMENTS_IN_ID].map((n) => n.toString(16).toUpperCase().padStart(8, '0')).join('');
}

function startOf(label: string): CopyStart {
  const [, file = ''] = /^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)$/m.exec(label) ?? [];
  const parts = [0, 8, 16].map((from) => BigInt(`0x${file.slice(from, from + 8)}`));
  const [timeline, id, segment] = parts;
  if (file === '' || timeline === undefined || id === undefined || segment === undefined) throw new Error(`PostgreSQL gave no start of its log: ${label}`);
  return { timeline: Number(timeline), from: (id * SEGMENTS_IN_ID + segment) * BigInt(SEGMENT_BYTES) };
}

/** A folder that only the server's user may enter. */
export async function makeFolder(path: string, runAs: RunAs): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o700);
  if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(path, runAs.uid, runAs.gid);
}

export async function writeAs(path: string, text: string | Buffer, runAs: RunAs): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(path, runAs.uid, runAs.gid);
}
