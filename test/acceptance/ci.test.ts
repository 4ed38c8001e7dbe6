import { validateAction, validateWorkflow } from '@action-validator/core';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT } from '../../src/base/exit-codes.ts';
import { ROOT } from '../commands/run-dr.ts';

const folders: string[] = [];
const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'dr-ci-'));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('for GitHub', () => {
  it('the action and the example are what GitHub takes', () => {
    expect(validateAction(read('action.yml')).errors).toEqual([]);
    expect(validateWorkflow(read('docs/ci/github.yml')).errors).toEqual([]);
    expect(validateWorkflow(read('docs/ci/github.yml').replace('runs-on:', 'run-on:')).errors).not.toEqual([]);
    expect(validateAction(read('action.yml').replace('using: composite', 'using: composition')).errors).not.toEqual([]);
  });

  it('the example gives inputs that the action has, and each that it needs', () => {
    const { inputs } = parse(read('action.yml')) as { inputs: Record<string, { required?: boolean }> };
    const { jobs } = parse(read('docs/ci/github.yml')) as { jobs: { shop: { steps: { with?: Record<string, string> }[] } } };
    const given = Object.keys(jobs.shop.steps.find((step) => step.with !== undefined)?.with ?? {});
    expect(given.filter((name) => inputs[name] === undefined)).toEqual([]);
    expect(Object.entries(inputs).filter(([name, { required }]) => required === true && !given.includes(name))).toEqual([]);
  });
});

describe('for GitLab', () => {
  /** What gitlab-ci-local, which has the schema of GitLab, says of a file. */
  function lint(text: string): { status: number | null; out: string } {
    const folder = temporary();
    execFileSync('git', ['init', '-q', folder]);
    execFileSync('git', ['-C', folder, 'remote', 'add', 'origin', 'git@gitlab.com:example/shop.git']);
    writeFileSync(join(folder, '.gitlab-ci.yml'), text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules/.bin/gitlab-ci-local'), '--list-all'], { cwd: folder, encoding: 'utf8' });
    return { status, out: stdout + stderr };
  }

  it('the example is what GitLab takes', () => {
    const good = lint(read('docs/ci/gitlab-ci.yml'));
    expect(good.out).toContain('drill');
    expect(good.status, good.out).toBe(0);
    expect(lint(read('docs/ci/gitlab-ci.yml').replace('script:', 'scripts:')).status).not.toBe(0);
  });
});

describe('scripts/ci.mjs', () => {
  function ci(env: Record<string, string>): { status: number | null; stdout: string; folder: string } {
    const folder = temporary();
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/ci.mjs')], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: join(folder, 'summary.md'), DR_REGION: 'ap-northeast-1', DR_RUNBOOK: 'shop', DR_STATE: join(folder, 'state'), DR_LAB: '1', ...env },
    });
    return { status, stdout, folder };
  }
  const withRunbook = (text: string): string => {
    const folder = temporary();
    mkdirSync(join(folder, 'runbooks'));
    writeFileSync(join(folder, 'runbooks', 'shop.yaml'), text);
    return join(folder, 'runbooks');
  };

  it('drills in a lab, and leaves reports, a summary and annotations', () => {
    const { status, stdout, folder } = ci({ DR_RUNBOOKS: withRunbook(read('runbooks/shop.yaml')) });
    expect(stdout).toMatch(/^::warning file=.*shop\.yaml,line=\d+,col=\d+::/m);
    expect(status, stdout).toBe(0);
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('DRILL of shop');
    const junit = readFileSync(join(folder, 'dr-reports', 'report.junit.xml'), 'utf8');
    expect(junit).toContain('name="shop drill lab"');
    expect(junit).not.toContain('<failure');
  });

  it('fails at the line of a runbook that is not valid', () => {
    const { status, stdout, folder } = ci({ DR_RUNBOOKS: withRunbook(read('runbooks/shop.yaml').replace(/^strategy: .*$/m, 'strategy: hope')) });
    expect(status).toBe(EXIT.runbook);
    expect(stdout).toMatch(/^::error file=.*shop\.yaml,line=\d+,col=\d+::strategy/m);
    expect(() => readFileSync(join(folder, 'summary.md'))).toThrow();
  });

  it('tells a refusal from a failure by its exit code', () => {
    // The region that is active already: nothing to drill there.
    const { status, stdout } = ci({ DR_RUNBOOKS: withRunbook(read('runbooks/shop.yaml')), DR_REGION: 'ap-northeast-2' });
    expect([EXIT.refused, EXIT.usage]).toContain(status);
    expect(stdout).toMatch(/^::error ::/m);
    expect(ci({ DR_REGION: '' }).status).toBe(EXIT.usage);
  });
});
