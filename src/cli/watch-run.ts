import type { JournalRecord } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import type { PersonPort } from '../effects/effects.ts';
import { resumeCommand } from './names.ts';
import { terminalPerson } from './person.ts';
import { choosePresenter } from './presenters/choose.ts';
import { drainOnSignals } from './signals.ts';

/** A run as a command hands it to the engine: who is told, and when it must stop. */
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
    tty: process.stderr.isTTY,
    json: choice.json,
    output: choice.output === 'jsonl' ? 'jsonl' : 'text',
    fleet: choice.fleet === true,
  });
  let run: string | undefined;
  const goOn = () => (run === undefined ? 'No run was started.' : `To continue: ${choice.fleet === true ? 'dr resume --all' : resumeCommand(run)}`);
  const drain = drainOnSignals(
    (signal) => presenter.message(`${signal}: nothing new is started, what is in flight is finished. Once more to leave at once. ${goOn()}`),
    () => `Left at once; what was in flight is not known. ${goOn()}`,
  );
  return {
    onRecord: (record, state) => {
      run = record.run;
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
