import * as Flags from '@oclif/core/flags';
import { writeFile } from 'node:fs/promises';
import { DrCommand } from '../cli/base-command.ts';
import { planText } from '../cli/plan-view.ts';
import { policyDocument } from '../cli/policy.ts';
import { targetFlags } from '../cli/run-flags.ts';
import { painterFor } from '../cli/style.ts';

export default class PlanCommand extends DrCommand {
  static override summary = 'Show what a failover would do: steps, point of no return, times, changes, permissions. Changes nothing.';
  static override examples = [
    '<%= config.bin %> plan --region ap-northeast-1',
    '<%= config.bin %> plan --region ap-northeast-1 --out plan.json',
  ];
  static override flags = {
    ...targetFlags,
    region: Flags.string({ description: 'Region to make active, e.g. ap-northeast-1', helpValue: 'REGION', required: true }),
    out: Flags.string({ description: 'Save the plan, for `dr failover --plan FILE`', helpValue: 'FILE' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(PlanCommand);
    const { makePlan } = await import('../app/make-plan.ts');
    const { criticalPath } = await import('../plan/critical-path.ts');
    const runbook = flags.runbook === undefined ? {} : { runbook: flags.runbook };
    const plan = await makePlan({ region: flags.region, runbooks: flags.runbooks, ...runbook });
    if (flags.out !== undefined) {
      await writeFile(flags.out, `${JSON.stringify(plan, null, 2)}\n`);
      this.note(`Saved; run it with: dr failover --plan ${flags.out}`);
    }
    const critical = criticalPath(plan);
    this.done({ plan, critical, policy: policyDocument(plan) }, () => planText(plan, critical, painterFor(process.stdout)));
  }
}
