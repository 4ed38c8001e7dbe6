import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openState } from '../../src/app/state.ts';
import { DrError } from '../../src/base/errors.ts';
import { EXIT } from '../../src/base/exit-codes.ts';
import { schemaOf, toJsonText, wantsJson } from '../../src/cli/envelope.ts';
import { exitCodeTable } from '../../src/cli/help.ts';
import { globalsLast } from '../../src/cli/main.ts';
import { unknownCommand } from '../../src/cli/not-found.ts';
import { type AcceptanceInput, acceptances } from '../../src/cli/run-flags.ts';
import { stateDir, statePlace } from '../../src/cli/base-command.ts';
import { columns, indent, wrap } from '../../src/cli/text.ts';

describe('an unknown command', () => {
  const names = ['failover', 'history', 'lab:start', 'lab:stop', 'status'];

  it.each([
    ['failver', 'There is no command "failver". Did you mean "failover"?', 'dr failover --help'],
    ['lab:strat', 'There is no command "lab strat". Did you mean "lab start"?', 'dr lab start --help'],
    ['failver:now', 'There is no command "failver now". Did you mean "failover"?', 'dr failover --help'],
    ['xyzzy', 'There is no command "xyzzy".', 'dr --help'],
    ['status:now', '`dr status` does not take the argument "now".', 'dr status --help'],
  ])('%s', (id, title, next) => {
    expect(unknownCommand(id, names)).toMatchObject({ message: title, next: [next], exit: 'usage' });
  });
});

describe('flags that every command takes', () => {
  it.each([
    [['--state', 'x', 'status'], ['status', '--state', 'x']],
    [['--json', '--state=x', 'lab', 'start', '--port', '1'], ['lab', 'start', '--port', '1', '--json', '--state=x']],
    [['status', '--state', 'x'], ['status', '--state', 'x']],
    [['--help'], ['--help']],
    [['--state'], ['--state']],
    [['--json'], ['--json']],
  ])('%j may stand before the name of the command', (typed, meant) => {
    expect(globalsLast(typed)).toEqual(meant);
  });
});

describe('--json', () => {
  it('is seen before the flags are parsed, but not after --', () => {
    expect(wantsJson(['plan', '--json'])).toBe(true);
    expect(wantsJson(['plan', '--', '--json'])).toBe(false);
    expect(wantsJson([])).toBe(false);
  });

  it('names the shape of the result', () => {
    expect(schemaOf('lab:start')).toBe('dr.output.lab.start/1');
    expect(schemaOf(undefined)).toBe('dr.output.error/1');
  });

  it('loses nothing that sits in a map or a set', () => {
    expect(JSON.parse(toJsonText({ m: new Map([['a', new Set([1])]]) }))).toEqual({ m: { a: [1] } });
  });
});

describe('the folder of the journals', () => {
  it('is the flag, then DR_STATE, then XDG_STATE_HOME, then the home folder', () => {
    const env = { DR_STATE: '/s', XDG_STATE_HOME: '/x' };
    expect(stateDir('rel', env)).toBe(resolve('rel'));
    expect(stateDir(undefined, env)).toBe('/s');
    expect(stateDir(undefined, { XDG_STATE_HOME: '/x' })).toBe('/x/dr');
    expect(stateDir('', { DR_STATE: '', XDG_STATE_HOME: '' })).toBe(join(homedir(), '.local/state/dr'));
  });

  it('is the same wherever one stands: a relative XDG_STATE_HOME does not count, `~` is the home folder, also where HOME is empty', () => {
    expect(stateDir(undefined, { XDG_STATE_HOME: 'rel' })).toBe(join(homedir(), '.local/state/dr'));
    expect(stateDir('~/dr', {})).toBe(join(homedir(), 'dr'));
    expect(stateDir(undefined, { DR_STATE: '~' })).toBe(homedir());
    expect(stateDir('~x/dr', {})).toBe(resolve('~x/dr'));
    vi.stubEnv('HOME', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(stateDir(undefined, {})).toBe(join(userInfo().homedir, '.local/state/dr'));
  });

  it.each(['S3://dr-state/shop?region=ap-northeast-1', ' s3://dr-state/shop?region=ap-northeast-1', 's3:dr-state', 'https://dr-state.s3.amazonaws.com/shop', 'gs://dr-state', 'file:///var/dr', 'arn:aws:s3:::dr-state'])(
    'is never made of an address: %s is refused',
    (named) => {
      for (const place of [statePlace(named, {}), statePlace(undefined, { DR_STATE: named })]) {
        expect(place.s3).toBe(named);
        expect(() => openState(place)).toThrow(`--state ${named} is not a bucket with its region.`);
      }
    },
  );
});

describe('acceptances', () => {
  it('are kept with their reason', () => {
    expect(acceptances({ 'accept-data-loss': 90_000, 'attest-source-down': 'kim', reason: ' fire ', 'approved-by': ['lee'] })).toEqual({
      dataLossSeconds: 90,
      sourceDown: 'kim',
      reason: 'fire',
      approvedBy: ['lee'],
    });
    expect(acceptances({})).toEqual({ approvedBy: [] });
    expect(acceptances({ 'accept-data-loss': 'unknown', reason: 'x' }).dataLossSeconds).toBe('unknown');
  });

  it.each([
    [{ 'accept-data-loss': 90_000 }, 'REASON_NEEDED'],
    [{ 'accept-data-loss': 90_000, reason: '  ' }, 'REASON_NEEDED'],
    [{ 'attest-source-down': 'kim' }, 'REASON_NEEDED'],
    [{ 'attest-source-down': ' ', reason: 'x' }, 'NAME_NEEDED'],
  ] satisfies [AcceptanceInput, string][])('%o is refused with %s', (flags, code) => {
    try {
      acceptances(flags);
    } catch (error) {
      expect(error).toBeInstanceOf(DrError);
      expect(error).toMatchObject({ code, exit: 'usage' });
      return;
    }
    expect.unreachable();
  });
});

describe('text', () => {
  it('aligns columns and leaves no space at the end', () => {
    expect(columns([['a', 'b'], ['ccc', 'd', 'e'], ['', '']])).toEqual(['a    b', 'ccc  d  e', '']);
  });

  it('wraps at spaces and indents what is not empty', () => {
    expect(wrap('one two three', 7)).toBe('one two\nthree');
    expect(indent('a\n\nb', 2)).toBe('  a\n\n  b');
  });

  it('has a line for every exit code', () => {
    expect(exitCodeTable(1_000)).toHaveLength(Object.keys(EXIT).length);
    const narrow = exitCodeTable(60);
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(narrow.join(' ').replace(/\s+/g, ' ')).toBe(exitCodeTable(1_000).join(' ').replace(/\s+/g, ' '));
  });
});
