import type { JournalRecord } from '../../journal/events.ts';
import type { RunState } from '../../journal/state.ts';

/** Shows a run while it happens. It reads journal records and the state folded from them, and nothing else; it never drives, slows or stops the run. */
export interface Presenter {
  onRecord(record: JournalRecord, state: RunState): void;
  /** A line that is not in the journal: what the lab is doing, that a signal was received. */
  message(text: string): void;
  /** Draws the last state and gives the terminal back. */
  close(): Promise<void>;
}
