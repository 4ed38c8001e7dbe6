import type { Direction } from '../app/observe.ts';
import type { StartRequest } from '../app/start-run.ts';
import { DrError } from '../base/errors.ts';
import { askImpact, confirm, confirmLive, type ConfirmRequest, terminalIo } from './confirm.ts';
import type { RunResult } from '../app/run-to-the-end.ts';
import { RunCommand } from './run-command.ts';
import { acceptances, type AcceptanceInput, impactTime, names } from './run-flags.ts';
import { painterFor } from './text.ts';
import type { RunWatch } from './watch-run.ts';
import { traitsOf } from '../model/verb.ts';

/** Flags that every verb has; the rest are of one verb or another. */
interface StartFlags extends AcceptanceInput {
  region?: string | undefined;
  from?: string | undefined;
  standby?: string | undefined;
  runbook?: string | undefined;
  runbooks: string;
  plan?: string | undefined;
  confirm?: string | undefined;
  /** Milliseconds since the epoch. */
  'impact-at'?: number | undefined;
  state?: string | undefined;
  output: string;
}

/** What a use case is asked for, and how it is watched. */
type WatchedRequest = StartRequest & RunWatch;

/** What the commands share that start a run: flags become a request, a person confirms the plan. */
export abstract class StartCommand extends RunCommand {
  /** Starts a run of the verb. `run` is the use case; default: `startRun`. */
  protected async start(verb: Direction['verb'], flags: StartFlags, run?: (request: WatchedRequest) => Promise<RunResult>): Promise<void> {
    const accepted = acceptances(flags);
    const start = run ?? (await import('../app/start-run.ts')).startRun;
    // In a lab the moment is known, and anyone who gives --confirm is not there to answer.
    const asks = traitsOf(verb).sourceMayBeDead && run === undefined && flags.confirm === undefined;
    await this.watched(flags.output, (watch) =>
      start({
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
        ...(asks ? { askImpact: () => askImpact(terminalIo(), Date.now) } : {}),
        confirm: (plan, look) => askFor({ plan, acceptances: accepted, given: flags.confirm, look }),
        ...watch,
      }),
    );
  }

  /** There and back: each run is shown as one. */
  protected async startLive(flags: StartFlags & { lab: boolean }, backWithinMs: number): Promise<void> {
    const accepted = acceptances(flags);
    const { liveDrill } = await import('../app/live-drill.ts');
    const drill = flags.lab ? (await import('../app/lab-failover.ts')).labLiveDrill : liveDrill;
    await this.watchedInTurn(flags.output, (each) =>
      drill({
        region: flags.region,
        from: flags.from,
        ...(flags.runbook === undefined ? {} : { runbook: flags.runbook }),
        runbooks: flags.runbooks,
        state: this.statePlace(flags.state),
        acceptances: accepted,
        backWithinMs,
        confirm: (live, plan, look) => confirmLive({ live, plan, acceptances: accepted, given: flags.confirm, look, backWithinMs }, terminalIo()),
        each,
        onMessage: (text) => this.note(text),
      }),
    );
  }

  /**
   * Moves every runbook of the folder that the flags choose. False, and nothing done, where one application is meant: one
   * is named, or the folder holds only one.
   */
  protected async startFleet(flags: StartFlags & { only?: string | undefined; except?: string | undefined; lab?: boolean }): Promise<boolean> {
    const { region, from } = flags;
    if (region === undefined || flags.runbook !== undefined || flags.plan !== undefined) return false;
    const choice = { runbooks: flags.runbooks, region, from, only: names(flags.only), except: names(flags.except) };
    if (!(await isFleet(choice))) return false;
    const accepted = acceptances(flags);
    const state = this.statePlace(flags.state);
    if (flags.lab === true) {
      const { labFleetFailover } = await import('../app/lab-failover.ts');
      await this.watchedFleet(flags.output, (watch) => labFleetFailover({ ...choice, state, acceptances: accepted, ...impactTime(flags['impact-at']), ...watch }));
      return true;
    }
    const [{ fleetFailover }, { confirmFleet }, { sayProgress }] = await Promise.all([import('../app/fleet/fleet.ts'), import('./fleet-view.ts'), import('./fleet-preview.ts')]);
    await this.watchedFleet(flags.output, (watch) =>
      fleetFailover({
        ...choice,
        state,
        acceptances: accepted,
        ...impactTime(flags['impact-at']),
        onProgress: sayProgress((line) => this.note(line)),
        confirm: (plan, look) => confirmFleet(plan, accepted, flags.confirm, terminalIo(), painterFor(process.stderr), look),
        ...watch,
      }),
    );
    return true;
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
    title: '--region is required: the region to make active.',
    next: [`dr ${command} --region REGION`, ...next],
  });
}

async function askFor(request: Omit<ConfirmRequest, 'expected'>): Promise<'typed' | 'flag'> {
  const { criticalPath } = await import('../plan/feasibility.ts');
  return confirm({ ...request, expected: criticalPath(request.plan) }, terminalIo());
}

/** Whether many applications are meant: more than one runbook lies in the folder, or a choice among them was made. */
export async function isFleet(choice: { runbooks: string; only?: readonly string[] | undefined; except?: readonly string[] | undefined }): Promise<boolean> {
  if (choice.only !== undefined || choice.except !== undefined) return true;
  const { findRunbooks } = await import('../runbook/find.ts');
  return (await findRunbooks(choice.runbooks)).length > 1;
}
