import * as Args from '@oclif/core/args';
import { confirmAbort, terminalIo } from '../cli/confirm.ts';
import { RunCommand } from '../cli/run-command.ts';
import { outputFlags, peopleFlags, startFlags } from '../cli/run-flags.ts';

export default class Abort extends RunCommand {
  static override summary = 'Roll back a run: undo what it has changed, as long as the line is not crossed.';
  static override description =
    'Undoes every step that acted, newest first, and says what cannot be undone and why. ' +
    'Once a point of no return has acted there is no way back: `dr resume` continues instead.';
  static override args = { run: Args.string({ description: 'Run id. Default: the newest run that is not over' }) };
  static override examples = ['<%= config.bin %> abort', '<%= config.bin %> abort 20261120T101500Z-shop-switchover-1a2b3c --confirm shop'];
  static override flags = {
    confirm: startFlags.confirm,
    reason: peopleFlags.reason,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Abort);
    const { abort } = await import('../app/abort.ts');
    await this.watched(flags.output, (watch) =>
      abort({
        ...(args.run === undefined ? {} : { run: args.run }),
        state: this.statePlace(flags.state),
        reason: flags.reason,
        confirm: (state, acted) => confirmAbort({ state, acted, given: flags.confirm }, terminalIo()),
        ...watch,
      }),
    );
  }
}
