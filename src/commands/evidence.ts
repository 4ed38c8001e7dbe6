import * as Flags from '@oclif/core/flags';
import { systemClock } from '../base/clock.ts';
import { plural } from '../base/plural.ts';
import { DrError } from '../base/errors.ts';
import { DrCommand } from '../cli/base-command.ts';
import { dayFlag, durationFlagOr } from '../cli/flag-values.ts';

export default class Evidence extends DrCommand {
  static override summary = 'Pack the runs of a period for auditors: an index, every journal and report, and a signed manifest. `dr verify` checks the folder offline.';
  static override description = 'A run before the period is packed too where it says how things stand: the last one that met its objectives, or a move without a reprotect.';
  static override flags = {
    from: dayFlag({ description: 'First day, UTC' }),
    to: dayFlag({ description: 'Last day, UTC' }),
    out: Flags.string({ description: 'Folder to write, new or empty', helpValue: 'DIR', required: true }),
    due: durationFlagOr('90d', { description: 'A test is overdue when the last one that met its objectives is older' }),
    key: Flags.string({ description: 'Your private key, or its public half where an agent holds it: signs the manifest', helpValue: 'FILE' }),
    as: Flags.string({ description: 'Who you are', helpValue: 'NAME' }),
    unsigned: Flags.boolean({ description: 'Nobody signs: the folder then proves nothing against anyone who may write it', exclusive: ['key', 'as'] }),
  };
  static override examples = ['<%= config.bin %> evidence --from 2026-10-01 --to 2026-12-31 --out evidence-2026-q4 --key ~/.ssh/id_ed25519 --as auditor@example.com'];

  override async run(): Promise<void> {
    const { flags } = await this.parse(Evidence);
    const { from, to, due: dueMs } = flags;
    if (from > to) throw new DrError({ code: 'BAD_PERIOD', exit: 'usage', title: `The period ends on ${to}, before it begins on ${from}.`, next: [`for example: --from ${to} --to ${from}`] });
    if (!flags.unsigned && (flags.key === undefined || flags.as === undefined)) {
      throw new DrError({ code: 'KEY_NEEDED', exit: 'usage', title: 'Who signs the manifest, and with which key?', next: ['--key ~/.ssh/id_ed25519 --as NAME', '--unsigned    where a signature is made later: ssh-keygen -Y sign -n dr-evidence -f KEY manifest.json'] });
    }
    const { key, as: name } = flags;
    const { packEvidence } = await import('../app/pack.ts');
    const { signWith } = await import('../cli/signer.ts');
    const signer = key === undefined || name === undefined ? undefined : { name, sign: (text: string) => signWith(key, text, 'dr-evidence') };
    const { folder, document, files, manifestSha256 } = await packEvidence({ place: this.statePlace(flags.state), period: { from, to, dueMs }, out: flags.out, signer, now: systemClock.now() });
    for (const { run, why } of document.damaged) this.warning(`run ${run} cannot be read: ${why}`);
    const runs = document.applications.reduce((sum, view) => sum + view.runs.length, 0);
    this.done({ folder, files, manifestSha256, runs, applications: document.applications.length, damaged: document.damaged }, () => `${plural(runs, 'run')} of ${plural(document.applications.length, 'application')}, ${plural(files, 'file')}: ${folder}/index.html\nSHA-256 of the manifest: ${manifestSha256}\nCheck it: dr verify ${flags.out}`, document.damaged.length === 0 ? 'ok' : 'journal');
  }
}
