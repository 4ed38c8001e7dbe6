import {
  DefaultRenderer,
  Listr,
  ListrLogger,
  type ListrTask,
  ListrTaskState,
  ProcessOutput,
  type ListrTaskWrapper,
} from 'listr2';
import type { JournalRecord } from '../../journal/events.ts';
import type { RunState, StepRun } from '../../journal/state.ts';
import type { PlanStep } from '../../model/step.ts';
import { firstScreen, lastScreen } from '../run-view.ts';
import { byPhase, type PhaseSteps } from '../step-tree.ts';
import { endOf, type StepEnd } from '../step-end.ts';
import { painterFor, safe, wrap } from '../text.ts';
import { approvalWait } from '../waiting.ts';
import type { Presenter } from './presenter.ts';
import { againstEstimate, budgetLine } from './sentences.ts';

/*
 * The live task tree of a terminal.
 *
 * 1. The engine drives, listr2 only shows: a task of listr2 is nothing but a wait for a journal record. Its own
 *    signal listener (which rolls back and exits), retry and rollback stay off.
 * 2. Everything is written to stderr.
 * 3. Finished groups collapse while it is live, and the whole tree is printed at the end: what did not fit on the
 *    screen is not lost.
 */

const REFRESH_MS = 250;
const SHOW_CURSOR = '\u001b[?25h';

/** listr2 takes a renderer for a terminal's only if stdout is one; ours writes to stderr. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

type Wrapper = ListrTaskWrapper<unknown, typeof StderrRenderer, typeof StderrRenderer>;
type Task = ListrTask<unknown, typeof StderrRenderer, typeof StderrRenderer>;
type End = StepEnd | 'failed' | 'never';

/** The two moments of a step or phase that listr2 waits for. */
class Gate {
  readonly begun = Promise.withResolvers<undefined>();
  readonly ended = Promise.withResolvers<End>();

  begin(): void {
    this.begun.resolve(undefined);
  }

  end(how: End): void {
    this.begin();
    this.ended.resolve(how);
  }
}

