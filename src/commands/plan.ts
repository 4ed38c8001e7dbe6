import * as Flags from '@oclif/core/flags';
import type { Interfaces } from '@oclif/core';
import { writeFile } from 'node:fs/promises';
import { DrError } from '../base/errors.ts';
import { DrCommand } from '../cli/base-command.ts';
import { planText } from '../cli/plan-view.ts';
import { fleetFlags, fromFlag, names, standbyFlag, targetFlags } from '../cli/run-flags.ts';
import { isFleet, regionNeeded } from '../cli/start-command.ts';
import { painterFor, terminalWidth } from '../cli/text.ts';
import type { Plan } from '../model/plan.ts';
import { DEFAULT_VERB, traitsOf, verbFlag, VERBS } from '../model/verb.ts';
import { NOT_COUNTED } from '../measure/prices.ts';
import { policyOf } from '../plan/policy.ts';

/** There is nothing to plan, because the wanted state is there. */
const NOTHING_TO_DO: ReadonlySet<string> = new Set(['ALREADY_ACTIVE', 'ALREADY_PROTECTED']);

export default class PlanCommand extends DrCommand {
  static override summary = 'Show what a run would do, and whether it would be refused now. Changes nothing.';
  static override description =
    'Shows steps, the point of no return, times, changes and the control planes that are needed. ' +
    'The checks of the run and the gates that need no change are made now: what would refuse the run is shown first, with its override.';
  static override examples = [
    '<%= config.bin %> plan --region ap-northeast-1',
    '<%= config.bin %> plan --region ap-northeast-1 --out plan.json',
    '<%= config.bin %> plan --verb switchover --region ap-northeast-1',
    '<%= config.bin %> plan --verb reprotect --detailed-exitcode',
  ];
  static override flags = {
    ...targetFlags,
    ...fleetFlags,
    verb: Flags.option({ description: 'What to plan', options: VERBS, default: DEFAULT_VERB, helpValue: VERBS.join('|') })(),
    ...fromFlag,
    ...standbyFlag,
    out: Flags.string({ description: 'Save the plan, for `--plan FILE` of the verb', helpValue: 'FILE' }),
    iam: Flags.boolean({ description: 'Show the IAM policy that the run needs' }),
    'detailed-exitcode': Flags.boolean({ description: 'Exit 0 if there is nothing to do, 14 if there is' }),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(PlanCommand);
    if (await this.#fleet(flags)) return;
    const { runbook, verb, region, from, standby, runbooks, out, iam } = flags;
    if (region === undefined && !traitsOf(verb).rebuilds) throw regionNeeded(`plan${verbFlag(verb)}`);
    const { planWithPreview } = await import('../app/preview.ts');
    const { criticalPath } = await import('../plan/feasibility.ts');
    const request = { verb, region, from, standby, runbooks, state: this.statePlace(flags.state), ...(runbook === undefined ? {} : { runbook }) };
    const made = await planWithPreview(request).catch((error: unknown) => {
      if (flags['detailed-exitcode'] && error instanceof DrError && NOTHING_TO_DO.has(error.code)) return error;
      throw error;
    });
    if (made instanceof DrError) {
      this.done({ plan: null, nothingToDo: made.message }, () => `Nothing to do: ${made.message}`);
      return;
    }
    const { plan, preview, feasibility, twins } = made;
    if (out !== undefined) {
      await writeFile(out, `${JSON.stringify(plan, null, 2)}\n`, { mode: 0o600 });
      this.note(`Saved; run it with: dr ${verb} --plan ${out}`);
    }
    const critical = criticalPath(plan);
    this.done(
      { plan, critical, preview, ...(feasibility === undefined ? {} : { feasibility }), ...(twins === undefined ? {} : { twins: { ...twins, prices: NOT_COUNTED } }), policy: policyOf(plan.steps.flatMap((step) => step.permissions)) },
      () => planText({ plan, critical, preview, feasibility, twins, command: runCommand(plan, flags), iam, width: terminalWidth() }, painterFor(process.stdout)),
      flags['detailed-exitcode'] ? 'changes' : 'ok',
    );
  }

  /** Many plans as one table, where the folder holds many runbooks and none is named. */
  async #fleet(flags: Interfaces.InferredFlags<typeof PlanCommand.flags> & { state?: string | undefined }): Promise<boolean> {
    const { region, runbooks, runbook, verb, from, out } = flags;
    const choice = { runbooks, from, only: names(flags.only), except: names(flags.except) };
    if (region === undefined || verb !== DEFAULT_VERB || runbook !== undefined || !(await isFleet(choice))) return false;
    if (out !== undefined) throw new DrError({ code: 'ONE_RUNBOOK', exit: 'usage', title: '--out is for one application.', next: ['--runbook NAME'] });
    const [{ fleetPlanWithPreviews, othersOf }, { fleetPlanJson, fleetPlanText, fleetWord }, { fleetPreviewText, refusedCount, sayProgress }] = await Promise.all([import('../app/fleet/fleet.ts'), import('../cli/fleet-view.ts'), import('../cli/fleet-preview.ts')]);
    const { plan, previews } = await fleetPlanWithPreviews({ ...choice, region, state: this.statePlace(flags.state), onProgress: sayProgress((line) => this.note(line)) });
    const run = (flag: string) => `dr failover --region ${region}${flag}`;
    const others = othersOf(plan, choice);
    const hints = plan.members.every((m) => m.state !== 'failed')
      ? [`Run them: ${run(` --confirm ${fleetWord(plan)}`)}`]
      : others === undefined ? [] : [`Run the others, and leave where they are what cannot be planned: ${run(` ${others}`)}`];
    const something = flags['detailed-exitcode'] && plan.members.some(({ state }) => state !== 'there');
    const [room, paint] = [terminalWidth(), painterFor(process.stdout)];
    this.done(fleetPlanJson(plan, previews), () => [fleetPreviewText(plan, previews, room, paint), fleetPlanText(plan, paint, room), refusedCount(plan, previews), `One of them in full: dr plan --region ${region} --runbook NAME`, ...hints].filter((part) => part !== '').join('\n'), something ? 'changes' : 'ok');
    return true;
  }
}

/** The command that runs what was planned, with the flags that chose it. */
function runCommand({ verb, source, target, runbook }: Plan, flags: { from?: string | undefined; standby?: string | undefined; runbook?: string | undefined; runbooks: string; state?: string | undefined; out?: string | undefined }): string {
  const state = flags.state === undefined ? [] : [`--state ${quoted(flags.state)}`];
  if (flags.out !== undefined) return [`dr ${verb} --plan ${quoted(flags.out)}`, ...state].join(' ');
  const where = !traitsOf(verb).rebuilds ? `--region ${target}` : flags.standby === undefined ? '' : `--standby ${source}`;
  const parts = [
    `dr ${verb}`,
    where,
    ...(flags.from === undefined ? [] : [`--from ${flags.from}`]),
    `--runbook ${quoted(flags.runbook ?? runbook.name)}`,
    ...(flags.runbooks === './runbooks' ? [] : [`--runbooks ${quoted(flags.runbooks)}`]),
    ...state,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w./:@%+=,~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
