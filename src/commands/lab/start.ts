import * as Flags from '@oclif/core/flags';
import { DrCommand } from '../../cli/base-command.ts';
import { countFlag } from '../../cli/flag-values.ts';
import { labStartedText, withoutEnv } from '../../cli/lab-view.ts';
import { drainOnSignals } from '../../cli/signals.ts';
import { painterFor } from '../../cli/text.ts';

export default class LabStart extends DrCommand {
  static override summary = 'Start two regions on this machine: AWS endpoints, databases, DNS, an application, users.';
  static override examples = ['<%= config.bin %> lab start', '<%= config.bin %> lab start --runbooks runbooks/', 'eval "$(<%= config.bin %> lab env)"'];
  static override flags = {
    runbook: Flags.string({
      description: 'Runbook to serve; can be given more than once. Default: the example that comes with dr',
      helpValue: 'PATH',
      multiple: true,
      multipleNonGreedy: true,
    }),
    runbooks: Flags.string({ description: 'Folder of runbooks, all of which are served in one lab', helpValue: 'DIR' }),
    port: countFlag({ most: 65_535, example: '4566' }, { description: 'Port of the AWS endpoint. Default: any that is free', helpValue: 'PORT' }),
    foreground: Flags.boolean({ description: 'Stay until Ctrl-C, and stop the lab then' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(LabStart);
    const { labStart } = await import('../../app/lab.ts');
    const { runbook, runbooks, port, foreground } = flags;
    const lab = await labStart({ state: this.stateDir(flags.state), runbooks: runbook, folder: runbooks, port, foreground });
    this.done(withoutEnv(lab.info), () => labStartedText(lab.info, painterFor(process.stdout)));
    if (!foreground) return;
    this.note('Ctrl-C stops the lab.');
    const signals = drainOnSignals(
      () => void lab.stop(),
      () => 'Left at once; the lab ends by itself.',
    );
    await lab.ended;
    signals.dispose();
  }
}
