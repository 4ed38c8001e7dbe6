import { DrCommand } from '../../cli/base-command.ts';
import { regionArg } from '../../cli/flag-values.ts';
import { labStatusText, withoutEnv } from '../../cli/lab-view.ts';
import { painterFor } from '../../cli/text.ts';

export default class LabHeal extends DrCommand {
  static override summary = 'Bring a broken region of the lab back, as its disks say, and repair its network.';
  static override examples = ['<%= config.bin %> lab heal ap-northeast-2'];
  static override args = { region: regionArg({ description: 'Region, e.g. ap-northeast-2' }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(LabHeal);
    const { labHeal } = await import('../../app/lab.ts');
    const status = await labHeal({ state: this.stateDir(flags.state), region: args.region });
    this.done(withoutEnv(status), () => labStatusText(status, Date.now(), painterFor(process.stdout)));
  }
}
