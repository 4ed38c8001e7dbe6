import * as Args from '@oclif/core/args';
import { DrCommand } from '../cli/base-command.ts';

export default class Report extends DrCommand {
  static override summary = 'Write the report of a run: one HTML page, and JSON.';
  static override examples = ['<%= config.bin %> report 20261120T101500Z-shop-failover-1a2b3c'];
  static override args = { run: Args.string({ description: 'Run id', required: true }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Report);
    const { report } = await import('../app/report.ts');
    const files = await report(this.statePlace(flags.state), args.run);
    this.done(files, () => `${files.html}\n${files.json}`);
  }
}
