import type { Clock } from '../base/clock.ts';
import { withSignal } from '../base/deadline.ts';
import { canonicalJson } from '../base/json.ts';
import type { AwsAnswer, AwsCaller, AwsRequest } from './caller.ts';
import type { InputOf, OutputOf, Service } from './operations.ts';

/*
 * Several steps of an application look at the same database or group at the same time, and API requests are limited by
 * account: with hundreds of applications the looks would wait for each other. Laid over a caller, this gives one answer to
 * all who ask the same within a moment.
 *
 * Invariants:
 * 1. An answer that is shared with others was asked for after the last change that was sent from here to that service and region
 *    and that names anything of what the look names; a look that names nothing comes after every change.
 * 2. Auto Scaling groups that are asked for by name at about the same time are asked for in one request.
 * 3. Errors are not shared, except to those who were waiting for the same answer.
 */

/** Where looks are repeated. Objects are streams, identities are asked for once, and Route 53 has rules of its own. */
const SHARED: ReadonlySet<Service> = new Set<Service>(['rds', 'autoscaling', 'elbv2', 'ec2', 'cloudwatch']);
const READ = /^(?:Describe|Get|List)/;
/** Maximum age of a shared answer: twice what it took to get it, its turn included, and never more than this, milliseconds. */
export const FRESH_MAX_MS = 3_000;
/** Answers that are kept before old ones are thrown away. */
const KEPT = 1_000;

/** Gives those who ask the same at about the same time one answer. */
export function sharedReads(inner: AwsCaller, clock: Clock): AwsCaller {
  const answers = new Map<string, { answer: Promise<AwsAnswer<unknown>>; until: number }>();
  const changes = new Map<string, number>();
  let count = 0;

  const queues = new Map<string, Queue<GroupsInput, GroupsOutput>>();
  const groupsOf = (region: string): Queue<GroupsInput, GroupsOutput> => {
    const queue = queues.get(region) ?? new Queue<GroupsInput, GroupsOutput>(clock, (all) => lookTogether(inner, region, all));
    queues.set(region, queue);
    return queue;
  };

  const read = (request: AwsRequest, place: string): Promise<AwsAnswer<unknown>> => {
    const { operation, input, timeoutMs, attempts, signal } = request;
    const names = namesIn(input);
    const change = names.length === 0 ? count : Math.max(...names.map((name) => changes.get(`${place} ${name}`) ?? 0));
    const key = canonicalJson({ place, change, operation, input, timeoutMs, attempts });
    const known = answers.get(key);
    if (known !== undefined && clock.now() <= known.until) return withSignal(known.answer, signal);
    if (answers.size >= KEPT) for (const [old, { until }] of answers) if (clock.now() > until) answers.delete(old);
    // Not the signal of the first caller: the others wait for the same answer.
    const askedAt = clock.now();
    const answer = isGroupLook(request) ? groupsOf(request.region).add(request.input, undefined) : inner.call({ ...request, signal: undefined });
    const entry = { answer, until: Infinity };
    answers.set(key, entry);
    answer.then(
      () => (entry.until = clock.now() + Math.min(FRESH_MAX_MS, 2 * (clock.now() - askedAt))),
      () => (entry.until = 0),
    );
    return withSignal(answer, signal);
  };

  const call = (request: AwsRequest): Promise<AwsAnswer<unknown>> => {
    const { service, region, operation, input } = request;
    if (!SHARED.has(service)) return inner.call(request);
    const place = `${service}@${region}`;
    if (READ.test(operation)) return read(request, place);
    const changed = (): void => {
      count += 1;
      for (const name of namesIn(input)) changes.set(`${place} ${name}`, count);
    };
    changed();
    return inner.call(request).finally(changed);
  };
  return { call: (request) => call(request as unknown as AwsRequest) as never };
}

type GroupsInput = InputOf<'autoscaling', 'DescribeAutoScalingGroups'>;
type GroupsOutput = OutputOf<'autoscaling', 'DescribeAutoScalingGroups'>;

/** Names in one request. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html */
const GROUPS_MAX = 50;

function isGroupLook(request: AwsRequest): request is AwsRequest & { input: GroupsInput } {
  const { operation, input } = request as { operation: string; input: GroupsInput };
  return operation === 'DescribeAutoScalingGroups' && input.AutoScalingGroupNames?.length === 1 && Object.keys(input).length === 1;
}

async function lookTogether(inner: AwsCaller, region: string, all: readonly Waiting<GroupsInput, GroupsOutput>[]): Promise<void> {
  const nameOf = ({ input }: Waiting<GroupsInput, GroupsOutput>): string => input.AutoScalingGroupNames?.[0] ?? '';
  const names = [...new Set(all.map(nameOf))];
  const parts = Array.from({ length: Math.ceil(names.length / GROUPS_MAX) }, (_, i) => names.slice(i * GROUPS_MAX, (i + 1) * GROUPS_MAX));
  await Promise.all(
    parts.map(async (part) => {
      const asked = all.filter((one) => part.includes(nameOf(one)));
      const input: GroupsInput = part.length === 1 ? { AutoScalingGroupNames: part } : { AutoScalingGroupNames: part, MaxRecords: GROUPS_MAX };
      try {
        const { output, requestId } = await inner.call({ service: 'autoscaling', region, operation: 'DescribeAutoScalingGroups', input });
        for (const one of asked) one.resolve({ output: { ...output, AutoScalingGroups: output.AutoScalingGroups?.filter((group) => group.AutoScalingGroupName === nameOf(one)) }, requestId });
      } catch (error) {
        for (const one of asked) one.reject(error);
      }
    }),
  );
}

/** All that an input may name: its texts, and the parts of those that are ARNs. */
function namesIn(input: unknown): string[] {
  if (typeof input === 'string') return input.split(/[:/]/);
  if (typeof input !== 'object' || input === null) return [];
  return Object.values(input).flatMap(namesIn);
}

/** How long one waits for others to ask, milliseconds. */
const WINDOW_MS = 100;

/** One who waits for an answer. */
export interface Waiting<I, O> {
  input: I;
  resolve: (answer: AwsAnswer<O>) => void;
  reject: (error: unknown) => void;
  gone: () => boolean;
  before?: (() => Promise<void>) | undefined;
}

/** Collects what is asked for within a moment, and while the last of it is being dealt with. */
export class Queue<I, O> {
  readonly #clock: Clock;
  readonly #work: (all: Waiting<I, O>[]) => Promise<void>;
  #waiting: Waiting<I, O>[] = [];
  #busy = false;

  constructor(clock: Clock, work: (all: Waiting<I, O>[]) => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  add(input: I, signal: AbortSignal | undefined, before?: AwsRequest['before']): Promise<AwsAnswer<O>> {
    const answer = new Promise<AwsAnswer<O>>((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject, before, gone: () => signal?.aborted === true });
    });
    if (!this.#busy) void this.#run();
    return withSignal(answer, signal);
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      await this.#clock.sleep(WINDOW_MS);
      // Nothing is sent for a caller that has left in the meantime.
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
