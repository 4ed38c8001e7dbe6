import { Command } from '@oclif/core/command';
import type { Interfaces } from '@oclif/core';
import * as Flags from '@oclif/core/flags';
import { existsSync } from 'node:fs';
import type { StatePlace } from '../app/state.ts';
import { EXIT, type ExitName } from '../base/exit-codes.ts';
import { errorEnvelope, type ExitReason, resultEnvelope, schemaOf, toJsonText, wantsJson } from './envelope.ts';
import { painterFor, safe } from './text.ts';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * What every command shares.
 *
 * 1. stdout carries the result and nothing else; with `--json` it is exactly one document, also for errors.
 * 2. stderr carries the rest.
 * 3. The exit code is one of `EXIT`; a command sets it through `done` or by throwing, never by ending the process.
 */
export abstract class DrCommand extends Command {
  static override baseFlags = {
    json: Flags.boolean({ description: 'Print one JSON document on stdout.', helpGroup: 'GLOBAL' }),
    state: Flags.string({
      description: 'Folder of the journals, or s3://bucket/prefix?region=R. Default: $DR_STATE, else $XDG_STATE_HOME/dr or ~/.local/state/dr',
      helpValue: 'DIR|S3',
      helpGroup: 'GLOBAL',
    }),
  };

  protected readonly warnings: string[] = [];

  /** Flags, then the environment, then `dr.yaml` of this folder (or `$DR_CONFIG`), then what is built in. */
  protected override async parse<F extends Interfaces.OutputFlags<Interfaces.FlagInput>, B extends Interfaces.OutputFlags<Interfaces.FlagInput>, A extends Interfaces.OutputArgs<Interfaces.ArgInput>>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv);
    const path = process.env.DR_CONFIG ?? 'dr.yaml';
    const named = { runbooks: process.env.DR_RUNBOOKS, region: process.env.DR_REGION };
    if (process.env.DR_CONFIG === undefined && !existsSync(path) && named.runbooks === undefined && named.region === undefined) return parsed;
    const { applyDefaults } = await import('./defaults.ts');
    await applyDefaults(parsed, { path, required: process.env.DR_CONFIG !== undefined, env: process.env, command: this.ctor });
    return parsed;
  }

  protected get json(): boolean {
    return wantsJson(this.argv);
  }

  protected stateDir(flag: string | undefined): string {
    return stateDir(flag, process.env);
  }

  /** Where runs are kept: the folder, or the bucket that `--state s3://…` names. */
  protected statePlace(flag: string | undefined): StatePlace {
    return statePlace(flag, process.env);
  }

  /** The end of a command: its result, as text or as the envelope, and the exit code. */
  protected done(result: unknown, text: () => string, exit: ExitName = 'ok', reason?: ExitReason): void {
    process.exitCode = EXIT[exit];
    if (this.json) {
      process.stdout.write(`${toJsonText(resultEnvelope(schemaOf(this.id), result, exit, this.warnings, reason))}\n`);
      return;
    }
    const out = safe(text());
    if (out !== '') process.stdout.write(out.endsWith('\n') ? out : `${out}\n`);
  }

  /** A line for the person watching. Silent under `--json`. */
  protected note(text: string): void {
    if (!this.json) process.stderr.write(`${safe(text)}\n`);
  }

  /** In the envelope under `--json`, otherwise on stderr. */
  protected warning(text: string): void {
    this.warnings.push(text);
    if (!this.json) process.stderr.write(`${painterFor(process.stderr)('yellow', 'Warning:')} ${safe(text)}\n`);
  }

  /** oclif's own would print hundreds of lines of its configuration for a bad flag under `--json`. */
  protected override async catch(error: unknown): Promise<void> {
    // Loaded only when needed: start-up is counted in files.
    const { renderError, shownError } = await import('./shown-error.ts');
    const command = this.ctor as typeof DrCommand;
    const shown = shownError(error, {
      command: this.id?.replaceAll(':', ' '),
      flags: Object.keys({ ...command.baseFlags, ...command.flags }),
      debug: (process.env.DEBUG ?? '') !== '',
    });
    process.exitCode = EXIT[shown.exit];
    if (this.json) {
      process.stdout.write(`${toJsonText(errorEnvelope(schemaOf(this.id), shown, this.warnings))}\n`);
    } else {
      process.stderr.write(renderError(shown, painterFor(process.stderr)));
    }
  }
}

/**
 * The folder that holds the journals of all runs: the flag, `$DR_STATE`, `$XDG_STATE_HOME/dr`, `~/.local/state/dr`.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function stateDir(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  // `~` is the shell's, which does not see dr.yaml, and leaves it alone behind `--state=`.
  for (const named of [flag, env.DR_STATE]) if (named !== undefined && named !== '' && !isBucket(named)) return resolve(named.replace(/^~(?=\/|$)/, home));
  const base = env.XDG_STATE_HOME ?? '';
  // A relative one would be another state in each folder: the specification says that it does not count.
  return join(isAbsolute(base) ? base : join(home(), '.local', 'state'), 'dr');
}

/** `HOME=` without a value would be the folder where somebody happens to stand. */
function home(): string {
  return homedir() === '' ? userInfo().homedir : homedir();
}

/** The folder, or the bucket that was named with a folder for the copy on this machine. */
export function statePlace(flag: string | undefined, env: NodeJS.ProcessEnv): StatePlace {
  const named = flag ?? env.DR_STATE ?? '';
  return isBucket(named) ? { folder: stateDir(undefined, env), s3: named } : { folder: stateDir(flag, env) };
}

/** Also what is almost one, or some other address: where it is opened it is refused. As a folder it would be a state, and a lock, that nobody else sees. */
function isBucket(text: string): boolean {
  return /^\s*(?:s3:|arn:|[a-z][a-z0-9+.-]+:\/\/)/i.test(text);
}
