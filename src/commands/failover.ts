import * as Flags from '@oclif/core/flags';
import { acceptanceFlags, fleetFlags, fromFlag, impactFlag, outputFlags, startFlags, targetFlags } from '../cli/run-flags.ts';
import { StartCommand } from '../cli/start-command.ts';

export default class Failover extends StartCommand {
  static override summary = 'Make a region active while the present one is down.';
  static override description =
    'Plans, asks for confirmation, runs, and reports. Nothing is needed from the region that is down. ' +
    'Without --runbook, every runbook of the folder that has the region is moved, in the order of dependsOn. ' +
    'The first Ctrl-C starts nothing new and finishes what is in flight; the second leaves at once.';
  static override examples = [
    '<%= config.bin %> failover --region ap-northeast-1 --lab',
    '<%= config.bin %> failover --region ap-northeast-1 --lab --only shop,billing',
    '<%= config.bin %> failover --region ap-northeast-1 --runbook shop --confirm shop',
    '<%= config.bin %> failover --plan plan.json',
    '<%= config.bin %> failover --region ap-northeast-1 --except billing --confirm 11@ap-northeast-1',
  ];
  static override flags = {
    ...targetFlags,
    ...fleetFlags,
    ...fromFlag,
    ...startFlags,
    ...impactFlag,
    lab: Flags.boolean({ description: 'Against a local two-region lab, which is started, broken and stopped: the only runbook of the folder, or the example. With --only or --except: many applications in one lab' }),
    ...acceptanceFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Failover);
    this.needRegion('failover', flags);
    const many = flags.only !== undefined || flags.except !== undefined;
    if (!flags.lab || many) return (await this.startFleet(flags)) ? undefined : this.start('failover', flags);
    return this.start('failover', flags, async (request) => (await import('../app/lab-failover.ts')).labFailover(request));
  }
}
