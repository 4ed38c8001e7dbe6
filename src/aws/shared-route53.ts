import type { Clock } from '../base/clock.ts';
import { withSignal } from '../base/deadline.ts';
import { DrError } from '../base/errors.ts';
import { canonicalJson } from '../base/json.ts';
import type { AwsAnswer, AwsCaller, AwsRequest } from './caller.ts';
import { AwsError } from './errors.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { packBatches } from './route53-batches.ts';
import { listManyRecordSets, type RecordChange, type RecordKey, type RecordType } from './route53.ts';
import { FRESH_MAX_MS, Queue, type Waiting } from './shared-reads.ts';
import { changeState } from './states/others.ts';

/*
 * Route 53 allows an account five to ten requests a second, whatever they hold. Many applications at once would wait for
 * minutes, each with a few requests of its own. Laid over a caller, this lets them share:
 *
 * 1. Look-ups of names in one zone that are asked for at the same time are read together, in pages of 300 sets. What was
 *    read so is given again for a moment, unless a change of the zone was sent from here since it was asked for.
 * 2. Changes of one zone go out together, in as few atomic batches as the limits allow, one after the other. A batch that is
 *    refused changed nothing: then each is sent by itself, and only the wrong one fails.
 * 3. Who asks the same about a zone's protections at the same time gets one answer; so does who asks about a change, for
 *    as long as it may be old: the more changes are on their way, the longer, so that all of them cost so many a second.
 * 4. A health check's status, once a second in all, is given to the first that ask; the others learn at once that it is not known.
 */

type ListInput = InputOf<'route53', 'ListResourceRecordSets'>;
type ListOutput = OutputOf<'route53', 'ListResourceRecordSets'>;
type ChangeInput = InputOf<'route53', 'ChangeResourceRecordSets'>;
type ChangeOutput = OutputOf<'route53', 'ChangeResourceRecordSets'>;

