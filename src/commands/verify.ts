import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DrCommand } from '../cli/base-command.ts';
import { painterFor } from '../cli/text.ts';

export default class Verify extends DrCommand {
  static override summary = 'Check the evidence of a run, or a pack of evidence, offline: chain, plan, signatures, reports against the journal.';
  static override description =
    'Names the first record that is wrong. A chain of hashes shows every change but one: anyone who may write the folder can write all of it again. ' +
    'What somebody has signed cannot be written again without their key.';
  static override args = { path: Args.string({ description: 'Folder of a run or of a pack of evidence, or a file in one', required: true }) };
  static override flags = {
    signers: Flags.string({ description: 'Who may sign with which key, as ssh-keygen has it (allowed_signers): every signature must be one of these', helpValue: 'FILE' }),
  };
  static override examples = ['<%= config.bin %> verify ~/.local/state/dr/runs/20261120T101500Z-shop-failover-1a2b3c', '<%= config.bin %> verify evidence-2026-q4 --signers allowed_signers'];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Verify);
    const { verify } = await import('../app/verify/verify.ts');
    const { verificationText } = await import('../cli/verify-view.ts');
    const found = await verify(args.path, flags.signers);
    this.done(found, () => verificationText(found, painterFor(process.stdout)), found.ok ? 'ok' : 'notVerified');
  }
}
