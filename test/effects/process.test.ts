import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemProcess } from '../../src/effects/process.ts';

const node = (code: string, ...rest: string[]) => [process.execPath, '-e', code, ...rest] as const;
const ask = (argv: readonly [string, ...string[]], more: { env?: Record<string, string>; timeoutMs?: number; signal?: AbortSignal } = {}) =>
  systemProcess.run({ argv, env: {}, timeoutMs: 10_000, ...more });

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a program', () => {
  it('gets its arguments as they are, and no environment but what was chosen', async () => {
    process.env['DR_TEST_LEAK'] = 'leak';
    const { code, output } = await ask(node('console.log(JSON.stringify([process.argv.slice(1), process.env]))', '$HOME; echo x', 'a b'), { env: { ONE: '1' } });
    delete process.env['DR_TEST_LEAK'];
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual([['$HOME; echo x', 'a b'], { ONE: '1' }]);
  });

  it('says how it ended, with what it wrote to both', async () => {
    const result = await ask(node('console.log("out"); console.error("err"); process.exitCode = 3'));
    expect(result).toMatchObject({ code: 3, cut: false });
    expect(result.output.split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('keeps the last 64 KiB of what it wrote', async () => {
    const { output, cut, code } = await ask(node('process.stdout.write("x".repeat(1e6) + "the end")'));
    expect([output.length, output.endsWith('the end'), cut, code]).toEqual([65_536, true, true, 0]);
  });

  it('is killed at its limit, with everything it started', async () => {
    const code = `const c = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); console.log(c.pid); setInterval(() => {}, 1000)`;
    const result = await ask(node(code), { timeoutMs: 3_000 });
    expect(result).toMatchObject({ code: undefined, error: 'killed: it had not ended within 3000 ms' });
    const grandchild = Number(result.output.trim());
    expect(grandchild).toBeGreaterThan(1);
    for (let i = 0; i < 100 && alive(grandchild); i++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(alive(grandchild)).toBe(false);
  });

  it('ends with dr, also where dr is killed, and leaves nobody who waits for that', async () => {
    const source = new URL('../../src/effects/process.ts', import.meta.url).href;
    const program = JSON.stringify([process.execPath, '-e', 'setInterval(() => {}, 1000); console.log(process.pid); process.on("SIGTERM", () => {})']);
    const code = `const { systemProcess } = await import(${JSON.stringify(source)}); void systemProcess.run({ argv: ${program}, env: {}, timeoutMs: 60_000 });`;
    const dr = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' });
    onTestFinished(() => void dr.kill('SIGKILL'));
    const children = async (): Promise<number[]> => (await readFile(`/proc/${dr.pid ?? 0}/task/${dr.pid ?? 0}/children`, 'utf8')).trim().split(/\s+/).map(Number);
    await expect.poll(() => children().then((list) => list.length), { timeout: 10_000 }).toBe(2);
    const both = await children();
    onTestFinished(() => both.filter(alive).forEach((pid) => process.kill(pid, 'SIGKILL')));
    dr.kill('SIGKILL');
    await expect.poll(() => both.filter(alive), { timeout: 10_000 }).toEqual([]);
  });

  it('does not wait for what it left behind, and leaves nothing behind', async () => {
    const code = `const c = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }); c.unref(); console.log(c.pid)`;
    const result = await ask(node(code), { timeoutMs: 8_000 });
    expect(result.code).toBe(0);
    const left = Number(result.output.trim());
    for (let i = 0; i < 100 && alive(left); i++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(alive(left)).toBe(false);
  });

  it('that is not there never ran', async () => {
    expect(await ask(['/no/such/program'])).toMatchObject({ code: undefined, notStarted: true, error: 'spawn /no/such/program ENOENT', output: '' });
  });

  it('ends with an aborted signal', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    expect(await ask(node('setInterval(() => {}, 1000)'), { signal: abort.signal })).toMatchObject({ code: undefined, error: 'ended by SIGKILL' });
  });
});
