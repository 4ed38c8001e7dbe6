import * as Args from '@oclif/core/args';
import { DrCommand } from '../cli/base-command.ts';
import { runJson, statusText } from '../cli/run-view.ts';
import { painterFor } from '../cli/style.ts';

export default class Status extends DrCommand {
  static override summary = 'Show where a run stands, and how to go on with it.';
  static override args = { run: Args.string({ description: 'Run id. Default: the newest run' }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Status);
    const { showRun } = await import('../app/runs.ts');
    const state = await showRun(this.statePlace(flags.state), args.run);
    this.done(runJson(state), () => statusText(state, painterFor(process.stdout)));
  }
}
