import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Interfaces, Parser } from '@oclif/core';
import { expect, it } from 'vitest';
import type { DrCommand } from '../../src/cli/base-command.ts';
import { shownError } from '../../src/cli/shown-error.ts';
import { dr, ROOT } from '../commands/run-dr.ts';

/** Any text, file or folder will do: what is wrong with it only its reader knows. */
const ANY = new Set(['NAME', 'NAME,...', 'NAME|PATH', 'PATH', 'DIR', 'DIR|S3', 'FILE', 'FILE.sig', 'TEXT', 'STEP', 'GATE']);
/** What only the command can judge, which knows runbooks and runs: shown by `dr` itself, below. */
const LATER = new Set(['doctor --without', 'rehearse --duration', 'rehearse --decide', 'rehearse --assert', 'takeover --confirm']);

const BAD: readonly string[] = ['foo', '', '-1', '2026-13-01', '99999999999999999999', '5', '0x10'];

interface Case {
  id: string;
  name: string;
  flag: Interfaces.OptionFlag<unknown>;
}

const COMMANDS = join(ROOT, 'src', 'commands');
const cases: Case[] = [];
for (const file of readdirSync(COMMANDS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))) {
  const { default: command } = (await import(join(COMMANDS, file))) as { default: typeof DrCommand };
  const id = file.replace(/\.ts$/, '').replaceAll('/', ' ');
  for (const [name, flag] of Object.entries({ ...command.baseFlags, ...command.flags } as Record<string, Interfaces.Flag<unknown>>)) {
    if (flag.type === 'option') cases.push({ id, name, flag: flag });
  }
}
const valued = cases.filter(({ id, name, flag }) => !LATER.has(`${id} --${name}`) && (flag.options !== undefined || !ANY.has(String(flag.helpValue)) || id === 'rehearse' && name === 'out'));

async function parsed({ name, flag }: Case, value: string): Promise<unknown> {
  // Whether a flag is needed, or stands with others, is another question.
  const { required: _required, exclusive: _exclusive, dependsOn: _depends, ...alone } = flag;
  const { flags } = await Parser.parse([`--${name}=${value}`], { flags: { [name]: alone } });
  return (flags as Record<string, unknown>)[name];
}

async function refused(one: Case, value: string) {
  try {
    await parsed(one, value);
  } catch (error) {
    return shownError(error, { command: one.id, debug: false });
  }
  return undefined;
}

it('every command has flags of which a value can be wrong, and they are all looked at', () => {
  expect(valued.length).toBeGreaterThan(40);
  expect(new Set(valued.map(({ flag }) => flag.helpValue ?? flag.options?.join('|'))).size).toBeGreaterThan(10);
});

it.each(valued.map((one) => [`dr ${one.id} --${one.name}`, one] as const))('%s: a bad value is refused with what is allowed and one that works', async (_title, one) => {
  const shown = await Promise.all(BAD.map((value) => refused(one, value)));
  const wrong = shown.flatMap((error, i) => (error === undefined ? [] : [{ error, value: BAD[i] ?? '' }]));
  expect(wrong.map(({ value }) => value)).toContain('foo');
  for (const { error, value } of wrong) {
    expect(error).toMatchObject({ code: 'BAD_VALUE', exit: 'usage' });
    expect(error.title).toBe(`--${one.name} ${value === '' ? '""' : value}: ${error.title.split(': ').slice(1).join(': ')}`);
    expect(error.title).toMatch(/ expected\.$/);
    const [, given] = /--[\w-]+ (\S+?)\??$/.exec(error.next[0] ?? '') ?? [];
    expect(given, 'an example').toBeDefined();
    expect(await refused(one, given ?? ''), 'the example works').toBeUndefined();
  }
});

it.each([
  [['doctor', '--without', 'foo'], 'LOSS_UNKNOWN', 'ap-northeast-2'],
  [['rehearse', '--region', 'ap-northeast-1', '--duration', 'foo=3m'], 'BAD_VALUE', 'for example: --duration promotion=8m'],
  [['rehearse', '--region', 'ap-northeast-1', '--decide', 'soon'], 'BAD_VALUE', 'for example: --decide 5m'],
  [['rehearse', '--region', 'ap-northeast-1', '--assert', 'rto < fast'], 'ASSERTION_WRONG', '--assert "rto.p95 < 15m"'],
  [['lab', 'break', 'tokyo'], 'BAD_VALUE', 'did you mean ap-northeast-1?'],
  [['plan', '--region', 'tokyo'], 'BAD_VALUE', 'did you mean --region ap-northeast-1?'],
  [['plan', '--region', 'ap-northest-1'], 'BAD_VALUE', 'did you mean --region ap-northeast-1?'],
  [['init', '--regions', 'seoul,ap-northeast-1'], 'BAD_VALUE', 'did you mean --regions ap-northeast-2,ap-northeast-1?'],
  [['check', '--format', 'junti'], 'BAD_VALUE', 'did you mean --format junit?'],
  [['check', '--watch', '5s'], 'BAD_VALUE', 'for example: --watch 5m'],
])('dr %j', async (args, code, next) => {
  const { code: exit, stdout } = await dr([...args, '--json']);
  const { error } = JSON.parse(stdout) as { error: { code: string; next: string[] } };
  expect({ exit, code: error.code }).toEqual({ exit: 2, code });
  expect(error.next.join('\n')).toContain(next);
});

it('$DR_REGION is read as the flag is', async () => {
  const { code, stderr } = await dr(['plan'], { env: { DR_REGION: 'tokyo' } });
  expect(code).toBe(2);
  expect(stderr).toContain('$DR_REGION tokyo: an AWS region is expected.');
  expect(stderr).toContain('did you mean ap-northeast-1?');
});
