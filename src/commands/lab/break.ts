import * as Flags from '@oclif/core/flags';
import { DrCommand } from '../../cli/base-command.ts';
import { regionArg } from '../../cli/flag-values.ts';
import { labStatusText, withoutEnv } from '../../cli/lab-view.ts';
import { painterFor } from '../../cli/text.ts';

export default class LabBreak extends DrCommand {
  static override summary = 'Kill a region of the lab: its database, its application, its AWS endpoints.';
  static override examples = ['<%= config.bin %> lab break ap-northeast-2', '<%= config.bin %> lab break ap-northeast-2 --network'];
  static override flags = {
    network: Flags.boolean({ description: 'Kill nothing, and cut the network between it and the other regions: replication stands still, users reach both' }),
  };
  static override args = { region: regionArg({ description: 'Region, e.g. ap-northeast-2' }) };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(LabBreak);
    const { labBreak } = await import('../../app/lab.ts');
    const status = await labBreak({ state: this.stateDir(flags.state), region: args.region, network: flags.network });
    this.done(withoutEnv(status), () => labStatusText(status, Date.now(), painterFor(process.stdout)));
  }
}
