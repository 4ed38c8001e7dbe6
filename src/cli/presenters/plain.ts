import { iso } from '../../base/clock.ts';
import type { JournalRecord } from '../../journal/events.ts';
import type { RunState } from '../../journal/state.ts';
import { indent, safe } from '../text.ts';
import { stepsAtWork, waitingText } from '../waiting.ts';
import type { Presenter } from './presenter.ts';
import { sentence, type Tone } from './sentences.ts';

/** How long a wait may last without a line, and from line to line. */
const HEARTBEAT_MS = 30_000;

const MARK: Record<Tone, string> = { info: ' ', good: '+', bad: '!', warn: '?' };

/** For logs: one line an event, with the time of the record in UTC. Further lines of an event are indented. */
export class PlainPresenter implements Presenter {
  readonly #out: NodeJS.WritableStream;
  #state: RunState | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: NodeJS.WritableStream) {
    this.#out = out;
  }

  onRecord(record: JournalRecord, state: RunState): void {
    this.#state = state;
    this.#timer ??= setInterval(() => this.beat(Date.now()), HEARTBEAT_MS).unref();
    const said = sentence(record, state);
    if (said === undefined) return;
    const [first = '', ...rest] = safe(said.text).split('\n');
    this.#out.write(`${iso(record.at)} ${MARK[said.tone]} ${first}\n`);
    if (rest.length > 0) this.#out.write(`${indent(rest.join('\n'), 27)}\n`);
  }

  message(text: string): void {
    this.#out.write(`${iso(Date.now())}   ${safe(text)}\n`);
  }

  /** One line for each step that has waited long: a log that stands still looks like a hang. `now`: milliseconds since the epoch. */
  beat(now: number): void {
    const state = this.#state;
    if (state === undefined) return;
    for (const { step, run } of stepsAtWork(state)) {
      if (now - (run.begunAt ?? now) >= HEARTBEAT_MS) this.#out.write(`${iso(now)}   ${safe(`${step.id}: ${waitingText(step, run, state, now).replace('\n', ' ')}`)}\n`);
    }
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    return Promise.resolve();
  }
}

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
