import { AwsError } from '../aws/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { JournalRecord } from '../journal/events.ts';
import { fold } from '../journal/fold.ts';
import type { RunStore, StateStore } from '../journal/state-store.ts';
import { isOver, type RunState } from '../journal/state.ts';
import { type DamagedRun, loadRun } from './runs.ts';
import { type Standing, standingIn } from './standing.ts';
import { openState, type StatePlace } from './state.ts';

/** Between two looks at the state, ms. A bucket is asked less often: each look is a list and two reads. */
const LOOK_MS = { folder: 1_000, bucket: 5_000 } as const;

export interface FollowRequest {
  place: StatePlace;
  /** The newest that can be read when none is named. */
  run: string | undefined;
  clock: Clock;
  /** Aborted when the person no longer watches. */
  until: AbortSignal;
  onRecord(record: JournalRecord, state: RunState): void;
  onMessage(text: string): void;
  leftOut?: (run: DamagedRun) => void;
}

/**
 * Shows a run of this or another machine while it happens, from its first record on, until it is over, nobody works on it any
 * more, or `until` is aborted. Reads only. @throws DrError as `loadRun`
 */
export async function followRun(request: FollowRequest): Promise<Standing> {
  const { place, clock, until } = request;
  const state = openState(place);
  const { store, state: first } = await loadRun(state, request.run, request.leftOut);
  const follower = new Follower(request, state, store, first);
  const everyMs = typeof place !== 'string' && place.s3 !== undefined ? LOOK_MS.bucket : LOOK_MS.folder;
  for (;;) {
    const seen = await follower.look();
    if (until.aborted || isOver(seen.state) || (follower.answers && seen.holder === undefined)) return seen;
    await clock.sleep(everyMs, until).catch(() => undefined);
  }
}

class Follower {
  readonly #request: FollowRequest;
  readonly #state: StateStore;
  readonly #store: RunStore;
  #shown = 0;
  #run: RunState | undefined;
  #last: Standing;
  /** False while the state cannot be read. */
  answers = true;

  constructor(request: FollowRequest, state: StateStore, store: RunStore, first: RunState) {
    this.#request = request;
    this.#state = state;
    this.#store = store;
    this.#last = { state: first, now: request.clock.now(), seen: false };
  }

  /** Shows what is new. A state that does not answer is named, and asked again. */
  async look(): Promise<Standing> {
    try {
      // Before the records: a run whose lock is gone has written its last one.
      const { holder, seen, approved } = await standingIn(this.#state, this.#run ?? this.#last.state, this.#request.clock.now());
      this.#show(await this.#store.read());
      if (!this.answers) this.#request.onMessage('The state answers again.');
      this.answers = true;
      this.#last = { state: this.#run ?? this.#last.state, now: this.#request.clock.now(), seen, ...(holder === undefined ? {} : { holder }), ...(approved === undefined ? {} : { approved }) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (this.answers) this.#request.onMessage(`The state does not answer, and is asked again: ${error.message}`);
      this.answers = false;
    }
    return this.#last;
  }

  #show(records: readonly JournalRecord[]): void {
    // Records of a runner that was superseded may be set aside: then the journal is shown again from its start.
    if (this.#run !== undefined && records[this.#shown - 1]?.hash !== this.#run.head) {
      this.#run = undefined;
      this.#shown = 0;
    }
    for (const record of records.slice(this.#shown)) {
      this.#run = fold(this.#run, record);
      this.#request.onRecord(record, this.#run);
    }
    this.#shown = records.length;
  }
}
