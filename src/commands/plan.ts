import * as Flags from '@oclif/core/flags';
import { writeFile } from 'node:fs/promises';
import { DrCommand } from '../cli/base-command.ts';
import { planText } from '../cli/plan-view.ts';
import { policyDocument } from '../cli/policy.ts';
import { fromFlag, standbyFlag, targetFlags } from '../cli/run-flags.ts';
import { regionNeeded } from '../cli/start-command.ts';
import { painterFor } from '../cli/style.ts';
import { VERBS } from '../kinds/kind.ts';

export default class PlanCommand extends DrCommand {
  static override summary = 'Show what a run would do: steps, point of no return, times, changes, permissions. Changes nothing.';
  static override examples = [
    '<%= config.bin %> plan --region ap-northeast-1',
    '<%= config.bin %> plan --region ap-northeast-1 --out plan.json',
    '<%= config.bin %> plan --verb switchover --region ap-northeast-1',
    '<%= config.bin %> plan --verb reprotect',
  ];
  static override flags = {
    ...targetFlags,
    verb: Flags.option({ description: 'What to plan', options: VERBS, default: 'failover' as const, helpValue: VERBS.join('|') })(),
    ...fromFlag,
    ...standbyFlag,
    out: Flags.string({ description: 'Save the plan, for `--plan FILE` of the verb', helpValue: 'FILE' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(PlanCommand);
    const { makePlan } = await import('../app/make-plan.ts');
    const { criticalPath } = await import('../plan/critical-path.ts');
    const runbook = flags.runbook === undefined ? {} : { runbook: flags.runbook };
    const { verb, region, from, standby, runbooks } = flags;
    if (region === undefined && verb !== 'reprotect') throw regionNeeded(`plan${verb === 'failover' ? '' : ` --verb ${verb}`}`);
    const plan = await makePlan({ verb, region, from, standby, runbooks, ...runbook });
    if (flags.out !== undefined) {
      await writeFile(flags.out, `${JSON.stringify(plan, null, 2)}\n`);
      this.note(`Saved; run it with: dr ${verb} --plan ${flags.out}`);
    }
    const critical = criticalPath(plan);
    this.done({ plan, critical, policy: policyDocument(plan) }, () => planText(plan, critical, painterFor(process.stdout)));
  }
}
