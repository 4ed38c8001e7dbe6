import type { Clock } from '../base/clock.ts';
import { canonicalJson } from '../base/json.ts';
import type { AwsAnswer, AwsCaller, AwsRequest } from './caller.ts';
import { AwsError } from './errors.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { packBatches } from './route53-batches.ts';
import { listManyRecordSets, type RecordChange, type RecordKey, type RecordType, ROUTE53_REGION } from './route53.ts';

/*
 * Route 53 allows an account five to ten requests a second, whatever they hold. Many applications at once would wait for
 * minutes, each with a few requests of its own. Laid over a caller, this lets them share:
 *
 * 1. Look-ups of names in one zone that are asked for at the same time are read together, in pages of 300 sets.
 * 2. Changes of one zone go out together, in as few atomic batches as the limits allow, one after the other. A batch that is
 *    refused changed nothing: then each is sent by itself, and only the wrong one fails.
 * 3. Who asks the same about a change, or about a zone's protections, at the same time gets one answer.
 * 4. A health check's status, once a second in all, is told to the first that ask; the others learn at once that it is not known.
 */

type ListInput = InputOf<'route53', 'ListResourceRecordSets'>;
type ListOutput = OutputOf<'route53', 'ListResourceRecordSets'>;
type ChangeInput = InputOf<'route53', 'ChangeResourceRecordSets'>;
type ChangeOutput = OutputOf<'route53', 'ChangeResourceRecordSets'>;

/** How long one waits for others to ask. */
const WINDOW_MS = 100;
/** With fewer names each is asked for by itself. */
const TOGETHER_MIN = 4;
/** Status look-ups under way at most: what `Pacer` lets through at once. */
const STATUS_MAX = 4;
const CHANGE_ATTEMPTS = 8;

interface Waiting<I, O> {
  input: I;
  resolve: (answer: AwsAnswer<O>) => void;
  reject: (error: unknown) => void;
  gone: () => boolean;
}

/** Shares what several applications ask of Route 53; every other call goes through as it is. */
export function sharedRoute53(inner: AwsCaller, clock: Clock): AwsCaller {
  const shared = new Shared(inner, clock);
  return { call: (request) => shared.call(request as unknown as AwsRequest) as never };
}

class Shared {
  readonly #inner: AwsCaller;
  readonly #clock: Clock;
  readonly #same = new Map<string, Promise<AwsAnswer<unknown>>>();
  readonly #lists = new Map<string, Queue<ListInput, ListOutput>>();
  readonly #changes = new Map<string, Queue<ChangeInput, ChangeOutput>>();
  #asking = 0;

  constructor(inner: AwsCaller, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  call(request: AwsRequest): Promise<AwsAnswer<unknown>> {
    if (request.service !== 'route53') return this.#inner.call(request);
    const { operation, input, signal } = request as unknown as { operation: string; input: object; signal: AbortSignal | undefined };
    switch (operation) {
      case 'ListResourceRecordSets':
        if (!isLookUp(input as ListInput)) return this.#inner.call(request);
        return this.#queue(this.#lists, (input as ListInput).HostedZoneId ?? '', (all) => this.#readTogether(all)).add(input as ListInput, signal);
      case 'ChangeResourceRecordSets':
        return this.#queue(this.#changes, (input as ChangeInput).HostedZoneId ?? '', (all) => this.#changeTogether(all)).add(input as ChangeInput, signal);
      case 'GetChange':
      case 'ListResourceRecordSetProtections':
        return this.#once(`${operation} ${canonicalJson(input)}`, request, signal);
      case 'GetHealthCheckStatus':
        return this.#ifFree(request);
      default:
        return this.#inner.call(request);
    }
  }

  #queue<I, O>(queues: Map<string, Queue<I, O>>, zone: string, work: (all: Waiting<I, O>[]) => Promise<void>): Queue<I, O> {
    const queue = queues.get(zone) ?? new Queue(this.#clock, work);
    queues.set(zone, queue);
    return queue;
  }

  #once(key: string, request: AwsRequest, signal: AbortSignal | undefined): Promise<AwsAnswer<unknown>> {
    let answer = this.#same.get(key);
    if (answer === undefined) {
      // Not the signal of whoever came first: the others wait for the same answer.
      answer = this.#inner.call({ ...request, signal: undefined }).finally(() => this.#same.delete(key));
      this.#same.set(key, answer);
    }
    return withSignal(answer, signal);
  }

