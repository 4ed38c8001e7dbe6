import * as Flags from '@oclif/core/flags';
import type { Interfaces } from '@oclif/core';
import { writeFile } from 'node:fs/promises';
import { DrError } from '../base/errors.ts';
import { DrCommand } from '../cli/base-command.ts';
import { planText } from '../cli/plan-view.ts';
import { fleetFlags, fromFlag, names, standbyFlag, targetFlags } from '../cli/run-flags.ts';
import { isFleet, regionNeeded } from '../cli/start-command.ts';
import { painterFor } from '../cli/style.ts';
import { VERBS } from '../model/verb.ts';
import { policyOf } from '../plan/policy.ts';

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
    ...fleetFlags,
    verb: Flags.option({ description: 'What to plan', options: VERBS, default: 'failover' as const, helpValue: VERBS.join('|') })(),
    ...fromFlag,
    ...standbyFlag,
    out: Flags.string({ description: 'Save the plan, for `--plan FILE` of the verb', helpValue: 'FILE' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(PlanCommand);
    if (await this.#fleet(flags)) return;
    const { makePlan } = await import('../app/make-plan.ts');
    const { criticalPath } = await import('../plan/critical-path.ts');
    const runbook = flags.runbook === undefined ? {} : { runbook: flags.runbook };
    const { verb, region, from, standby, runbooks } = flags;
    if (region === undefined && verb !== 'reprotect') throw regionNeeded(`plan${verb === 'failover' ? '' : ` --verb ${verb}`}`);
    const plan = await makePlan({ verb, region, from, standby, runbooks, ...runbook });
    if (flags.out !== undefined) {
      await writeFile(flags.out, `${JSON.stringify(plan, null, 2)}\n`, { mode: 0o600 });
      this.note(`Saved; run it with: dr ${verb} --plan ${flags.out}`);
    }
    const critical = criticalPath(plan);
    this.done({ plan, critical, policy: policyOf(plan.steps.flatMap((step) => step.permissions)) }, () => planText(plan, critical, painterFor(process.stdout)));
  }

  /** Many plans as one table, where the folder holds many runbooks and none is named. */
  async #fleet(flags: Interfaces.InferredFlags<typeof PlanCommand.flags>): Promise<boolean> {
    const { region, runbooks, runbook, verb, from, out } = flags;
    const choice = { runbooks, from, only: names(flags.only), except: names(flags.except) };
    if (region === undefined || verb !== 'failover' || runbook !== undefined || !(await isFleet(choice))) return false;
    if (out !== undefined) throw new DrError({ code: 'ONE_RUNBOOK', exit: 'usage', title: '--out is for one application.', next: ['--runbook NAME'] });
    const [{ makeFleetPlan, othersOf }, { fleetPlanJson, fleetPlanText, fleetWord }] = await Promise.all([import('../app/fleet/fleet.ts'), import('../cli/fleet-view.ts')]);
    const plan = await makeFleetPlan({ ...choice, region });
    const run = (flag: string) => `dr failover --region ${region}${flag}`;
    const others = othersOf(plan, choice);
    const hints = plan.members.every((m) => m.state !== 'failed')
      ? [`Run them: ${run(` --confirm ${fleetWord(plan)}`)}`]
      : others === undefined ? [] : [`Run the others, and leave where they are what cannot be planned: ${run(` ${others}`)}`];
    this.done(fleetPlanJson(plan), () => [fleetPlanText(plan, painterFor(process.stdout)), `One of them in full: dr plan --region ${region} --runbook NAME`, ...hints].join('\n'));
    return true;
  }
}
