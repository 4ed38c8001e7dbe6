import { DrCommand } from '../cli/base-command.ts';
import { historyText, runJson } from '../cli/run-view.ts';
import { terminalWidth } from '../cli/text.ts';

export default class History extends DrCommand {
  static override summary = 'List the runs on this machine, newest first.';
  static override examples = ['<%= config.bin %> history', '<%= config.bin %> history --json'];

  override async run(): Promise<void> {
    const { flags } = await this.parse(History);
    const { leftOutLine, listAllRuns } = await import('../app/runs.ts');
    const { runs, damaged } = await listAllRuns(this.statePlace(flags.state));
    for (const run of damaged) this.warning(leftOutLine(run));
    const result = { runs: runs.map(runJson), damaged: damaged.map(({ run }) => run) };
    this.done(result, () => (runs.length === 0 && damaged.length > 0 ? '' : historyText(runs, Date.now(), terminalWidth())), damaged.length === 0 ? 'ok' : 'journal');
  }
}
