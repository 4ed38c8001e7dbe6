import { stripVTControlCharacters } from 'node:util';
import { AwsError } from '../aws/errors.ts';
import { DrError, messageOf } from '../base/errors.ts';
import type { ExitName } from '../base/exit-codes.ts';
import { nearest } from '../base/nearest.ts';
import { badValue } from './flag-values.ts';
import { indent, type Painter, safe } from './text.ts';

/** Everything a person, or a program, is shown about an error. */
export interface ShownError {
  code: string;
  exit: ExitName;
  title: string;
  detail?: string;
  next: readonly string[];
  /** Only with DEBUG set. */
  stack?: string;
}

interface ErrorScene {
  /** As typed, e.g. `lab start`; undefined outside of a command. */
  command?: string | undefined;
  flags?: readonly string[];
  debug: boolean;
}

/** Errors of the operating system that are about the user's machine, not about `dr`. */
const SYSTEM_ERRORS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENOTDIR', 'EISDIR']);

/** Tells user errors from bugs: what is not known here is a bug of ours. */
export function shownError(error: unknown, scene: ErrorScene): ShownError {
  const stack = scene.debug && error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
  if (error instanceof DrError) {
    const detail = error.detail === undefined ? {} : { detail: error.detail };
    return { code: error.code, exit: error.exit, title: unwrapped(error.message), ...detail, next: error.next, ...stack };
  }
  if (error instanceof AwsError) return { ...awsError(error), ...stack };
  const usage = usageError(error, scene);
  if (usage !== undefined) return { ...usage, ...stack };
  const system = error as { code?: unknown; syscall?: unknown } | undefined;
  if (typeof system?.syscall === 'string' && SYSTEM_ERRORS.has(String(system.code))) {
    const next = ['Check the rights of that path, or choose another folder with --state DIR.'];
    return { code: 'FILE_SYSTEM', exit: 'usage', title: messageOf(error), next, ...stack };
  }
  return {
    code: 'BUG',
    exit: 'bug',
    title: `This is a defect in dr, not of yours: ${messageOf(error) || 'no message'}`,
    next: scene.debug
      ? ['Please report it, with the command line and the stack.']
      : ['Run the command again with DEBUG=1 before it, and report what it prints, with the command line.'],
    ...stack,
  };
}

function awsError(error: AwsError): ShownError {
  if (error.isClock) return { code: error.code, exit: 'aws', title: error.message, next: ['Set the clock of this machine: sudo timedatectl set-ntp true'] };
  const next = error.isCredentials
    ? ['aws sts get-caller-identity', 'Set AWS_PROFILE, or log in again.']
    : error.code === 'NoSuchBucket'
      ? [`Check the name of the bucket, or make it: aws s3 mb s3://BUCKET --region ${error.region}`]
      : ['Run the command again; if it persists, look at https://health.aws.amazon.com/health/status'];
  return { code: error.code, exit: 'aws', title: error.message, next };
}

/** What oclif's parser throws, in our words. */
function usageError(error: unknown, scene: ErrorScene): ShownError | undefined {
  if (!(error instanceof Error)) return undefined;
  const cli = error as Error & { oclif?: { exit?: number }; flags?: unknown; parse?: unknown };
  if (cli.oclif?.exit === undefined) return undefined;
  const next = [scene.command === undefined ? 'dr --help' : `dr ${scene.command} --help`];
  if (cli.constructor.name === 'NonExistentFlagsError' && Array.isArray(cli.flags)) {
    const [flag = ''] = cli.flags as string[];
    return { code: 'UNKNOWN_FLAG', exit: 'usage', title: unknownFlag(flag, scene.flags ?? []), next };
  }
  const [, flag, value, options] = /^Expected --([\w-]+)=(.*) to be one of: (.*)$/m.exec(error.message) ?? [];
  if (flag !== undefined && value !== undefined && options !== undefined) return badOption(`--${flag}`, value, options.split(', '));
  const lines = stripVTControlCharacters(error.message)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^See more help|^The following errors? occurred/.test(line));
  const missing = /^Missing \d+ required args?:$/.test(lines[0] ?? '') ? lines.slice(1) : [];
  if (missing.length > 0) return { code: 'BAD_COMMAND_LINE', exit: 'usage', title: `Missing: ${missing.map((line) => line.replace(/^(\S+)\s+/, (_all, name: string) => `${name.toUpperCase()}, `)).join('; ')}.`, next };
  const [title = 'The command line is wrong.', ...rest] = lines;
  const detail = rest.length === 0 ? {} : { detail: rest.join('\n') };
  return { code: 'BAD_COMMAND_LINE', exit: 'usage', title, ...detail, next };
}

/** oclif puts its own words around what a flag says of its value. */
function unwrapped(message: string): string {
  return message.replace(/^Parsing --\S+ \n\t/, '').replace(/\nSee more help with --help$/, '');
}

function badOption(flag: string, value: string, options: readonly string[]): ShownError {
  const near = nearest(value, options);
  const { code, exit, message: title, next } = badValue(flag, value, { expected: `one of ${options.join(', ')}`, example: options[0] ?? '', near: () => near });
  return { code, exit, title, next };
}

function unknownFlag(flag: string, known: readonly string[]): string {
  const near = nearest(flag.replace(/^-+/, ''), known);
  return `There is no flag ${flag}.${near === undefined ? '' : ` Did you mean --${near}?`}`;
}

/** For stderr: headline, detail, what to do next. */
export function renderError(error: ShownError, paint: Painter): string {
  const parts = [`${paint(['bold', 'red'], 'Error:')} ${error.title.replaceAll('\n', `\n${' '.repeat(7)}`)} ${paint('dim', `[${error.code}]`)}`];
  if (error.detail !== undefined) parts.push(indent(error.detail, 2));
  if (error.next.length > 0) parts.push(`${paint('bold', 'Next:')}\n${indent(error.next.join('\n'), 2)}`);
  if (error.stack !== undefined) parts.push(paint('dim', error.stack));
  return `${safe(parts.join('\n\n'))}\n`;
}
