import type { JournalRecord } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import type { PersonPort } from '../effects/effects.ts';
import { resumeCommand } from './names.ts';
import { terminalPerson } from './person.ts';
import { choosePresenter } from './presenters/choose.ts';
import { drainOnSignals } from './signals.ts';

/** A run as a command hands it to the engine: who is notified, and when it must stop. */
export interface RunWatch {
  onRecord(record: JournalRecord, state: RunState): void;
  onMessage(text: string): void;
  /** Aborted at the first Ctrl-C or SIGTERM. */
  drain: AbortSignal;
  /** Undefined where nobody can be asked. */
  person?: PersonPort;
  /** Draws the end and gives terminal and signals back. */
  close(): Promise<void>;
}

/** Shows a run and listens for signals, until `close`. */
export async function watchRun(choice: { json: boolean; output: string; fleet?: boolean }): Promise<RunWatch> {
  const presenter = await choosePresenter({
    // A terminal that cannot move its cursor is a log.
    tty: process.stderr.isTTY && process.env.TERM !== 'dumb',
    json: choice.json,
    output: choice.output === 'jsonl' ? 'jsonl' : 'text',
    fleet: choice.fleet === true,
  });
  let shown: RunState | undefined;
  const goOn = () => (shown === undefined ? 'No run was started.' : `To continue: ${choice.fleet === true ? 'dr resume --all' : resumeCommand(shown)}`);
  const drain = drainOnSignals(
    () => presenter.message('Stopping: no new steps will start; calls in progress will finish. Ctrl-C again quits now.'),
    () => `Quit: how calls in progress ended is not known. ${goOn()}`,
  );
  return {
    onRecord: (record, state) => {
      shown = state;
      presenter.onRecord(record, state);
    },
    onMessage: (text) => presenter.message(text),
    drain: drain.signal,
    ...(process.stdin.isTTY && process.stderr.isTTY && !choice.json ? { person: terminalPerson(process.stdin, (text) => presenter.message(text)) } : {}),
    close: async () => {
      drain.dispose();
      await presenter.close();
    },
  };
}
