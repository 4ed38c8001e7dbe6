import { Help } from '@oclif/core/help';
import { EXIT, EXIT_MEANING, type ExitName } from '../base/exit-codes.ts';
import { unknownCommand } from './not-found.ts';
import { columns } from './text.ts';

/** oclif's help, with the table of exit codes below it. */
export default class DrHelp extends Help {
  override async showHelp(argv: string[]): Promise<void> {
    const words = argv.filter((arg) => !arg.startsWith('-'));
    const id = words.join(':');
    const known = this.config.commandIDs;
    const found = words.length === 0 || this.config.findTopic(id) !== undefined || known.some((k) => words.slice(0, k.split(':').length).join(':') === k);
    if (!found) throw unknownCommand(id, known);
    await super.showHelp(argv);
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
