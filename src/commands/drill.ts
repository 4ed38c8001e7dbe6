import * as Flags from '@oclif/core/flags';
import { fromFlag, outputFlags, peopleFlags, startFlags, targetFlags } from '../cli/run-flags.ts';
import { StartCommand } from '../cli/start-command.ts';

export default class Drill extends StartCommand {
  static override summary = 'Do on twins what a failover does, and delete them again. Production stays as it is.';
  static override description =
    'Makes a replica of the standby, promotes it and writes to it; makes a record of its own and resolves it; asks the standby. ' +
    'Everything has a name that begins with dr-drill-, and is deleted at the end, also after a failure and after Ctrl-C. ' +
    'What a killed process has left: dr drill clean.';
  static override examples = [
    '<%= config.bin %> drill --region ap-northeast-1 --lab',
    '<%= config.bin %> drill --region ap-northeast-1 --runbook shop --confirm shop',
    '<%= config.bin %> plan --verb drill --region ap-northeast-1',
  ];
  static override flags = {
    ...targetFlags,
    region: Flags.string({ description: 'Region that would become active, e.g. ap-northeast-1', helpValue: 'REGION' }),
    ...fromFlag,
    ...startFlags,
    lab: Flags.boolean({ description: 'Against a local two-region lab, which is started and stopped' }),
    ...peopleFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Drill);
    this.needRegion('drill', flags);
    if (!flags.lab) return this.start('drill', flags);
    return this.start('drill', flags, async (request) => (await import('../app/lab-drill.ts')).labDrill(request));
  }
}
