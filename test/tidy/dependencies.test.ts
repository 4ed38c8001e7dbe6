import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

interface Lock {
  lockfileVersion: number;
  packages: Record<string, { version?: string; integrity?: string; resolved?: string; link?: boolean; hasInstallScript?: boolean }>;
}

/** What is wrong with how a package is pinned. */
function problems(lock: Lock): string[] {
  return Object.entries(lock.packages).flatMap(([path, { version, integrity, resolved, link }]) => {
    if (path === '') return [];
    if (link === true) return [`${path}: a link to a folder`];
    const bad: string[] = [];
    if (!/^\d+\.\d+\.\d+/.test(version ?? '')) bad.push(`${path}: no exact version`);
    if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')) bad.push(`${path}: no SHA-512`);
    // Absent: the registry that npm is set to, whose answer must match the hash.
    if (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')) bad.push(`${path}: from ${resolved}`);
    return bad;
  });
}

describe('the lockfile', () => {
  it('pins every package by version and SHA-512, from the registry only', async () => {
    const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lock;
    expect(lock.lockfileVersion).toBe(3);
    expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
    expect(problems(lock)).toEqual([]);
  });

  it('is what CI installs by', async () => {
    expect(await readFile(join(ROOT, '.ci', 'run'), 'utf8')).toMatch(/^npm ci /m);
  });

  it('would be refused otherwise', () => {
    const good = { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` };
    const lock = (entry: Lock['packages'][string]): Lock => ({ lockfileVersion: 3, packages: { 'node_modules/x': { ...good, ...entry } } });
    expect(problems(lock({}))).toEqual([]);
    expect(problems(lock({ integrity: 'sha1-x' }))).toHaveLength(1);
    expect(problems(lock({ resolved: 'git+ssh://git@github.com/x/x.git#1' }))).toHaveLength(1);
    expect(problems(lock({ resolved: 'http://registry.npmjs.org/x/-/x-1.0.0.tgz' }))).toHaveLength(1);
    expect(problems(lock({ link: true }))).toHaveLength(1);
    expect(problems(lock({ version: '^1.0.0' }))).toHaveLength(1);
  });
});

describe('the audit', () => {
  /** Runs it with an npm that answers this. */
  async function audit(answer: string, status: number): Promise<{ code: number; said: string }> {
    const folder = await mkdtemp(join(tmpdir(), 'dr-test-'));
    await writeFile(join(folder, 'answer'), answer);
    await writeFile(join(folder, 'npm'), `#!/bin/sh\ncat "${folder}/answer"\nexit ${status}\n`);
    await chmod(join(folder, 'npm'), 0o755);
    return new Promise((resolve) => {
      execFile(process.execPath, [join(ROOT, 'scripts', 'audit.mjs')], { env: { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` } }, (error, stdout) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout.trim() });
      });
    });
  }
  const report = (vulnerabilities: object) => JSON.stringify({ auditReportVersion: 2, vulnerabilities: {}, metadata: { vulnerabilities } });

  it('passes on a report without high ones, fails on one with', async () => {
    expect(await audit(report({ total: 1, low: 1, high: 0, critical: 0 }), 0)).toEqual({ code: 0, said: '1 known, 0 of them high or critical' });
    expect(await audit(report({ total: 2, high: 1, critical: 1 }), 1)).toEqual({ code: 1, said: '2 known, 2 of them high or critical' });
  });

  it('says that it was not run where no report came', async () => {
    expect(await audit('{"message":"405 Method Not Allowed"}', 1)).toEqual({ code: 3, said: 'not run: 405 Method Not Allowed' });
    expect(await audit('', 0)).toMatchObject({ code: 3 });
    expect(await audit('{}', 0)).toMatchObject({ code: 3 });
  });
});
