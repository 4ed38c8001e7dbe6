import { DrCommand } from '../cli/base-command.ts';
import { historyText, runJson } from '../cli/run-view.ts';

export default class History extends DrCommand {
  static override summary = 'List the runs on this machine, newest first.';

  override async run(): Promise<void> {
    const { flags } = await this.parse(History);
    const { listRuns } = await import('../app/runs.ts');
    const runs = await listRuns(this.statePlace(flags.state));
    this.done({ runs: runs.map(runJson) }, () => historyText(runs));
  }
}
