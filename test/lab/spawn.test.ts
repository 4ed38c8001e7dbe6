import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { makeLabFolder, removeLabFolder } from '../../src/lab/folder.ts';
import { spawnLab, type LabHandle } from '../../src/lab/spawn.ts';
import { alive, until } from './helpers.ts';

const runbook = { path: fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url)) };
const labs: LabHandle[] = [];

async function start(options: Partial<Parameters<typeof spawnLab>[0]> = {}): Promise<LabHandle> {
  const handle = await spawnLab({ runbook, ownedByParent: true, ...options });
  labs.push(handle);
  return handle;
}
afterEach(async () => {
  await Promise.all(labs.splice(0).map((handle) => handle.stop()));
});

/** The lab's process, its databases and its watchdog. */
function family(pid: number): { pids: number[]; folder: string | undefined } {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, id, parent, args]) => ({ pid: Number(id), parent: Number(parent), args: args ?? '' }));
  const pids = [pid];
  // A child may have a lower number than its parent.
  for (const parent of pids) pids.push(...table.filter((row) => row.parent === parent).map((row) => row.pid));
  const watchdog = table.find(({ parent, args }) => parent === pid && args.includes('dr-lab-watchdog'));
  return { pids, folder: watchdog?.args.split(' ').at(-1) };
}

async function allGone({ pids, folder }: ReturnType<typeof family>): Promise<void> {
  await until('processes gone', () => pids.every((pid) => !alive(pid)));
  await until('folder gone', () => {
    try {
      return folder === undefined || readdirSync(folder).length < 0;
    } catch {
      return true;
    }
  });
}

describe('a lab in its own process', () => {
  it('serves users at once, and leaves no process and no folder when it is stopped', async () => {
    const handle = await start();
    const found = family(handle.pid);
    expect(found.folder).toMatch(/dr-lab-/);
    expect(found.pids.length).toBeGreaterThan(4);
    expect((await handle.ledger()).acknowledged).toBeGreaterThan(0);
    const status = await handle.status();
    expect(status.databases.map(({ state, door }) => [state, door])).toEqual([['writer', 'open'], ['replica', 'open']]);
    await handle.stop();
    await allGone(found);
    await expect(handle.status()).rejects.toThrow('does not answer');
  });

  it('two at once do not meet', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    expect(one.info.awsUrl).not.toBe(two.info.awsUrl);
    expect(one.info.applicationPort).not.toBe(two.info.applicationPort);
    await one.breakRegion('ap-northeast-2');
    const before = (await two.ledger()).acknowledged;
    await until('the other continues', async () => (await two.ledger()).acknowledged > before + 5);
    // One order that was too slow is no outage.
    expect((await two.ledger()).outages.filter(({ downtimeMs }) => (downtimeMs ?? Number.POSITIVE_INFINITY) > 2_000)).toEqual([]);
    expect((await two.status()).regions.map((r) => [r.alive, r.application])).toEqual([[true, 'up'], [true, 'up']]);
    expect((await one.status()).regions.map((r) => [r.alive, r.application])).toEqual([[false, 'down'], [true, 'up']]);
  });

  it('says which region it does not know, and that a port is taken', async () => {
    const handle = await start();
    await expect(handle.breakRegion('ap-northeast')).rejects.toMatchObject({ code: 'LAB_REGION', exit: 'usage', detail: 'It has ap-northeast-2 and ap-northeast-1.' });
    const port = Number(new URL(handle.info.awsUrl).port);
    await expect(start({ port })).rejects.toMatchObject({ code: 'LAB_PORT_TAKEN', exit: 'lab', message: `Port ${port} is taken by another process.` });
  });

  it('says why it does not start', async () => {
    await expect(start({ env: { ...process.env, DR_LAB_POSTGRES: '/nowhere' } })).rejects.toMatchObject({ code: 'LAB_POSTGRES', message: 'PostgreSQL does not run on this machine, and the lab needs it.', detail: expect.stringMatching(/^DR_LAB_POSTGRES=\/nowhere: as .*ENOENT/) as string });
    await expect(start({ runbook: { path: '/nowhere/shop.yaml' } })).rejects.toMatchObject({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook' });
  });

  it('takes an explicit free port', async () => {
    const port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = probe.address() as { port: number };
        probe.close(() => resolve(free));
      });
    });
    expect((await start({ port })).info.awsUrl).toBe(`http://127.0.0.1:${port}`);
  });
});

describe('a lab that is not stopped', () => {
  it('ends with its parent, however that ends', async () => {
    const parent = fork(fileURLToPath(new URL('./parent.ts', import.meta.url)), [runbook.path], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const pid = await new Promise<number>((resolve) => parent.once('message', (message) => resolve(message as number)));
    const found = family(pid);
    expect(alive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await allGone(found);
  });

  it('leaves nothing when it is killed itself', async () => {
    const handle = await start();
    const found = family(handle.pid);
    process.kill(handle.pid, 'SIGKILL');
    await allGone(found);
  });

  it('ends on SIGTERM, also while it is starting', async () => {
    const handle = await start();
    const found = family(handle.pid);
    process.kill(handle.pid, 'SIGTERM');
    await allGone(found);

    const daemon = fileURLToPath(new URL('../../src/lab/daemon.ts', import.meta.url));
    const child = spawn(process.execPath, [daemon, JSON.stringify({ runbook: runbook.path, ownedByParent: false })], { stdio: 'ignore' });
    const pid = child.pid ?? 0;
    await until('starting', () => family(pid).folder !== undefined);
    const starting = family(pid);
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await allGone(starting);
    expect(await exit).toEqual([0, null]);
  });
});

it('finds a folder that the unprivileged user can reach', async () => {
  const folder = await makeLabFolder();
  expect(folder).toMatch(/\/dr-lab-\w{6}$/);
  await removeLabFolder(folder);
});
