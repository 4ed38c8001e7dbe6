import type { Command } from '@oclif/core';
import { CommandHelp, Help } from '@oclif/core/help';
import { EXIT, EXIT_MEANING, type ExitName } from '../base/exit-codes.ts';
import { unknownCommand } from './not-found.ts';
import { columns, width, wrap } from './text.ts';

/** Arguments, needed flags, and that there are others: oclif's own line breaks where many flags exclude one another. */
class DrCommandHelp extends CommandHelp {
  protected override defaultUsage(): string {
    const { args, flags, strict } = this.command;
    const named = Object.values(args).filter(({ hidden }) => hidden !== true).map(({ name, required, multiple }) => {
      const word = `${name.toUpperCase()}${multiple === true || strict === false ? '...' : ''}`;
      return required === true ? word : `[${word}]`;
    });
    const needed = Object.values(flags).filter((flag) => flag.required === true).map((flag) => `--${flag.name}${flag.type === 'option' ? ` ${String(flag.helpValue ?? 'VALUE')}` : ''}`);
    return ['<%= command.id %>', ...named, ...needed, '[FLAGS]'].join(' ');
  }
}

/** Commands by when they are needed. What is in no group is listed last, so that nothing is ever hidden. */
export const COMMAND_GROUPS: readonly (readonly [title: string, ids: readonly string[]])[] = [
  ['IN AN OUTAGE', ['assess', 'watch', 'plan', 'failover', 'status', 'approve', 'resume', 'takeover', 'abort']],
  ['PLANNED', ['switchover', 'reprotect', 'drill']],
  ['BEFORE', ['init', 'validate', 'check', 'rehearse', 'doctor', 'iam', 'explain']],
  ['AFTERWARDS', ['report', 'history', 'sign', 'evidence', 'verify']],
];

/** oclif's help, with commands in groups and the table of exit codes below them. */
export default class DrHelp extends Help {
  protected override CommandHelpClass = DrCommandHelp;

  override async showHelp(argv: string[]): Promise<void> {
    const words = argv.filter((arg) => !arg.startsWith('-'));
    const id = words.join(':');
    const known = this.config.commandIDs;
    const found = words.length === 0 || this.config.findTopic(id) !== undefined || known.some((k) => words.slice(0, k.split(':').length).join(':') === k);
    if (!found) throw unknownCommand(id, known);
    await super.showHelp(argv);
  }

  /** oclif breaks its lists, and not the summary of a command. */
  protected override log(...args: string[]): void {
    super.log(this.#broken(args.join(' ')));
  }

  override formatRoot(): string {
    return this.#broken(super.formatRoot());
  }

  #broken(text: string): string {
    return text.split('\n').map((line) => (/^\s/.test(line) ? line : wrap(line, this.opts.maxWidth))).join('\n');
  }

  protected override formatCommands(commands: Command.Loadable[]): string {
    const groups = COMMAND_GROUPS.map(([title, ids]) => [title, ids.flatMap((id) => commands.filter((command) => command.id === id))] as const);
    const grouped = new Set(groups.flatMap(([, members]) => members));
    if (grouped.size === 0) return super.formatCommands(commands);
    const others = commands.filter((command) => !grouped.has(command));
    return [...groups, ['OTHER COMMANDS', others] as const]
      .filter(([, members]) => members.length > 0)
      .map(([title, members]) => super.formatCommands(members).replace('COMMANDS', title))
      .join('\n\n');
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log(this.section('EXIT CODES', exitCodeTable(this.opts.maxWidth - INDENT).join('\n')));
  }
}

/** Of a section of oclif's help. */
const INDENT = 2;

/** One line a code; what it means is broken at words where it is wider than `room`, and continues below itself. */
export function exitCodeTable(room: number): string[] {
  const names = Object.keys(EXIT) as ExitName[];
  const heads = columns(names.map((name) => [String(EXIT[name]).padStart(2), name, '|'])).map((line) => line.slice(0, -1));
  return names.flatMap((name, i) => wrap(EXIT_MEANING[name], Math.max(20, room - width(heads[i] ?? ''))).split('\n').map((line, n) => `${n === 0 ? heads[i] : ' '.repeat(width(heads[i] ?? ''))}${line}`));
}
