import * as Flags from '@oclif/core/flags';
import { DrCommand } from '../cli/base-command.ts';
import { initText } from '../cli/init-view.ts';
import { durationTextFlag, regionsFlag } from '../cli/flag-values.ts';
import { names } from '../cli/run-flags.ts';
import { painterFor, terminalWidth } from '../cli/text.ts';

/** Between two lines of progress where there is no terminal. */
const NOTE_MS = 5_000;

export default class Init extends DrCommand {
  static override summary = 'Read an account, and write a first runbook for each application found. Read only.';
  static override description =
    'Finds read replicas and their sources, backups that are replicated, groups and target groups that are called alike, stopped instances, RDS proxies and paths of Reachability Analyzer, and the record sets of Route 53 with their health checks. ' +
    'Comments say where each value came from; what a person has to decide is marked. No file is ever overwritten.';
  static override examples = [
    '<%= config.bin %> init --regions ap-northeast-2,ap-northeast-1',
    '<%= config.bin %> init --regions ap-northeast-2,ap-northeast-1 --only shop --owner shop-oncall@example.com --rpo 5m --rto 15m',
    '<%= config.bin %> init --regions ap-northeast-2,ap-northeast-1 --dry-run',
    '<%= config.bin %> init --terraform terraform.tfstate',
  ];
  static override flags = {
    regions: regionsFlag({ description: 'Regions to read, with commas. Default: that of the environment, and those that its replicas name' , exclusive: ['terraform'] }),
    terraform: Flags.string({ description: 'Read this state file of Terraform, and call nothing', helpValue: 'FILE' }),
    runbooks: Flags.string({ description: 'Folder to write into', helpValue: 'DIR', default: './runbooks' }),
    only: Flags.string({ description: 'These applications only, with commas', helpValue: 'NAME,...' }),
    owner: Flags.string({ description: 'Who answers for it', helpValue: 'NAME' }),
    rpo: durationTextFlag('5m', { description: 'How much of the newest data may be lost, e.g. 5m' }),
    rto: durationTextFlag('15m', { description: 'How long it may be down, e.g. 15m' }),
    approver: Flags.string({ description: 'Who must agree before the point of no return; can be given more than once', helpValue: 'NAME', multiple: true, multipleNonGreedy: true }),
    'dry-run': Flags.boolean({ description: 'Print the runbooks, and write nothing' }),
    permissions: Flags.boolean({ description: 'Print the IAM policy that this needs, and do nothing else' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Init);
    const { init, INIT_ACTIONS } = await import('../app/init/init.ts');
    if (flags.permissions) {
      const policy = { Version: '2012-10-17', Statement: [{ Sid: 'DrInit', Effect: 'Allow', Action: INIT_ACTIONS, Resource: '*' }] };
      this.done({ policy }, () => JSON.stringify(policy, null, 2));
      return;
    }
    const [{ liveEffects }, { terminalIo }, { askRegions, askWishes }, { linkedRegions }] = await Promise.all([import('../app/live-effects.ts'), import('../cli/confirm.ts'), import('../cli/ask-init.ts'), import('../app/init/read-account.ts')]);
    const io = terminalIo();
    const { aws } = liveEffects();
    const asks = io.tty && !this.json && !flags['dry-run'];
    const start = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
    const known = flags.regions ?? (flags.terraform !== undefined || start === undefined || start === '' ? [] : await linkedRegions(aws, start));
    const regions = asks && flags.regions === undefined && flags.terraform === undefined ? await askRegions(io, known) : known;
    const wishes = { owner: flags.owner, rpo: flags.rpo, rto: flags.rto, approvers: flags.approver };
    const result = await init({
      aws,
      regions,
      runbooks: flags.runbooks,
      terraform: flags.terraform,
      only: names(flags.only),
      dryRun: flags['dry-run'],
      now: Date.now(),
      ...wishes,
      progress: this.#progress(),
      ...(asks ? { choose: (drafts) => askWishes(io, drafts, wishes) } : {}),
    });
    if (process.stderr.isTTY && !this.json) process.stderr.write('\r\u001b[2K');
    const untouched = result.runbooks.length > 0 && result.runbooks.every(({ state }) => state === 'there');
    this.done(result, () => initText(result, painterFor(process.stdout), terminalWidth()), untouched ? 'refused' : 'ok');
  }

  /** How much has been read: one line that changes on a terminal, else a line from time to time. */
  #progress(): (counts: Readonly<Record<string, number>>) => void {
    let last = Date.now();
    const tty = process.stderr.isTTY && !this.json;
    return (counts) => {
      const now = Date.now();
      if (now - last < (tty ? 100 : NOTE_MS)) return;
      last = now;
      const text = `Read ${Object.entries(counts).filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what}`).join(', ')}`;
      if (tty) process.stderr.write(`\r\u001b[2K${text.slice(0, process.stderr.columns - 1)}`);
      else this.note(text);
    };
  }
}
