import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DrError, messageOf } from '../../base/errors.ts';
import type { DatabaseEngine, LabCluster, LabReplica, LabServer, Login, ReplicaWish } from '../server.ts';
import { WanLink } from '../wan-link.ts';
import type { Binaries } from './binaries.ts';
import { postgresBackup } from './backup.ts';
import { baseCopy, makeFolder, writeAs } from './base-copy.ts';
import { type RunAs, spawnIdentity } from './run-as.ts';
import { PostgresServer } from './server.ts';

const run = promisify(execFile);
const HOST = '127.0.0.1';

/** Clusters of real PostgreSQL servers with streaming replication; their files go below `folder`. */
export function postgresEngine(binaries: Binaries, folder: string): DatabaseEngine {
  let made = 0;
  return {
    version: binaries.version,
    cluster: async (writer, replicas, login) => {
      try {
        return await makeCluster(binaries, join(folder, `cluster-${++made}`), writer, replicas, login);
      } catch (error) {
        throw error instanceof DrError ? error : notSetUp(error);
      }
    },
    replicate: (source, wish, login) => addReplica(binaries, join(folder, `replica-${++made}`), mine(source), wish, login),
    backup: (source, login) => postgresBackup(mine(source), binaries, login, join(folder, `backup-${++made}`)),
  };
}

function mine(server: LabServer): PostgresServer {
  if (server instanceof PostgresServer) return server;
  throw new Error(`${server.name} is no PostgreSQL of the lab`);
}

/** Every server lies two folders below the lab's, where the watchdog looks. */
async function addReplica(binaries: Binaries, folder: string, source: PostgresServer, wish: ReplicaWish, login: Login): Promise<LabReplica> {
  const dataFolder = join(folder, 'data');
  await makeFolder(folder, binaries.runAs);
  await baseCopy(source, dataFolder, binaries);
  return startReplica(binaries, dataFolder, source, wish, login);
}

/** `dataFolder` is a copy of its source's. When this is fulfilled it has caught up. */
async function startReplica(binaries: Binaries, dataFolder: string, source: PostgresServer, wish: ReplicaWish, login: Login): Promise<LabReplica> {
  const link = new WanLink(() => source.address());
  const server = new PostgresServer({ name: wish.name, binaries, dataFolder, login });
  try {
    const port = await link.listen(HOST);
    await makeReplica(dataFolder, binaries.runAs, wish.name, port, login);
    await server.start();
    await caughtUp(source, server);
    link.setDelay(wish.delayMs);
    return { server, link };
  } catch (error) {
    await Promise.all([server.stop(), link.close()]);
    throw error;
  }
}

async function makeCluster(binaries: Binaries, folder: string, writerName: string, wishes: readonly ReplicaWish[], login: Login): Promise<LabCluster> {
  const dataFolder = (n: number) => join(folder, `data-${n}`);
  await initialize(binaries, folder, dataFolder(0), login);
  // Every replica starts as a copy of the folder, taken before the writer runs: the quickest base backup there is.
  for (const n of wishes.keys()) {
    await run('cp', ['-a', dataFolder(0), dataFolder(n + 1)], { ...spawnIdentity(binaries.runAs), cwd: folder });
  }
  const writer = new PostgresServer({ name: writerName, binaries, dataFolder: dataFolder(0), login });
  const replicas: LabReplica[] = [];
  try {
    await writer.start();
    const started = await Promise.allSettled(wishes.map((wish, n) => startReplica(binaries, dataFolder(n + 1), writer, wish, login)));
    replicas.push(...started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return { writer, replicas };
  } catch (error) {
    await Promise.all([writer.stop(), ...replicas.map(({ server, link }) => Promise.all([server.stop(), link.close()]))]);
    throw error;
  }
}

async function initialize(binaries: Binaries, folder: string, dataFolder: string, login: Login): Promise<void> {
  await makeFolder(folder, binaries.runAs);
  const passwordFile = join(folder, 'password');
  await writeAs(passwordFile, `${login.password}\n`, binaries.runAs);
  const identity = spawnIdentity(binaries.runAs);
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...(process.platform === 'win32' ? process.env : {}) };
  try {
    const args = ['-D', dataFolder, '-U', login.user, '-A', 'scram-sha-256', '--pwfile', passwordFile];
    // Segments of 1 MB instead of 16: less to write, less to copy.
    args.push('--no-sync', '--no-instructions', '--locale=C', '--encoding=UTF8', '--wal-segsize=1');
    await run(binaries.initdb, args, { ...identity, cwd: folder, env, timeout: 60_000 });
    if (login.database !== 'postgres') await nameDatabase(binaries, dataFolder, login, { ...identity, cwd: folder, env });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function notSetUp(error: unknown): DrError {
  return new DrError({ code: 'LAB_POSTGRES', exit: 'lab', title: "The lab's PostgreSQL could not be set up.", detail: messageOf(error), cause: error });
}

/** In single-user mode, before the copies are made. The database that is there is renamed: a new one is hundreds of files. */
async function nameDatabase(binaries: Binaries, dataFolder: string, login: Login, options: { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv }): Promise<void> {
  const name = login.database.replaceAll('"', '""');
  const running = run(binaries.postgres, ['--single', '-D', dataFolder, '-c', 'fsync=off', 'template1'], { ...options, timeout: 60_000 });
  running.child.stdin?.end(`ALTER DATABASE postgres RENAME TO "${name}"\n`);
  await running;
}

/** Makes the folder a replica of the server behind a link. */
async function makeReplica(dataFolder: string, runAs: RunAs, name: string, port: number, login: Login): Promise<void> {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const parts = { host: HOST, port: String(port), user: login.user, password: login.password, application_name: name, sslmode: 'disable' };
  const conninfo = Object.entries(parts).map(([key, value]) => `${key}=${quote(value)}`).join(' ');
  await writeAs(join(dataFolder, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`, runAs);
  await writeAs(join(dataFolder, 'standby.signal'), '', runAs);
}

async function caughtUp(writer: LabServer, replica: LabServer): Promise<void> {
  const until = performance.now() + 15_000;
  const { at: goal } = await writer.position();
  for (;;) {
    const reached = await replica.position();
    if (reached.at >= goal && !reached.writable) return;
    if (performance.now() > until) throw new Error(`${replica.name} does not replicate from ${writer.name}`);
    await sleep(10);
  }
}
