import { iso } from '../../base/clock.ts';
import type { JournalRecord } from '../../journal/events.ts';
import type { RunState } from '../../journal/state.ts';
import { indent, safe } from '../text.ts';
import type { Presenter } from './presenter.ts';
import { sentence, type Tone } from './sentences.ts';

const MARK: Record<Tone, string> = { info: ' ', good: '+', bad: '!', warn: '?' };

/** For logs: one line an event, with the time of the record in UTC. Further lines of an event are indented. */
export class PlainPresenter implements Presenter {
  readonly #out: NodeJS.WritableStream;

  constructor(out: NodeJS.WritableStream) {
    this.#out = out;
  }

  onRecord(record: JournalRecord, state: RunState): void {
    const said = sentence(record, state);
    if (said === undefined) return;
    const [first = '', ...rest] = safe(said.text).split('\n');
    this.#out.write(`${iso(record.at)} ${MARK[said.tone]} ${first}\n`);
    if (rest.length > 0) this.#out.write(`${indent(rest.join('\n'), 27)}\n`);
  }

  message(text: string): void {
    this.#out.write(`${iso(Date.now())}   ${safe(text)}\n`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
