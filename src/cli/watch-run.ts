import type { RunWatchers } from '../app/run-to-the-end.ts';
import type { RunState } from '../journal/state.ts';
import { nextLabel, resumeCommand } from './names.ts';
import { terminalPerson } from './person.ts';
import { canRedraw, choosePresenter } from './presenters/choose.ts';
import { drainOnSignals } from './signals.ts';
import { type FollowRequest, followRun } from '../app/follow.ts';
import type { Standing } from '../app/standing.ts';
import { systemClock } from '../base/clock.ts';
import { withEnd } from '../base/with-end.ts';

/** A run as a command hands it to the engine, until the end is drawn and terminal and signals are given back. */
export interface RunWatch extends RunWatchers {
  onMessage(text: string): void;
  close(): Promise<void>;
}

/** Shows a run and listens for signals, until `close`. */
export async function watchRun(choice: { json: boolean; output: string; fleet?: boolean }): Promise<RunWatch> {
  const presenter = await choosePresenter({
    tty: canRedraw(process.stderr, process.env),
    json: choice.json,
    output: choice.output === 'jsonl' ? 'jsonl' : 'text',
    fleet: choice.fleet === true,
  });
  let shown: RunState | undefined;
  const goOn = () => (shown === undefined ? 'No run was started.' : choice.fleet === true ? 'To continue: dr resume --all' : `${nextLabel(shown)} ${resumeCommand(shown)}`);
  const drain = drainOnSignals(
    () => presenter.message('Stopping: no new steps will start; calls in progress will finish. Ctrl-C again quits now.'),
    () => `Quit: how calls in progress ended is not known. ${goOn()}`,
    choice.json,
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

/** Follows a run as its own terminal shows it; Ctrl-C ends only the watching. */
export async function watchStatus(what: Pick<FollowRequest, 'place' | 'run' | 'leftOut'>, json: boolean): Promise<Standing> {
  const presenter = await choosePresenter({ tty: canRedraw(process.stderr, process.env), json, output: 'text' });
  const said = 'No longer watching. The run is not touched.';
  const drain = drainOnSignals(() => presenter.message(said), () => said);
  const work = () => followRun({ ...what, clock: systemClock, until: drain.signal, onRecord: (record, state) => presenter.onRecord(record, state), onMessage: (text) => presenter.message(text) });
  return withEnd(work, async () => {
    drain.dispose();
    await presenter.close();
  }, (_error, result) => result);
}