/** With fewer names each is asked for by itself. */
const TOGETHER_MIN = 4;
/** Status look-ups under way at most, a turn being a second: what is decided by one waits so long for it, and no longer. */
const STATUS_MAX = 4;
const CHANGE_ATTEMPTS = 8;
/** Questions about all changes that are on their way, together. */
const STATUS_PER_SECOND = 2;
/** Of the time that the last change took: a younger one is hardly INSYNC, and is asked about once. */
const RIPE = 0.8;

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
  readonly #statuses = new Map<string, { answer: Promise<AwsAnswer<unknown>>; since: number; until: number }>();
  /** How long the last change took until it was INSYNC, milliseconds. */
  #lastTook = 0;
  /** By zone: what was read together since the last change. */
  readonly #read = new Map<string, Map<string, { output: ListOutput; until: number }>>();
  #asking = 0;

  constructor(inner: AwsCaller, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  call(request: AwsRequest): Promise<AwsAnswer<unknown>> {
    if (request.service !== 'route53') return this.#inner.call(request);
    const { region, operation, input, signal } = request as unknown as { region: string; operation: string; input: object; signal: AbortSignal | undefined };
    switch (operation) {
      case 'ListResourceRecordSets':
        if (!isLookUp(input as ListInput)) return this.#inner.call(request);
        return this.#known(input as ListInput) ?? this.#queue(this.#lists, (input as ListInput).HostedZoneId ?? '', (all) => this.#readTogether(region, all)).add(input as ListInput, signal);
      case 'ChangeResourceRecordSets':
        return this.#queue(this.#changes, (input as ChangeInput).HostedZoneId ?? '', (all) => this.#changeTogether(region, all)).add(input as ChangeInput, signal, request.before);
      case 'GetChange':
        return this.#status((input as InputOf<'route53', 'GetChange'>).Id ?? '', request, signal);
      case 'ListResourceRecordSetProtections':
      case 'GetHostedZone':
        return this.#once(`${operation} ${canonicalJson(input)}`, request, signal);
      case 'GetHealthCheckStatus':
        return this.#inTurn(request);
      default:
        return this.#inner.call(request);
    }
  }

  #known(input: ListInput): Promise<AwsAnswer<ListOutput>> | undefined {
    const known = this.#read.get(input.HostedZoneId ?? '')?.get(keyOf(input));
    if (known === undefined || this.#clock.now() > known.until) return undefined;
    return Promise.resolve({ output: known.output, requestId: undefined });
  }

  /** A zone lies in one partition: all callers name the same region. */
  #queue<I, O>(queues: Map<string, Queue<I, O>>, zone: string, work: (all: Waiting<I, O>[]) => Promise<void>): Queue<I, O> {
    const queue = queues.get(zone) ?? new Queue(this.#clock, work);
    queues.set(zone, queue);
    return queue;
  }

  #once(key: string, request: AwsRequest, signal: AbortSignal | undefined): Promise<AwsAnswer<unknown>> {
    let answer = this.#same.get(key);
    if (answer === undefined) {
      // Not the signal of the first caller: the others wait for the same answer.
      answer = this.#inner.call({ ...request, signal: undefined }).finally(() => this.#same.delete(key));
      this.#same.set(key, answer);
    }
    return withSignal(answer, signal);
  }

  /** A change that is INSYNC stays so. One that is PENDING is asked about again when it may be ripe, in its turn. */
  #status(id: string, request: AwsRequest, signal: AbortSignal | undefined): Promise<AwsAnswer<unknown>> {
    const known = this.#statuses.get(id);
    const now = this.#clock.now();
    if (known !== undefined && now < known.until) return withSignal(known.answer, signal);
    const answer = this.#inner.call({ ...request, signal: undefined });
    const asked = { answer, since: known?.since ?? now, until: Infinity };
    this.#statuses.set(id, asked);
    answer.then(
      ({ output }) => {
        const then = this.#clock.now();
        if (changeState((output as OutputOf<'route53', 'GetChange'>).ChangeInfo?.Status).everywhere === 'yes') this.#lastTook = then - asked.since;
        else asked.until = Math.max(then + this.#turnMs(then), asked.since + RIPE * this.#lastTook);
      },
      () => this.#statuses.delete(id),
    );
    return withSignal(answer, signal);
  }

  /** Until a ripe change is asked about again. */
  #turnMs(now: number): number {
    const ripe = [...this.#statuses.values()].filter(({ until, since }) => until !== Infinity && now - since >= RIPE * this.#lastTook);
    return (Math.max(1, ripe.length) * 1000) / STATUS_PER_SECOND;
  }

  async #inTurn(request: AwsRequest): Promise<AwsAnswer<unknown>> {
    const { service, region, operation } = request;
    const most = { 'if-free': 1, patient: Infinity, few: STATUS_MAX }[request.turn ?? 'few'];
    if (this.#asking >= most) {
      throw new AwsError({ service, region, operation, code: 'NotAsked', message: 'not asked: others are being asked, and it may be asked once a second only' });
    }
    this.#asking += 1;
    try {
      return await this.#inner.call(request);
    } finally {
      this.#asking -= 1;
    }
  }

  async #readTogether(region: string, all: Waiting<ListInput, ListOutput>[]): Promise<void> {
    const keys = new Map<string, RecordKey>(all.map(({ input }) => [keyOf(input), { name: input.StartRecordName ?? '', type: input.StartRecordType as RecordType }]));
    const zone = all[0]?.input.HostedZoneId ?? '';
    if (keys.size < TOGETHER_MIN) {
      const answers = new Map<string, Promise<AwsAnswer<ListOutput>>>();
      for (const { input, resolve, reject } of all) {
        const answer = answers.get(keyOf(input)) ?? this.#inner.call({ service: 'route53', region, operation: 'ListResourceRecordSets', input });
        answers.set(keyOf(input), answer);
        answer.then(resolve, reject);
      }
      await Promise.allSettled(answers.values());
      return;
    }
    const names = [...keys.values()];
    const memory = this.#read.get(zone) ?? new Map<string, { output: ListOutput; until: number }>();
    this.#read.set(zone, memory);
    const askedAt = this.#clock.now();
    const sets = await listManyRecordSets(this.#inner, zone, names, { region });
    const now = this.#clock.now();
    const found = new Map([...keys.keys()].map((key, i): [string, ListOutput] => [key, { ResourceRecordSets: sets[i] ?? [], IsTruncated: false, MaxItems: 300 }]));
    // A change that was sent meanwhile has taken this memory out of use.
    for (const [key, output] of found) memory.set(key, { output, until: now + Math.min(FRESH_MAX_MS, 2 * (now - askedAt)) });
    for (const { input, resolve } of all) {
      const output = found.get(keyOf(input));
      if (output !== undefined) resolve({ output, requestId: undefined });
    }
  }

  async #changeTogether(region: string, all: Waiting<ChangeInput, ChangeOutput>[]): Promise<void> {
    for (const batch of batches(all)) {
      try {
        const answer = await this.#change(region, batch);
        for (const { resolve } of batch) resolve(answer);
      } catch (error) {
        const nothing = (error instanceof AwsError && error.kind === 'terminal') || error instanceof DrError;
        if (batch.length === 1 || !nothing) for (const { reject } of batch) reject(error);
        // Nothing of it happened: each by itself, so that only the wrong one fails.
        else for (const one of batch) await this.#change(region, [one]).then(one.resolve, one.reject);
      }
    }
  }

  #change(region: string, batch: readonly Waiting<ChangeInput, ChangeOutput>[]): Promise<AwsAnswer<ChangeOutput>> {
    const [first] = batch;
    const zone = first?.input.HostedZoneId ?? '';
    const forget = (): void => void this.#read.delete(zone);
    forget();
    const comment = batch.length === 1 ? first?.input.ChangeBatch?.Comment : `dr: ${batch.length} changes that were asked for at once`;
    const input: ChangeInput = { HostedZoneId: zone, ChangeBatch: { Comment: comment, Changes: batch.flatMap(changesOf) } };
    // Of those who are no longer to change anything none may be in it.
    const before = () => Promise.all(batch.map((one) => one.before?.() ?? Promise.resolve())).then(() => undefined);
    return this.#inner.call({ service: 'route53', region, operation: 'ChangeResourceRecordSets', input, attempts: CHANGE_ATTEMPTS, before }).finally(forget);
  }
}

/** The beginning of a look-up of one name, not a further page. */
function isLookUp(input: ListInput): boolean {
  return input.StartRecordName !== undefined && input.StartRecordType !== undefined && input.StartRecordIdentifier === undefined;
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
