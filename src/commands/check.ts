import * as Flags from '@oclif/core/flags';
import { DrCommand } from '../cli/base-command.ts';
import { checkText } from '../cli/check-view.ts';
import { targetFlags } from '../cli/run-flags.ts';
import { painterFor } from '../cli/style.ts';
import { terminalWidth } from '../cli/text.ts';
import { atLeast, SEVERITIES } from '../model/finding.ts';

const FAIL_ON = [...SEVERITIES, 'never'] as const;

export default class Check extends DrCommand {
  static override summary = 'Would a failover work now, and keep its objectives? Looks at both regions. Changes nothing.';
  static override description =
    'Makes the checks that a failover would make, as if the active region were lost and everybody agreed, and looks at what no run would refuse: ' +
    'what the standby lacks that the active side has. Each finding says what was seen, what is wanted and how to mend it.';
  static override examples = ['<%= config.bin %> check', '<%= config.bin %> check --runbook shop --region ap-northeast-1', '<%= config.bin %> check --fail-on warning --json'];
  static override flags = {
    ...targetFlags,
    runbook: Flags.string({ description: 'Runbook, by name or path. Default: every one of the folder', helpValue: 'NAME|PATH' }),
    region: Flags.string({ description: 'The region that would become active. Default: each that is not active now', helpValue: 'REGION' }),
    'fail-on': Flags.option({ description: 'The least severity for which the exit code is 15', options: FAIL_ON, default: 'error' as const, helpValue: FAIL_ON.join('|') })(),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Check);
    const { runbook, runbooks, region } = flags;
    const { check } = await import('../app/check/check.ts');
    const results = await check({ runbooks, region, state: this.statePlace(flags.state), ...(runbook === undefined ? {} : { runbook }) });
    const threshold = flags['fail-on'];
    const failed = threshold !== 'never' && results.some((one) => atLeast(one.findings, threshold).length > 0);
    this.done({ checks: results }, () => results.map((one) => checkText(one, painterFor(process.stdout), terminalWidth())).join('\n\n'), failed ? 'notReady' : 'ok');
  }
}
