import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DrError } from '../base/errors.ts';
import { RunCommand } from '../cli/run-command.ts';
import { acceptanceFlags, acceptances, outputFlags } from '../cli/run-flags.ts';

export default class Takeover extends RunCommand {
  static override summary = 'Go on with a run that another machine or process holds, and stop that one.';
  static override description =
    'Takes the application with a higher term: the runner that held it stops before its next change. For when that runner is ' +
    'gone for good, or must be stopped. Otherwise use resume or abort.';
  static override args = { run: Args.string({ description: 'Run id', required: true }) };
  static override examples = ['<%= config.bin %> takeover 20261120T101500Z-shop-failover-1a2b3c --confirm 20261120T101500Z-shop-failover-1a2b3c --reason "laptop died"'];
  static override flags = {
    confirm: Flags.string({ description: 'The run id once more: it is taken from somebody', helpValue: 'RUN' }),
    abort: Flags.boolean({ description: 'Lead the run back instead of going on, as `dr abort` does' }),
    ...acceptanceFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Takeover);
    const accepted = acceptances(flags);
    if (flags.confirm !== args.run || accepted.reason === undefined) {
      throw new DrError({
        code: 'TAKEOVER_UNCONFIRMED',
        exit: 'declined',
        title: 'Taking over stops another runner: it needs --confirm with the run id, and --reason. Nothing was done.',
        next: [
          `dr status ${args.run}    says who holds it`,
          `dr takeover ${args.run} --confirm ${args.run} --reason "why"    goes on with it`,
          `dr takeover ${args.run} --confirm ${args.run} --reason "why" --abort    leads it back`,
        ],
      });
    }
    if (flags.abort) {
      const { abort } = await import('../app/abort.ts');
      const { reason } = accepted;
      const confirm = (): Promise<void> => Promise.resolve();
      return this.watched(flags.output, (watch) => abort({ run: args.run, state: this.statePlace(flags.state), reason, takeOver: true, confirm, ...watch }));
    }
    const { resume } = await import('../app/resume.ts');
    await this.watched(flags.output, (watch) =>
      resume({ run: args.run, state: this.statePlace(flags.state), acceptances: accepted, takeOver: true, ...watch }),
    );
  }
}
