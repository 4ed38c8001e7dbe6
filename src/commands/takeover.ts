import { plural } from '../base/plural.ts';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DrError } from '../base/errors.ts';
import { RunCommand } from '../cli/run-command.ts';
import { acceptanceFlags, acceptances, outputFlags } from '../cli/run-flags.ts';
import type { FleetRecord } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';

export default class Takeover extends RunCommand {
  static override summary = 'Continue with a run that another machine or process holds, and stop that one.';
  static override description =
    'Takes the application with a higher term: the runner that held it stops before its next change. For when that runner is ' +
    'gone for good, or must be stopped. Otherwise use resume or abort.';
  static override args = { run: Args.string({ description: 'Run id' }) };
  static override examples = ['<%= config.bin %> takeover 20261120T101500Z-shop-failover-1a2b3c --confirm 20261120T101500Z-shop-failover-1a2b3c --reason "laptop died"'];
  static override flags = {
    all: Flags.boolean({ description: 'The newest failover of many applications: its open runs are taken, and what of it was not begun is begun', default: false }),
    confirm: Flags.string({ description: 'The id of the run, or with --all of the failover, once more: it is taken from somebody', helpValue: 'ID' }),
    abort: Flags.boolean({ description: 'Roll the run back instead of continuing, as `dr abort` does', exclusive: ['all'] }),
    ...acceptanceFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Takeover);
    const state = this.statePlace(flags.state);
    const accepted = acceptances(flags);
    const { reason } = accepted;
    if (flags.all === (args.run !== undefined)) {
      throw new DrError({ code: 'RUN_OR_ALL', exit: 'usage', title: 'Give the id of a run, or --all.', next: ['dr history    lists the runs', 'dr status RUN    says who holds one'] });
    }
    if (args.run === undefined) {
      const confirm = (fleet: FleetRecord, open: readonly RunState[]): void => {
        if (flags.confirm !== fleet.id || reason === undefined) throw unconfirmedFleet(fleet, open);
      };
      const { resumeFleet } = await import('../app/fleet/resume.ts');
      await this.watchedFleet(flags.output, (watch) => resumeFleet({ state, acceptances: accepted, takeOver: true, confirm, ...watch }));
      return;
    }
    const { run } = args;
    if (flags.confirm !== run || reason === undefined) throw unconfirmed(run);
    if (flags.abort) {
      const { abort } = await import('../app/abort.ts');
      const confirm = (): Promise<void> => Promise.resolve();
      return this.watched(flags.output, (watch) => abort({ run, state, reason, takeOver: true, confirm, ...watch }));
    }
    const { resume } = await import('../app/resume.ts');
    await this.watched(flags.output, (watch) => resume({ run, state, acceptances: accepted, takeOver: true, ...watch }));
  }
}

function unconfirmed(run: string): DrError {
  return new DrError({
    code: 'TAKEOVER_UNCONFIRMED',
    exit: 'declined',
    title: 'Taking over stops another runner: it needs --confirm with the run id, and --reason. Nothing was done.',
    next: [
      `dr status ${run}    says who holds it`,
      `dr takeover ${run} --confirm ${run} --reason "why"    continues it`,
      `dr takeover ${run} --confirm ${run} --reason "why" --abort    rolls it back`,
    ],
  });
}

function unconfirmedFleet(fleet: FleetRecord, open: readonly RunState[]): DrError {
  return new DrError({
    code: 'TAKEOVER_UNCONFIRMED',
    exit: 'declined',
    title: 'Taking over stops another runner: it needs --confirm with the id of the failover, and --reason. Nothing was done.',
    detail: [`Failover of ${plural(fleet.members.length, 'application')} to ${fleet.region}, ${open.length} of its runs open:`, ...open.map((run) => `  ${run.run}`)].join('\n'),
    next: ['dr status RUN    says who holds a run', `dr takeover --all --confirm ${fleet.id} --reason "why"    continues all of it`],
  });
}
