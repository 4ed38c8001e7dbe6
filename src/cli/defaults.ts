import { existsSync } from 'node:fs';
import { traitsOf, VERBS } from '../model/verb.ts';
import { regionFrom } from './flag-values.ts';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { DrError, messageOf } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { REGION_SHAPE } from '../base/regions.ts';
import { parseYaml } from '../runbook/yaml.ts';

/** What oclif made of a command line, as far as defaults need it. */
interface Parsed {
  flags: Record<string, unknown>;
  metadata: { flags: Readonly<Record<string, { setFromDefault?: boolean } | undefined>> };
}

/** A command, as far as defaults need it. */
interface OfCommand {
  id: string;
  baseFlags: object;
  flags: object;
}

/** `--region` is the region that becomes active: of verbs that move users, and of what looks ahead at one. Of others it is another thing. */
function movesUsers(id: string, verb: unknown): boolean {
  const named = VERBS.find((one) => one === (verb ?? id));
  return named === undefined ? id === 'rehearse' : traitsOf(named).movesUsers;
}

/** Fills in what nobody gave on the command line. @throws DrError when the file cannot be read */
export async function applyDefaults(parsed: Parsed, { path, required, env, command }: { path: string; required: boolean; env: NodeJS.ProcessEnv; command: OfCommand }): Promise<void> {
  const file: Defaults = required || existsSync(path) ? await readDefaults(path) : {};
  const known = { ...command.baseFlags, ...command.flags };
  const given = (name: string) => parsed.flags[name] !== undefined && parsed.metadata.flags[name]?.setFromDefault !== true;
  const fill = (name: keyof Defaults, value: string | undefined): void => {
    if (value !== undefined && value !== '' && Object.hasOwn(known, name) && !given(name)) parsed.flags[name] = value;
  };
  fill('runbooks', env.DR_RUNBOOKS ?? file.runbooks);
  // $DR_STATE is read where the state is looked for.
  fill('state', env.DR_STATE === undefined || env.DR_STATE === '' ? file.state : undefined);
  if (movesUsers(command.id, parsed.flags.verb) && parsed.flags.plan === undefined) fill('region', env.DR_REGION === undefined || env.DR_REGION === '' ? file.region : regionFrom('$DR_REGION', env.DR_REGION));
}

const text = z.string('expected a text').min(1, 'expected a text');

/** What `dr.yaml` may say: defaults of flags. */
const schema = z.strictObject({
  runbooks: text.optional(),
  state: text.optional(),
  region: z.string('expected a region').regex(REGION_SHAPE, 'expected a region such as ap-northeast-1').optional(),
});

type Defaults = z.infer<typeof schema>;

/** @throws DrError `usage` with the line of what is wrong */
async function readDefaults(path: string): Promise<Defaults> {
  const bad = (detail: string): DrError => new DrError({ code: 'CONFIG_WRONG', exit: 'usage', title: `${path} cannot be used.`, detail, next: [`keys: ${Object.keys(schema.shape).join(', ')}`] });
  const source = await readFile(path, 'utf8').catch((error: unknown) => {
    throw bad(messageOf(error));
  });
  const { value, problems, at } = parseYaml(source);
  const [first] = problems;
  if (first !== undefined) throw bad(`${path}:${first.line}:${first.col} ${first.message}`);
  const parsed = schema.safeParse(value ?? {}, { jitless: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const near = unknown === undefined ? undefined : nearest(unknown, Object.keys(schema.shape));
  const { line, col } = at(unknown === undefined ? (issue?.path ?? []) : [unknown]);
  throw bad(`${path}:${line}:${col} ${unknown === undefined ? `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` : `"${unknown}" is not a key${near === undefined ? '' : `; did you mean ${near}?`}`}`);
}
