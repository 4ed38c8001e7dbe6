import * as Args from '@oclif/core/args';
import { DrCommand } from '../cli/base-command.ts';
import { explainText, namesText } from '../cli/explain-view.ts';
import { painterFor, terminalWidth } from '../cli/text.ts';

export default class Explain extends DrCommand {
  static override summary = 'What a rule, finding, kind, step or exit code means, what to do about it, and where AWS documents it. Offline.';
  static override examples = ['<%= config.bin %> explain rpo-gate', '<%= config.bin %> explain multi-az', '<%= config.bin %> explain rds-read-replica', '<%= config.bin %> explain databases.orders.promote', '<%= config.bin %> explain 8'];
  static override args = { name: Args.string({ description: 'Name of a rule, finding, kind or step, id of a step, name or number of an exit code. Default: lists the names' }) };

  override async run(): Promise<void> {
    const { args } = await this.parse(Explain);
    const { explain, explainable } = await import('../app/explain.ts');
    if (args.name === undefined) {
      const names = await explainable();
      this.done({ names }, () => namesText(names, painterFor(process.stdout), terminalWidth()));
      return;
    }
    const explanations = await explain(args.name);
    this.done({ explanations }, () => explainText(explanations, painterFor(process.stdout), terminalWidth()));
  }
}