export class TreePresenter implements Presenter {
  readonly #out: NodeJS.WriteStream;
  readonly #steps = new Map<string, { step: PlanStep; gate: Gate; wrapper?: Wrapper }>();
  readonly #phases = new Map<string, { gate: Gate; steps: readonly PlanStep[]; wrapper?: Wrapper }>();
  readonly #messages: string[] = [];
  readonly #closed = new Gate();
  readonly #showCursor = (): void => void this.#out.write(SHOW_CURSOR);
  #state: RunState | undefined;
  #bar: Wrapper | undefined;
  #shown: Promise<unknown> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  onRecord(record: JournalRecord, state: RunState): void {
    this.#state = state;
    if (this.#shown === undefined) {
      this.#start(state);
      for (const id of state.steps.keys()) this.#follow(id);
    } else if ('step' in record) {
      this.#follow(record.step);
    }
  }

  message(text: string): void {
    if (this.#shown === undefined) this.#out.write(`${safe(text)}\n`);
    else this.#messages.push(text);
    this.#refresh();
  }

  async close(): Promise<void> {
    const state = this.#state;
    if (this.#shown === undefined || state === undefined) return;
    clearInterval(this.#timer);
    for (const { gate } of this.#steps.values()) gate.end('never');
    for (const { gate } of this.#phases.values()) gate.end('never');
    this.#closed.end('done');
    await this.#shown;
    process.off('exit', this.#showCursor);
    const paint = painterFor(this.#out);
    this.#out.write(safe(`${lastScreen(state, this.#messages, this.#out.columns, paint)}\n`));
  }

  #start(state: RunState): void {
    const { plan } = state;
    this.#out.write(safe(`${firstScreen(state, this.#out.columns, painterFor(this.#out))}\n`));
    for (const step of plan.steps) this.#steps.set(step.id, { step, gate: new Gate() });
    const bar: Task = {
      task: async (_ctx, wrapper) => {
        this.#bar = wrapper;
        await this.#closed.ended.promise;
      },
    };
    const tasks = [...byPhase(plan.steps).map((group) => this.#phaseTask(group)), bar];
    // Hides the cursor while it draws: give it back even when a second Ctrl-C ends the process.
    process.once('exit', this.#showCursor);
    this.#shown = new Listr<unknown, typeof StderrRenderer, typeof StderrRenderer>(tasks, {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: StderrRenderer,
      fallbackRenderer: StderrRenderer,
      rendererOptions: {
        clearOutput: true,
        collapseSubtasks: true,
        collapseErrors: false,
        formatOutput: 'truncate',
        logger: new ListrLogger({ useIcons: true, toStderr: [], processOutput: new ProcessOutput(this.#out, this.#out) }),
      },
    }).run();
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS).unref();
  }

  #phaseTask({ phase, steps }: PhaseSteps): Task {
    const gate = new Gate();
    const entry: { gate: Gate; steps: readonly PlanStep[]; wrapper?: Wrapper } = { gate, steps };
    this.#phases.set(phase, entry);
    return {
      title: phase,
      task: async (_ctx, wrapper) => {
        entry.wrapper = wrapper;
        await waitingUntil(wrapper, gate.begun.promise);
        const first = steps.some((step) => this.#state?.steps.get(step.id)?.startedAt !== undefined);
        if (!first) return wrapper.skip(`${phase}: not reached`);
        return wrapper.newListr(
          steps.map((inner) => this.#stepTask(inner)),
          { concurrent: true, exitOnError: false },
        );
      },
    };
  }

  #stepTask(step: PlanStep): Task {
    return {
      title: step.title,
      task: async (_ctx, wrapper) => {
        const entry = this.#steps.get(step.id);
        if (entry === undefined) return;
        entry.wrapper = wrapper;
        await waitingUntil(wrapper, entry.gate.begun.promise);
        this.#retitle(step, wrapper);
        const how = await entry.gate.ended.promise;
        this.#retitle(step, wrapper);
        if (how === 'failed') throw new Error(safe(this.#state?.steps.get(step.id)?.because ?? 'failed'));
        // listr2's tick is for what was done, and for nothing else.
        if (how !== 'done') wrapper.skip(`${step.title}: ${how === 'never' ? 'not finished' : how}`);
      },
    };
  }

  /** Lets listr2 know what the journal says about a step. */
  #follow(id: string): void {
    const run = this.#state?.steps.get(id);
    const entry = this.#steps.get(id);
    if (run === undefined || entry === undefined || run.state === 'waiting') return;
    const phase = this.#phases.get(entry.step.phase);
    phase?.gate.begin();
    entry.gate.begin();
    const end = this.#state === undefined ? undefined : endOf(entry.step, run, this.#state);
    if (end !== undefined) entry.gate.end(end);
    if (run.state === 'unmet') entry.gate.end('never');
    // A step that was cut off and is undone ends here; one that had ended shows it in the tree at the end.
    if (run.state === 'failed' || run.state === 'refused' || run.state === 'undone') entry.gate.end('failed');
    if (entry.wrapper !== undefined) this.#retitle(entry.step, entry.wrapper);
    if (phase?.wrapper !== undefined) phase.wrapper.task.title = phaseTitle(entry.step.phase, phase.steps, this.#state);
  }

  #retitle(step: PlanStep, wrapper: Wrapper): void {
    const run = this.#state?.steps.get(step.id);
    if (run === undefined || this.#state === undefined) return;
    wrapper.task.title = stepTitle(step, run, this.#state, Date.now());
  }

  #refresh(): void {
    if (this.#state === undefined || this.#bar === undefined) return;
    for (const { step, wrapper } of this.#steps.values()) {
      if (wrapper?.task.isStarted() === true) this.#retitle(step, wrapper);
    }
    const last = this.#messages.at(-1);
    // On lines of its own: at any width its first words can be read.
    if (last !== undefined) this.#bar.title = wrap(safe(last), Math.max(20, this.#out.columns - 6));
    this.#bar.output = safe(budgetLine(this.#state, Date.now()));
  }
}

/** A task of listr2 counts as started as soon as it is called; ours starts when its first record comes. */
async function waitingUntil(wrapper: Wrapper, begun: Promise<undefined>): Promise<void> {
  wrapper.task.state$ = ListrTaskState.WAITING;
  await begun;
  wrapper.task.state$ = ListrTaskState.STARTED;
}

/** A finished phase collapses to this line. */
function phaseTitle(phase: string, steps: readonly PlanStep[], state: RunState | undefined): string {
  const runs = steps.flatMap((step) => state?.steps.get(step.id) ?? []);
  const done = runs.filter((run) => run.state === 'done').length;
  return `${phase}  ${done} of ${steps.length}`;
}

function stepTitle(step: PlanStep, run: StepRun, state: RunState, now: number): string {
  const approval = approvalWait(step, run, state, now);
  if (approval !== undefined) return approval;
  const time = againstEstimate(step, run, state, now);
  // While it is only looked at, the sentence is still that of the check.
  const because = run.state === 'observing' ? '' : run.because;
  return safe([step.title, time === '' ? '' : `(${time})`, because].filter((part) => part !== '').join('  '));
}
