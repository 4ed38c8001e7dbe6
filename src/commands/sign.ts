import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { NAMESPACES } from '../approvals/signature.ts';
import { DrCommand } from '../cli/base-command.ts';
import { confirmSignOff, terminalIo } from '../cli/confirm.ts';

interface Said {
  as?: string | undefined;
  key?: string | undefined;
  comment: string;
}

export default class Sign extends DrCommand {
  static override summary = 'Sign a run off with your key: the journal as it stands, and its report. The signature becomes part of the journal.';
  static override description =
    'Signs with an ed25519 key by itself, with any other through ssh-keygen (passphrase, agent, hardware key). AWS is not asked. ' +
    'What is signed is a text that you can read; it names the last record, so that nothing before it can be changed without your key.';
  static override args = { run: Args.string({ description: 'Run id, or its unique beginning or end', required: true }) };
  static override examples = [
    '<%= config.bin %> sign 20261120T101500Z-shop-failover-1a2b3c --comment "reviewed in the meeting of 1 December"',
    '<%= config.bin %> sign 1a2b3c --as auditor@example.com --print > sign-off.txt',
    '<%= config.bin %> sign 1a2b3c --signature sign-off.txt.sig',
  ];
  static override flags = {
    key: Flags.string({ description: 'Your private key, or its public half where an agent holds it. Default: the key of ~/.ssh that the runbook names', helpValue: 'FILE' }),
    as: Flags.string({ description: 'Who you are. Default: whose key it is in the runbook', helpValue: 'NAME' }),
    comment: Flags.string({ description: 'What you want to say with it', helpValue: 'TEXT', default: '' }),
    confirm: Flags.string({ description: 'Name of the application, instead of typing it', helpValue: 'NAME' }),
    print: Flags.boolean({ description: 'Print the text to sign, and sign nothing', exclusive: ['key', 'signature', 'json'] }),
    signature: Flags.string({ description: 'FILE.sig: a signature of the text in FILE, made elsewhere', helpValue: 'FILE.sig', exclusive: ['key', 'as', 'print'] }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Sign);
    const { keepSignOff } = await import('../app/notes.ts');
    const parts = { state: this.statePlace(flags.state), run: args.run, clock: systemClock };
    if (flags.print) {
      const { text } = await this.#text(parts, { ...flags, as: flags.as ?? nameNeeded() });
      this.note(`Sign it: ssh-keygen -Y sign -n ${NAMESPACES.signOff} -f KEY sign-off.txt\nThen:    dr sign ${args.run} --signature sign-off.txt.sig`);
      process.stdout.write(text);
      return;
    }
    const { signedElsewhere } = await import('../cli/signer.ts');
    const signed = flags.signature === undefined ? await this.#sign(parts, flags) : await signedElsewhere(flags.signature);
    const { evidence, report, unsent } = await keepSignOff(parts, signed);
    if (unsent !== undefined) this.warning(unsent);
    const made = evidence.signOffs.at(-1);
    this.done({ run: evidence.test.id, signOff: made, report }, () => `Signed off by ${made?.name ?? ''} with ${made?.key ?? ''}: records 1 to ${made?.records ?? 0}. ${made?.because ?? ''}.\nReport: ${report.html}`);
  }

  async #sign(parts: { state: ReturnType<DrCommand['statePlace']>; run: string; clock: typeof systemClock }, said: Said & { confirm?: string | undefined }): Promise<{ text: string; signature: string }> {
    const { findKey, signWith } = await import('../cli/signer.ts');
    const { peopleOf } = await import('../app/notes.ts');
    const signer = await findKey(await peopleOf(parts), said.key);
    if (signer === undefined) {
      throw new DrError({ code: 'KEY_NEEDED', exit: 'usage', title: 'No key in ~/.ssh is one that the runbook names.', next: ['--key FILE --as NAME', `dr sign ${parts.run} --as NAME --print > sign-off.txt    gives the text, to be signed elsewhere`] });
    }
    const { text, name, run } = await this.#text(parts, { ...said, as: said.as ?? signer.name ?? nameNeeded() });
    this.note(`To be signed with ${signer.path}:\n${text.replace(/^/gm, '  ').trimEnd()}\n`);
    await confirmSignOff({ name, run, given: said.confirm }, terminalIo());
    return { text, signature: await signWith(signer.path, text, NAMESPACES.signOff) };
  }

  async #text(parts: { state: ReturnType<DrCommand['statePlace']>; run: string; clock: typeof systemClock }, said: Said & { as: string }): Promise<{ text: string; name: string; run: string }> {
    const { signOffFor } = await import('../app/notes.ts');
    const { text, state } = await signOffFor(parts, { name: said.as, comment: said.comment });
    return { text, name: state.plan.runbook.name, run: state.run };
  }
}

function nameNeeded(): never {
  throw new DrError({ code: 'NAME_NEEDED', exit: 'usage', title: 'Who signs? The runbook does not name this key.', next: ['--as NAME'] });
}
