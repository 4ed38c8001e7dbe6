import { DrCommand } from '../../cli/base-command.ts';

export default class LabStop extends DrCommand {
  static override summary = 'Stop the lab and remove everything it made.';
  static override examples = ['<%= config.bin %> lab stop'];

  override async run(): Promise<void> {
    const { flags } = await this.parse(LabStop);
    const { labStop } = await import('../../app/lab.ts');
    const stopped = await labStop({ state: this.stateDir(flags.state) });
    this.done(stopped, () => `The lab (process ${stopped.pid}) has stopped.`);
  }
}
