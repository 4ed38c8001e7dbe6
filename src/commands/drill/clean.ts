import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { RunCommand } from '../../cli/run-command.ts';
import { outputFlags } from '../../cli/run-flags.ts';

export default class DrillClean extends RunCommand {
  static override summary = 'Delete what a drill has left, e.g. after its process was killed.';
  static override description =
    'Deletes only what proves by its name, its tag and the journal of the drill that the drill made it. Works from any machine that has the state.';
  static override args = { run: Args.string({ description: 'Run id of the drill. Default: the newest one that has left something' }) };
  static override examples = ['<%= config.bin %> drill clean', '<%= config.bin %> drill clean 20261129T204500Z-shop-drill-1a2b3c --takeover'];
  static override flags = {
    takeover: Flags.boolean({ description: 'Also while another process holds the drill: that one stops before its next change' }),
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(DrillClean);
    const { cleanDrill } = await import('../../app/sweep-drills.ts');
    await this.watched(flags.output, (watch) =>
      cleanDrill({ ...(args.run === undefined ? {} : { run: args.run }), state: this.statePlace(flags.state), takeOver: flags.takeover, ...watch }),
    );
  }
}
