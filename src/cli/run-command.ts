import type { FleetResult } from '../app/fleet/fleet.ts';
import type { RunResult } from '../app/run-to-the-end.ts';
import { EXIT } from '../base/exit-codes.ts';
import { DrError } from '../base/errors.ts';
import { withEnd } from '../base/with-end.ts';
import { DrCommand } from './base-command.ts';
import type { ExitReason } from './envelope.ts';
import { nextLabel, resumeCommand } from './names.ts';
import { resumable, runJson } from './run-view.ts';
import { fit, painterFor, terminalWidth } from './text.ts';
import { watchRun, type RunWatch } from './watch-run.ts';

/** What the commands that run something share: how it is watched, and how its end is shown. */
export abstract class RunCommand extends DrCommand {
  /** Runs, shows, tells the end. `work` gets what the engine needs to be watched and stopped. */
  protected async watched(output: string, work: (watch: RunWatch) => Promise<RunResult>): Promise<void> {
    this.tell(await this.#watch(output, false, work), output);
  }

  /** Runs one after the other, each shown as one. */
  protected async watchedInTurn(output: string, work: (each: <T>(run: (watch: RunWatch) => Promise<T>) => Promise<T>) => Promise<RunResult>): Promise<void> {
    this.tell(await work((run) => this.#watch(output, false, run)), output);
  }

  /** The same for many runs at once. */
  protected async watchedFleet(output: string, work: (watch: RunWatch) => Promise<FleetResult>): Promise<void> {
    const result = await this.#watch(output, true, work);
    const { fleetJson, fleetText } = await import('./fleet-view.ts');
    if (output === 'jsonl') {
      process.exitCode = EXIT[result.exit];
      this.note(fleetText(result, painterFor(process.stderr)));
    } else this.done(fleetJson(result), () => fleetText(result, painterFor(process.stdout)), result.exit);
  }

  async #watch<T>(output: string, fleet: boolean, work: (watch: RunWatch) => Promise<T>): Promise<T> {
    if (this.json && output === 'jsonl') {
      throw new DrError({ code: 'TWO_OUTPUTS', exit: 'usage', title: '--json and --output jsonl both want stdout: choose one.' });
    }
    const watch = await watchRun({ json: this.json, output, fleet });
    // What is only shown never takes the place of how the run ended.
    return withEnd(() => work(watch), () => watch.close(), (_error, result) => result);
  }

  private tell(ended: RunResult, output: string): void {
    const { state, exit, report, summary, resumable: can = true } = ended;
    const lines = endLines(ended);
    if (output === 'jsonl') {
      // stdout holds the records, and nothing else.
      process.exitCode = EXIT[exit];
      this.note(lines.join('\n'));
      return;
    }
    const result = { ...runJson(state), summary, ...(report === undefined ? {} : { report }) };
    this.done(result, () => fit(lines.join('\n'), terminalWidth()), exit, reasonOf(state, exit, can));
  }
}

export function endLines({ state, exit, report, summary, resumable: can = true }: RunResult): string[] {
  const next = exit !== 'ok' && can && resumable(state) ? [`${nextLabel(state)} ${resumeCommand(state)}`] : [];
  return [...summary, ...(report === undefined ? [] : [`Report: ${report.html}`]), ...next];
}

/** The rule that refused, the error of the step that failed, or else only the exit: for anyone who reads `--json`. */
function reasonOf(state: RunResult['state'], exit: RunResult['exit'], can: boolean): ExitReason | undefined {
  const next = can && resumable(state) ? [resumeCommand(state)] : [];
  const steps = [...state.steps.values()];
  const refused = exit === 'refused' ? steps.find((step) => step.refusal !== undefined) : undefined;
  if (refused?.refusal !== undefined) return { code: refused.refusal.rule, message: `${refused.id}: ${refused.refusal.observed}`, next: [refused.refusal.override, ...next] };
  const failed = steps.find((step) => step.error !== undefined && (step.state === 'failed' || step.check === 'failed'));
  return failed?.error === undefined ? undefined : { code: failed.error.code, message: `${failed.id}: ${failed.error.message}`, next: [...(failed.error.next ?? []), ...next] };
}
