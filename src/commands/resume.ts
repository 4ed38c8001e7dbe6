import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DrError } from '../base/errors.ts';
import { RunCommand } from '../cli/run-command.ts';
import { acceptanceFlags, acceptances, impactFlag, impactTime, outputFlags } from '../cli/run-flags.ts';

export default class Resume extends RunCommand {
  static override summary = 'Continue with a run that was interrupted, failed or refused.';
  static override description =
    'Every step is observed first, and acted on only where the wanted state is missing: what is done is not done again.';
  static override args = { run: Args.string({ description: 'Run id. Default: the newest run that has not succeeded' }) };
  static override examples = ['<%= config.bin %> resume', '<%= config.bin %> resume 20261120T101500Z-shop-failover-1a2b3c'];
  static override flags = {
    all: Flags.boolean({ description: 'The newest failover of many applications: its open runs, and what of it was not begun' }),
    ...impactFlag,
    ...acceptanceFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Resume);
    const accepted = acceptances(flags);
    if (flags.all) {
      if (args.run !== undefined) throw new DrError({ code: 'RUN_OR_ALL', exit: 'usage', title: 'A run and --all: choose one.' });
      if (flags['impact-at'] !== undefined) throw new DrError({ code: 'IMPACT_OF_ONE', exit: 'usage', title: '--impact-at and --all: each application has an impact of its own.', next: ['dr resume RUN --impact-at TIME'] });
      const { resumeFleet } = await import('../app/fleet/resume.ts');
      await this.watchedFleet(flags.output, (watch) => resumeFleet({ state: this.statePlace(flags.state), acceptances: accepted, ...watch }));
      return;
    }
    const { resume } = await import('../app/resume.ts');
    await this.watched(flags.output, (watch) =>
      resume({
        ...(args.run === undefined ? {} : { run: args.run }),
        state: this.statePlace(flags.state),
        acceptances: accepted,
        ...impactTime(flags['impact-at']),
        ...watch,
      }),
    );
  }
}
