import { DrCommand } from '../cli/base-command.ts';
import DrHelp from '../cli/help.ts';

export default class HelpCommand extends DrCommand {
  static override summary = 'Show what a command does and which flags it takes.';
  static override usage = 'help [COMMAND]';
  static override strict = false;

  override async run(): Promise<void> {
    const { argv } = await this.parse(HelpCommand);
    await new DrHelp(this.config, this.config.pjson.oclif.helpOptions).showHelp(argv.map(String));
  }
}
