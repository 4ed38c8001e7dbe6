import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DrError } from '../base/errors.ts';
import { DrCommand } from '../cli/base-command.ts';
import { impactFlag, impactTime } from '../cli/run-flags.ts';
import type { ReportFormat } from '../report/formats/formats.ts';

/** As `FORMATS` of the report has them, which is loaded only when it is needed. */
const REPORT_FORMATS = ['html', 'json', 'markdown', 'junit', 'csv'] satisfies ReportFormat[];

export default class Report extends DrCommand {
  static override summary = 'Write the report of a run: one HTML page and JSON, or Markdown, JUnit XML or CSV beside them.';
  static override examples = [
    '<%= config.bin %> report',
    '<%= config.bin %> report 20261120T101500Z-shop-failover-1a2b3c',
    '<%= config.bin %> report --format markdown --print >> "$GITHUB_STEP_SUMMARY"',
    '<%= config.bin %> report 1a2b3c --impact-at 2026-11-20T10:12:00Z',
  ];
  static override args = { run: Args.string({ description: 'Run id, or its unique beginning or end. Default: the newest run' }) };
  static override flags = {
    ...impactFlag,
    format: Flags.string({ description: 'Write this format, too', options: REPORT_FORMATS, multiple: true }),
    print: Flags.boolean({ description: 'Print the one format that is named on stdout', dependsOn: ['format'], exclusive: ['json'] }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Report);
    const [{ report }, { leftOutLine }] = await Promise.all([import('../app/report.ts'), import('../app/runs.ts')]);
    const formats = (flags.format ?? []) as ReportFormat[];
    const [first, second] = formats;
    if (flags.print && second !== undefined) throw new DrError({ code: 'ONE_FORMAT', exit: 'usage', title: '--print prints one format.', next: formats.map((format) => `--format ${format} --print`) });
    const { files, evidence } = await report({ place: this.statePlace(flags.state), run: args.run, formats, ...impactTime(flags['impact-at']), leftOut: (run) => this.warning(leftOutLine(run)) });
    if (flags.print && first !== undefined) {
      const { FORMATS } = await import('../report/formats/formats.ts');
      process.stdout.write(FORMATS[first].render(evidence));
      return;
    }
    this.done(files, () => Object.values(files).join('\n'));
  }
}
