import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { labBreak, labEnv, labHeal, labLedger, labStart, labStatus, labStop } from '../../src/app/lab.ts';
import { alive, until } from './helpers.ts';

let state: string;
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'dr-state-'));
});
afterAll(async () => {
  await labStop({ state }).catch(() => undefined);
  vi.unstubAllEnvs();
  await rm(state, { recursive: true });
});
const file = () => join(state, 'lab', 'lab.json');

describe('dr lab', () => {
  it('says so when none runs', async () => {
    for (const ask of [labStatus, labStop, labEnv, labLedger]) {
      await expect(ask({ state })).rejects.toMatchObject({ code: 'LAB_NOT_RUNNING', exit: 'lab', next: ['dr lab start'] });
    }
    await expect(labBreak({ state, region: 'ap-northeast-2' })).rejects.toMatchObject({ code: 'LAB_NOT_RUNNING' });
  });

  it('starts one that outlives who started it, and only one', async () => {
    const started = await labStart({ state });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await labStatus({ state })).toMatchObject({ pid: started.info.pid, home: 'ap-northeast-2', host: 'shop.example.com' });
    await expect(labStart({ state })).rejects.toMatchObject({ code: 'LAB_RUNNING', exit: 'lab', next: ['dr lab status', 'dr lab stop'] });
    expect(await labStatus({ state })).toMatchObject({ pid: started.info.pid });
  });

  it('gives an environment that a shell takes', async () => {
    const env = await labEnv({ state, env: { AWS_ENDPOINT_URL_RDS: 'http://elsewhere', AWS_PROFILE: 'mine' } });
    const shell = spawnSync('/bin/sh', ['-c', `${env.shell}\nenv`], { encoding: 'utf8', env: { AWS_ENDPOINT_URL_RDS: 'http://elsewhere', AWS_PROFILE: 'mine' } });
    const seen = Object.fromEntries(shell.stdout.trim().split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(seen).toMatchObject(env.set);
    expect(seen).not.toHaveProperty('AWS_PROFILE');
    expect(seen).not.toHaveProperty('AWS_ENDPOINT_URL_RDS');
    expect(Object.keys(env.set).sort()).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_SECRET_ACCESS_KEY', 'DR_CONNECT_TO', 'DR_LAB', 'DR_RESOLVER', 'SHOP_DB_PASSWORD', 'SHOP_DB_USER']);
  });

  it('lets nobody in without the token', async () => {
    const { control } = JSON.parse(await readFile(file(), 'utf8')) as { control: { url: string; token: string } };
    for (const authorization of ['', 'Bearer ', `Bearer ${control.token.replace(/./g, 'f')}`]) {
      expect((await fetch(`${control.url}/break?region=ap-northeast-2`, { method: 'POST', headers: { authorization } })).status).toBe(403);
    }
    expect((await labStatus({ state })).regions.every((region) => region.alive)).toBe(true);
  });

  it('breaks and heals a region', async () => {
    expect((await labBreak({ state, region: 'ap-northeast-2' })).regions.map((r) => r.alive)).toEqual([false, true]);
    await until('users notice', async () => (await labLedger({ state })).outages.length > 0);
    expect((await labHeal({ state, region: 'ap-northeast-2' })).regions.map((r) => r.alive)).toEqual([true, true]);
    await until('users are back', async () => (await labLedger({ state })).outages.at(-1)?.downtimeMs !== undefined);
    expect((await labLedger({ state })).loss).toMatchObject({ region: 'ap-northeast-2', lost: 0, lossMs: 0 });
    await expect(labBreak({ state, region: 'nowhere' })).rejects.toMatchObject({ code: 'LAB_REGION', exit: 'usage' });
  });

  it('stops it, and its file goes', async () => {
    const { pid } = await labStop({ state });
    expect(alive(pid)).toBe(false);
    await expect(stat(file())).rejects.toThrow('ENOENT');
  });

  it('replaces what a killed one left, and what a reused process id claims', async () => {
    const { info } = await labStart({ state });
    process.kill(info.pid, 'SIGKILL');
    await until('gone', () => !alive(info.pid));
    await expect(labStatus({ state })).rejects.toMatchObject({ code: 'LAB_NOT_RUNNING', detail: `The one that was started before (process ${info.pid}) is gone.` });
    await labStart({ state });
    const { control } = JSON.parse(await readFile(file(), 'utf8')) as { control: object };
    await labStop({ state });
    // This test's own process is alive, and no lab.
    await writeFile(file(), JSON.stringify({ schema: 'dr.lab/1', control, info: { ...info, pid: process.pid } }));
    const again = await labStart({ state });
    expect(again.info.pid).not.toBe(process.pid);
    await labStop({ state });
  });

  it('ends a foreground lab by its stop', async () => {
    const started = await labStart({ state, foreground: true });
    await expect(labStart({ state })).rejects.toMatchObject({ code: 'LAB_RUNNING' });
    await started.stop();
    await started.ended;
    await expect(labStatus({ state })).rejects.toMatchObject({ code: 'LAB_NOT_RUNNING' });
  });
});
