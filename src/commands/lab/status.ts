import { DrCommand } from '../../cli/base-command.ts';
import { labStatusText, withoutEnv } from '../../cli/lab-view.ts';
import { painterFor } from '../../cli/text.ts';

export default class LabStatusCommand extends DrCommand {
  static override summary = 'Show the lab: regions, databases, names, and what its users see.';
  static override examples = ['<%= config.bin %> lab status'];

  override async run(): Promise<void> {
    const { flags } = await this.parse(LabStatusCommand);
    const { labStatus } = await import('../../app/lab.ts');
    const status = await labStatus({ state: this.stateDir(flags.state) });
    this.done(withoutEnv(status), () => labStatusText(status, Date.now(), painterFor(process.stdout)));
  }
}
