import type { Command } from '@oclif/core';
import { CommandHelp, Help } from '@oclif/core/help';
import { EXIT, EXIT_MEANING, type ExitName } from '../base/exit-codes.ts';
import { unknownCommand } from './not-found.ts';
import { columns } from './text.ts';

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
    this.log(this.section('EXIT CODES', exitCodeTable().join('\n')));
  }
}

/** One line a code. */
export function exitCodeTable(): string[] {
  const names = Object.keys(EXIT) as ExitName[];
  return columns(names.map((name) => [String(EXIT[name]).padStart(2), name, EXIT_MEANING[name]]));
}
