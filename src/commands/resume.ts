import * as Args from '@oclif/core/args';
import { RunCommand } from '../cli/run-command.ts';
import { acceptanceFlags, acceptances, outputFlags } from '../cli/run-flags.ts';

export default class Resume extends RunCommand {
  static override summary = 'Go on with a run that was interrupted, failed or refused.';
  static override description =
    'Every step is observed first, and acted on only where the wanted state is missing: what is done is not done again.';
  static override args = { run: Args.string({ description: 'Run id. Default: the newest run that has not succeeded' }) };
  static override examples = ['<%= config.bin %> resume', '<%= config.bin %> resume 20261120T101500Z-shop-failover-1a2b3c'];
  static override flags = { ...acceptanceFlags, ...outputFlags };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Resume);
    const accepted = acceptances(flags);
    const { resume } = await import('../app/resume.ts');
    await this.watched(flags.output, (watch) =>
      resume({
        ...(args.run === undefined ? {} : { run: args.run }),
        state: this.statePlace(flags.state),
        acceptances: accepted,
        ...watch,
      }),
    );
  }
}
