import * as Args from '@oclif/core/args';
import { DrCommand } from '../cli/base-command.ts';
import { impactFlag, impactTime } from '../cli/run-flags.ts';

export default class Report extends DrCommand {
  static override summary = 'Write the report of a run: one HTML page, and JSON.';
  static override examples = [
    '<%= config.bin %> report',
    '<%= config.bin %> report 20261120T101500Z-shop-failover-1a2b3c',
    '<%= config.bin %> report 1a2b3c --impact-at 2026-11-20T10:12:00Z',
  ];
  static override args = { run: Args.string({ description: 'Run id, or its unique beginning or end. Default: the newest run' }) };
  static override flags = { ...impactFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Report);
    const [{ report }, { leftOutLine }] = await Promise.all([import('../app/report.ts'), import('../app/runs.ts')]);
    const files = await report({ place: this.statePlace(flags.state), run: args.run, ...impactTime(flags['impact-at']), leftOut: (run) => this.warning(leftOutLine(run)) });
    this.done(files, () => `${files.html}\n${files.json}`);
  }
}
