import { flapFlag, fromFlag, outputFlags, peopleFlags, startFlags, targetFlags } from '../cli/run-flags.ts';
import { StartCommand } from '../cli/start-command.ts';

export default class Switchover extends StartCommand {
  static override summary = 'Move to another region while both are healthy. Nothing is lost.';
  static override description =
    'Stops writes, waits until the standby has every one of them, promotes it, and moves users. ' +
    'What is refused or fails before the promotion rolls back by itself; after it the run continues by `dr resume` only.';
  static override examples = [
    '<%= config.bin %> switchover --region ap-northeast-1',
    '<%= config.bin %> switchover --region ap-northeast-1 --runbook shop --confirm shop --approved-by alice@example.com',
  ];
  static override flags = { ...targetFlags, ...fromFlag, ...startFlags, ...flapFlag, ...peopleFlags, ...outputFlags };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Switchover);
    this.needRegion('switchover', flags);
    await this.start('switchover', flags);
  }
}
