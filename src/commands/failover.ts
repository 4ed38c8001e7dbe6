import * as Flags from '@oclif/core/flags';
import { DrError } from '../base/errors.ts';
import { confirm, terminalIo } from '../cli/confirm.ts';
import { RunCommand } from '../cli/run-command.ts';
import { acceptanceFlags, acceptances, impactTime, outputFlags, targetFlags } from '../cli/run-flags.ts';
import type { Plan } from '../plan/plan.ts';

export default class Failover extends RunCommand {
  static override summary = 'Make a region active while the present one is down.';
  static override description =
    'Plans, asks for confirmation, runs, and reports. Nothing is needed from the region that is down. ' +
    'The first Ctrl-C starts nothing new and finishes what is in flight; the second leaves at once.';
  static override examples = [
    '<%= config.bin %> failover --region ap-northeast-1 --lab',
    '<%= config.bin %> failover --region ap-northeast-1 --runbook shop --confirm shop',
    '<%= config.bin %> failover --plan plan.json',
  ];
  static override flags = {
    ...targetFlags,
    plan: Flags.string({ description: 'Run a plan that `dr plan --out` saved', helpValue: 'FILE', exclusive: ['region', 'runbook', 'lab'] }),
    confirm: Flags.string({ description: 'Name of the runbook, instead of typing it', helpValue: 'NAME' }),
    'impact-at': Flags.string({
      description: 'When users began to suffer, e.g. 2026-11-20T03:04:05Z: the RTO clock starts there. Default: the first failed probe',
      helpValue: 'TIME',
    }),
    lab: Flags.boolean({ description: 'Against a local two-region lab, which is started, broken and stopped' }),
    ...acceptanceFlags,
    ...outputFlags,
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Failover);
    if (flags.region === undefined && flags.plan === undefined) {
      throw new DrError({
        code: 'REGION_NEEDED',
        exit: 'usage',
        title: 'Which region is to become active?',
        next: ['dr failover --region REGION', 'dr failover --plan FILE'],
      });
    }
    const accepted = acceptances(flags);
    await this.watched(flags.output, async (watch) => {
      const request = {
        ...(flags.region === undefined ? {} : { region: flags.region }),
        ...(flags.runbook === undefined ? {} : { runbook: flags.runbook }),
        ...(flags.plan === undefined ? {} : { planFile: flags.plan }),
        runbooks: flags.runbooks,
        state: this.stateDir(flags.state),
        acceptances: accepted,
        ...impactTime(flags['impact-at']),
        confirm: (plan: Plan) => this.ask(plan, accepted, flags.confirm),
        ...watch,
      };
      if (flags.lab) return (await import('../app/lab-failover.ts')).labFailover(request);
      return (await import('../app/failover.ts')).failover(request);
    });
  }

  private async ask(plan: Plan, accepted: ReturnType<typeof acceptances>, given: string | undefined): Promise<'typed' | 'flag'> {
    const { criticalPath } = await import('../plan/critical-path.ts');
    return confirm({ plan, expected: criticalPath(plan), acceptances: accepted, given }, terminalIo());
  }
}
