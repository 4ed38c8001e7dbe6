import type { JournalRecord } from '../../journal/events.ts';
import { safe } from '../text.ts';
import type { Presenter } from './presenter.ts';

/** The journal as it grows: one record a line on stdout, exactly as it is stored. */
export class JsonlPresenter implements Presenter {
  readonly #out: NodeJS.WritableStream;

  constructor(out: NodeJS.WritableStream) {
    this.#out = out;
  }

  onRecord(record: JournalRecord): void {
    this.#out.write(`${JSON.stringify(record)}\n`);
  }

  message(text: string): void {
    process.stderr.write(`${safe(text)}\n`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
