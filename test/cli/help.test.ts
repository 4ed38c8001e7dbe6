import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { COMMAND_GROUPS } from '../../src/cli/help.ts';
import { dr, ROOT } from '../commands/run-dr.ts';

const ids = Object.keys((JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as { commands: object }).commands);
const commands = ids.filter((id) => !id.includes(':'));
const topics = new Set(ids.filter((id) => id.includes(':')).map((id) => id.split(':')[0]));

it('dr --help lists every command exactly once, those of an outage first', async () => {
  const { stdout } = await dr(['--help']);
  const listed = stdout.split('EXIT CODES')[0]?.split('\n').flatMap((line) => /^ {2}([a-z]+) {2,}\S/.exec(line)?.[1] ?? []) ?? [];
  // A command that others stand below is listed among the topics, too.
  const alone = listed.filter((id, i) => (topics.has(id) ? commands.includes(id) && listed.indexOf(id) === i : true));
  // Completion is a plugin of oclif: it is not in the manifest of dr.
  expect(alone.sort()).toEqual([...commands, 'autocomplete'].sort());
  expect(stdout.indexOf('IN AN OUTAGE')).toBeLessThan(stdout.indexOf('PLANNED'));
  expect(stdout.search(/^ {2}failover /m)).toBeGreaterThan(stdout.indexOf('IN AN OUTAGE'));
});

it('no group names a command twice', () => {
  const ids = COMMAND_GROUPS.flatMap(([, members]) => members);
  expect(ids).toEqual([...new Set(ids)]);
});
