import { DrCommand } from '../../cli/base-command.ts';

export default class LabEnv extends DrCommand {
  static override summary = 'Print what to set so that dr, the AWS CLI and any SDK see the lab.';
  static override examples = ['eval "$(<%= config.bin %> lab env)"'];

  override async run(): Promise<void> {
    const { flags } = await this.parse(LabEnv);
    const { labEnv } = await import('../../app/lab.ts');
    const env = await labEnv({ state: this.stateDir(flags.state) });
    this.done({ set: env.set, unset: env.unset }, () => env.shell);
  }
}
