import * as Flags from '@oclif/core/flags';
import { DrCommand } from '../cli/base-command.ts';
import { doctorText } from '../cli/doctor-view.ts';
import { painterFor } from '../cli/text.ts';

export default class Doctor extends DrCommand {
  static override summary = 'Would a failover still run without a region or a global control plane? Offline.';
  static override usage = 'doctor [FILE|FOLDER...] --without REGION [FLAGS]';
  static override strict = false;
  static override examples = ['<%= config.bin %> doctor --without ap-northeast-2', '<%= config.bin %> doctor runbooks/shop.yaml --without ap-northeast-2 --without route53-control-plane'];
  static override flags = {
    without: Flags.string({
      description: 'What is lost: a region, route53-control-plane, iam or sts-global; can be given more than once. A region takes along what is controlled from it: us-east-1 is all of the last three',
      helpValue: 'REGION',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Doctor);
    const { doctor } = await import('../app/doctor/doctor.ts');
    const paths = argv.length === 0 ? ['./runbooks'] : argv.map(String);
    const result = await doctor({ paths, without: flags.without ?? [], state: this.statePlace(flags.state) });
    this.done(result, () => doctorText(result, painterFor(process.stdout)), result.ok ? 'ok' : 'refused');
  }
}
