import { existsSync } from 'node:fs';
import { traitsOf, VERBS } from '../model/verb.ts';
import { regionFrom } from './flag-values.ts';
import { type Defaults, readDefaults } from './config-file.ts';

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
