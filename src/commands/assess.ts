import { assessText } from '../cli/assess-view.ts';
import { DrCommand } from '../cli/base-command.ts';
import { regionFlag } from '../cli/flag-values.ts';
import { impactFlag, impactTime, targetFlags } from '../cli/run-flags.ts';
import { painterFor, terminalWidth } from '../cli/text.ts';

export default class Assess extends DrCommand {
  static override summary = 'What is broken, and would moving help? Changes nothing, and never acts.';
  static override description =
    'Shows each signal with who sees it, says whether it is one service, the application, one zone or the region, and recommends: a failover with its command, ' +
    'to stay, or what to look at. Beside it: what waiting costs, and what going loses. A region that gives no answer is an answer; each question has its own limit. Needs what `dr iam --verb check` prints. ' +
    'Exit code: 14 it recommends a failover, 18 it cannot tell, 0 it recommends to stay.';
  static override examples = [
    '<%= config.bin %> assess --region ap-northeast-1',
    '<%= config.bin %> assess --runbook shop --impact-at 2026-11-20T03:04:05Z',
    '<%= config.bin %> assess --json',
  ];
  static override flags = {
    ...targetFlags,
    region: regionFlag({ description: 'The region that would become active. Default: each that is not active now' }),
    ...impactFlag,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Assess);
    const { runbook, runbooks, region } = flags;
    const { assess, exitOf } = await import('../app/assess/assess.ts');
    const result = await assess({ runbooks, region, ...impactTime(flags['impact-at']), state: this.statePlace(flags.state), ...(runbook === undefined ? {} : { runbook }) });
    this.done({ assessment: result }, () => assessText(result, painterFor(process.stdout), terminalWidth()), exitOf(result));
  }
}
