import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { WaitingGate } from '../app/approve.ts';
import { systemClock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { DrCommand } from '../cli/base-command.ts';
import { durationFlagOr } from '../cli/flag-values.ts';
import { confirmApproval, terminalIo } from '../cli/confirm.ts';
import { painterFor } from '../cli/text.ts';
import type { SignedFile } from '../approvals/statement.ts';

interface Said {
  as?: string | undefined;
  key?: string | undefined;
  confirm?: string | undefined;
  reject: boolean;
  /** Milliseconds. */
  'valid-for': number;
}

export default class Approve extends DrCommand {
  static override summary = 'Approve, with your key, what a run waits for: shows it, asks, signs, and keeps the approval in the state.';
  static override description =
    'Signs with an ed25519 key by itself, with any other through ssh-keygen (passphrase, agent, hardware key). ' +
    'What is signed is a text that you can read; it counts for this run, this plan and this gate alone, until it expires.';
  static override args = { run: Args.string({ description: 'Run id', required: true }) };
  static override examples = [
    '<%= config.bin %> approve 20261120T101500Z-shop-failover-1a2b3c --state "s3://dr-state/runs?region=ap-northeast-1"',
    '<%= config.bin %> approve 20261120T101500Z-shop-failover-1a2b3c --print > approval.txt',
    '<%= config.bin %> approve 20261120T101500Z-shop-failover-1a2b3c --signature approval.txt.sig',
  ];
  static override flags = {
    key: Flags.string({ description: 'Your private key, or its public half where an agent holds it. Default: the key of ~/.ssh that the runbook names', helpValue: 'FILE' }),
    as: Flags.string({ description: 'Who you are in the runbook. Default: whose key it is', helpValue: 'NAME' }),
    gate: Flags.string({ description: 'Which approval, where several wait', helpValue: 'STEP' }),
    reject: Flags.boolean({ description: 'Refuse it: the run stops there' }),
    'valid-for': durationFlagOr('1h', { description: 'How long it holds, at most 24h' }),
    confirm: Flags.string({ description: 'Name of the application, instead of typing it', helpValue: 'NAME' }),
    print: Flags.boolean({ description: 'Print the text to sign, and sign nothing', exclusive: ['key', 'signature', 'json'] }),
    signature: Flags.string({ description: 'FILE.sig: a signature of the text in FILE, made elsewhere', helpValue: 'FILE.sig', exclusive: ['key', 'as', 'reject'] }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Approve);
    const { keepApproval, waitingGate } = await import('../app/approve.ts');
    const waiting = await waitingGate(this.statePlace(flags.state), args.run, systemClock.now(), { id: flags.gate, mayReject: flags.reject || flags.signature !== undefined });
    if (flags.print) {
      const text = await this.#text(waiting, flags, flags.as);
      this.note(`Sign it: ssh-keygen -Y sign -n dr-approval -f KEY approval.txt\nThen:    dr approve ${args.run} --signature approval.txt.sig`);
      process.stdout.write(text);
      return;
    }
    const { signedElsewhere } = await import('../cli/signer.ts');
    const file = flags.signature === undefined ? await this.#sign(waiting, flags) : await signedElsewhere(flags.signature);
    const kept = await keepApproval(waiting, file, systemClock);
    const { approvals, quorum, decision, approver, key } = kept;
    const word = decision === 'approve' ? 'Approved' : 'Rejected';
    const count = decision === 'approve' ? `\n${approvals} of ${quorum} approvals${approvals < quorum ? '' : ': the run continues within seconds. If it has paused: dr resume ' + args.run}` : '';
    const passed = decision === 'reject' && waiting.state.steps.get(waiting.gate.step.id)?.state === 'done';
    const late = passed ? `\nThe run has passed this gate: it counts when the run decides again. To stop it now: dr abort ${args.run}` : '';
    this.done(kept, () => `${word} by ${approver} with ${key}.${count}${late}`);
  }

  async #sign(waiting: WaitingGate, flags: Said): Promise<SignedFile> {
    const { findSigner, signWith } = await import('../cli/signer.ts');
    const signer = await findSigner(waiting.gate, flags.key);
    if (signer === undefined) {
      const names = waiting.gate.from.map(({ name }) => name).join(', ');
      throw new DrError({ code: 'KEY_NEEDED', exit: 'usage', title: `No key in ~/.ssh is one of ${names}.`, next: ['--key FILE', `dr approve ${waiting.state.run} --as NAME --print > approval.txt    gives the text, to be signed elsewhere`] });
    }
    const text = await this.#text(waiting, flags, flags.as ?? signer.name ?? `the owner of ${signer.fingerprint}`);
    const { approvalText } = await import('../cli/approve-view.ts');
    this.note(`${approvalText(waiting, painterFor(process.stderr), Date.now())}\n\nTo be signed with ${signer.path}:\n${text.replace(/^/gm, '  ').trimEnd()}\n`);
    await confirmApproval({ name: waiting.state.plan.runbook.name, run: waiting.state.run, reject: flags.reject, given: flags.confirm }, terminalIo());
    return { text, signature: await signWith(signer.path, text) };
  }

  async #text(waiting: WaitingGate, flags: Said, approver: string | undefined): Promise<string> {
    const holdsMs = flags['valid-for'];
    if (approver === undefined) throw new DrError({ code: 'NAME_NEEDED', exit: 'usage', title: 'Who signs?', next: waiting.gate.from.map(({ name }) => `--as ${name}`) });
    const { statementFor } = await import('../app/approve.ts');
    return statementFor(waiting, { approver, decision: flags.reject ? 'reject' : 'approve', holdsMs }, systemClock);
  }
}
