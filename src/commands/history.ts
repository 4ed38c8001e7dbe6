import * as Flags from '@oclif/core/flags';
import { resolve } from 'node:path';
import { DrCommand } from '../cli/base-command.ts';
import { durationFlagOr } from '../cli/flag-values.ts';
import { historyText, runJson } from '../cli/run-view.ts';
import { fit, painterFor, terminalWidth } from '../cli/text.ts';

export default class History extends DrCommand {
  static override summary = 'List the runs, newest first, and how RTO and RPO of each application went over time.';
  static override examples = ['<%= config.bin %> history', '<%= config.bin %> history --html history.html', '<%= config.bin %> history --json'];
  static override flags = {
    html: Flags.string({ description: 'Write a page with plots', helpValue: 'FILE' }),
    due: durationFlagOr('90d', { description: 'A test is due again when the last one that met its objectives is older' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(History);
    const [{ leftOutLine }, { trendsOf, writeTrends }, { trendsText }] = await Promise.all([import('../app/runs.ts'), import('../app/trends.ts'), import('../cli/trends-view.ts')]);
    const now = Date.now();
    const trends = await trendsOf(this.statePlace(flags.state), { now, dueMs: flags.due });
    const { runs, damaged, views } = trends;
    for (const run of damaged) this.warning(leftOutLine(run));
    if (flags.html !== undefined) await writeTrends(resolve(flags.html), trends, now);
    const result = { runs: runs.map(runJson), applications: views, damaged: damaged.map(({ run }) => run), ...(flags.html === undefined ? {} : { page: resolve(flags.html) }) };
    const text = (): string => (runs.length === 0 && damaged.length > 0 ? '' : [historyText(runs, now, terminalWidth()), ...trendsText(views, painterFor(process.stdout)).map((text) => fit(text, terminalWidth())), ...(flags.html === undefined ? [] : [`Page: ${resolve(flags.html)}`])].join('\n\n'));
    this.done(result, text, damaged.length === 0 ? 'ok' : 'journal');
  }
}
