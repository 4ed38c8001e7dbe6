import { regionFlag } from '../cli/flag-values.ts';
import { outputFlags, peopleFlags, standbyFlag, startFlags, targetFlags } from '../cli/run-flags.ts';
import { StartCommand } from '../cli/start-command.ts';

export default class Reprotect extends StartCommand {
  static override summary = 'Rebuild the standby after a move: the old primary is renamed and kept, a new replica takes its place.';
  static override description = 'The active region stays active. Done when the new standby is in sync. No data is deleted.';
  static override examples = ['<%= config.bin %> reprotect', '<%= config.bin %> reprotect --standby ap-northeast-2 --confirm shop'];
  static override flags = {
    ...targetFlags,
    region: regionFlag({ description: 'Region that stays active. Default: the one that is' }),
    ...standbyFlag,
    ...startFlags,
    ...peopleFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Reprotect);
    await this.start('reprotect', flags);
  }
}
