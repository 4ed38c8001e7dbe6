import type { Direction } from '../app/observe.ts';
import type { StartRequest } from '../app/start-run.ts';
import { DrError } from '../base/errors.ts';
import type { Acceptances } from '../kinds/step.ts';
import type { Plan } from '../plan/plan.ts';
import { confirm, terminalIo } from './confirm.ts';
import { RunCommand, type EndedRun } from './run-command.ts';
import { acceptances, type AcceptanceInput, impactTime } from './run-flags.ts';
import type { RunWatch } from './watch-run.ts';

/** Flags that every verb has; the rest are of one verb or another. */
export interface StartFlags extends AcceptanceInput {
  region?: string | undefined;
  from?: string | undefined;
  standby?: string | undefined;
  runbook?: string | undefined;
  runbooks: string;
  plan?: string | undefined;
  confirm?: string | undefined;
  'impact-at'?: string | undefined;
  state?: string | undefined;
  output: string;
}

/** What a use case is asked for, and how it is watched. */
export type WatchedRequest = StartRequest & RunWatch;

/** What the commands share that start a run: flags become a request, a person confirms the plan. */
export abstract class StartCommand extends RunCommand {
  /** Starts a run of the verb. `run` is the use case; default: `startRun`. */
  protected async start(
    verb: Direction['verb'],
    flags: StartFlags,
    run: (request: WatchedRequest) => Promise<EndedRun> = async (request) => (await import('../app/start-run.ts')).startRun(request),
  ): Promise<void> {
    const accepted = acceptances(flags);
    await this.watched(flags.output, (watch) =>
      run({
        verb,
        region: flags.region,
        from: flags.from,
        standby: flags.standby,
        ...(flags.runbook === undefined ? {} : { runbook: flags.runbook }),
        ...(flags.plan === undefined ? {} : { planFile: flags.plan }),
        runbooks: flags.runbooks,
        state: this.statePlace(flags.state),
        acceptances: accepted,
        ...impactTime(flags['impact-at']),
        confirm: (plan: Plan) => askFor(plan, accepted, flags.confirm),
        ...watch,
      }),
    );
  }

  /** @throws DrError (usage) where neither a region nor a plan was given. */
  protected needRegion(verb: Direction['verb'], flags: Pick<StartFlags, 'region' | 'plan'>): void {
    if (flags.region !== undefined || flags.plan !== undefined) return;
    throw regionNeeded(verb, `dr ${verb} --plan FILE`);
  }
}

/** Nobody says which region; `command` is what is to be repeated with one. */
export function regionNeeded(command: string, ...next: string[]): DrError {
  return new DrError({
    code: 'REGION_NEEDED',
    exit: 'usage',
    title: 'Which region is to become active?',
    next: [`dr ${command} --region REGION`, ...next],
  });
}

async function askFor(plan: Plan, accepted: Acceptances, given: string | undefined): Promise<'typed' | 'flag'> {
  const { criticalPath } = await import('../plan/critical-path.ts');
  return confirm({ plan, expected: criticalPath(plan), acceptances: accepted, given }, terminalIo());
}