  async #ifFree(request: AwsRequest): Promise<AwsAnswer<unknown>> {
    const { service, region, operation } = request;
    if (this.#asking >= STATUS_MAX) {
      throw new AwsError({ service, region, operation, code: 'NotAsked', message: 'not asked: others are being asked, and it may be asked once a second only' });
    }
    this.#asking += 1;
    try {
      return await this.#inner.call(request);
    } finally {
      this.#asking -= 1;
    }
  }

  async #readTogether(all: Waiting<ListInput, ListOutput>[]): Promise<void> {
    const keys = new Map<string, RecordKey>(all.map(({ input }) => [keyOf(input), { name: input.StartRecordName ?? '', type: input.StartRecordType as RecordType }]));
    const zone = all[0]?.input.HostedZoneId ?? '';
    if (keys.size < TOGETHER_MIN) {
      const answers = new Map<string, Promise<AwsAnswer<ListOutput>>>();
      for (const { input, resolve, reject } of all) {
        const answer = answers.get(keyOf(input)) ?? this.#inner.call({ service: 'route53', region: ROUTE53_REGION, operation: 'ListResourceRecordSets', input });
        answers.set(keyOf(input), answer);
        answer.then(resolve, reject);
      }
      await Promise.allSettled(answers.values());
      return;
    }
    const names = [...keys.values()];
    const sets = await listManyRecordSets(this.#inner, zone, names);
    const found = new Map([...keys.keys()].map((key, i) => [key, sets[i] ?? []]));
    for (const { input, resolve } of all) {
      resolve({ output: { ResourceRecordSets: found.get(keyOf(input)) ?? [], IsTruncated: false, MaxItems: 300 }, requestId: undefined });
    }
  }

  async #changeTogether(all: Waiting<ChangeInput, ChangeOutput>[]): Promise<void> {
    for (const batch of batches(all)) {
      try {
        const answer = await this.#change(batch);
        for (const { resolve } of batch) resolve(answer);
      } catch (error) {
        if (batch.length === 1 || !(error instanceof AwsError) || error.kind !== 'terminal') for (const { reject } of batch) reject(error);
        // Nothing of it happened: each by itself, so that only the wrong one fails.
        else for (const one of batch) await this.#change([one]).then(one.resolve, one.reject);
      }
    }
  }

  #change(batch: readonly Waiting<ChangeInput, ChangeOutput>[]): Promise<AwsAnswer<ChangeOutput>> {
    const [first] = batch;
    const comment = batch.length === 1 ? first?.input.ChangeBatch?.Comment : `dr: ${batch.length} changes that were asked for at once`;
    const input: ChangeInput = { HostedZoneId: first?.input.HostedZoneId, ChangeBatch: { Comment: comment, Changes: batch.flatMap(changesOf) } };
    return this.#inner.call({ service: 'route53', region: ROUTE53_REGION, operation: 'ChangeResourceRecordSets', input, attempts: CHANGE_ATTEMPTS });
  }
}

/** Collects what is asked for within a moment, and while the last of it is being dealt with. */
class Queue<I, O> {
  readonly #clock: Clock;
  readonly #work: (all: Waiting<I, O>[]) => Promise<void>;
  #waiting: Waiting<I, O>[] = [];
  #busy = false;

  constructor(clock: Clock, work: (all: Waiting<I, O>[]) => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  add(input: I, signal: AbortSignal | undefined): Promise<AwsAnswer<O>> {
    const answer = new Promise<AwsAnswer<O>>((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject, gone: () => signal?.aborted === true });
    });
    if (!this.#busy) void this.#run();
    return withSignal(answer, signal);
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      await this.#clock.sleep(WINDOW_MS);
      // Whoever has left in the meantime must not be acted for.
      const all = this.#waiting.filter((one) => !one.gone());
      this.#waiting = [];
      if (all.length === 0) continue;
      await this.#work(all).catch((error: unknown) => {
        for (const { reject } of all) reject(error);
      });
    }
    this.#busy = false;
  }
}

function withSignal<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** The beginning of a look-up of one name, not a further page. */
function isLookUp(input: ListInput): boolean {
  return input.StartRecordName !== undefined && input.StartRecordType !== undefined && input.StartRecordIdentifier === undefined && input.MaxItems === undefined;
}

function keyOf(input: ListInput): string {
  return `${input.StartRecordName ?? ''} ${input.StartRecordType ?? ''}`;
}

function changesOf(one: Waiting<ChangeInput, ChangeOutput>): RecordChange[] {
  return one.input.ChangeBatch?.Changes ?? [];
}

/** Whole requests side by side as far as one batch holds them; two that touch the same name stay apart, in their order. */
function batches(all: readonly Waiting<ChangeInput, ChangeOutput>[]): Waiting<ChangeInput, ChangeOutput>[][] {
  const found: { requests: Waiting<ChangeInput, ChangeOutput>[]; changes: RecordChange[]; names: Set<string> }[] = [];
  for (const request of all) {
    const changes = changesOf(request);
    const names = changes.map(({ ResourceRecordSet: set }) => `${set?.Name ?? ''} ${set?.Type ?? ''}`);
    const last = found.at(-1);
    const fits = last !== undefined && names.every((name) => !last.names.has(name)) && packBatches([last.changes, changes]).length === 1;
    if (!fits) {
      found.push({ requests: [request], changes: [...changes], names: new Set(names) });
      continue;
    }
    last.requests.push(request);
    last.changes.push(...changes);
    for (const name of names) last.names.add(name);
  }
  return found.map(({ requests }) => requests);
}
