import type { InputOf, OperationOf, OutputOf, Service } from './operations.ts';

export interface AwsRequest<S extends Service = Service, O extends OperationOf<S> = OperationOf<S>> {
  service: S;
  /** The region whose endpoint is called. Global services are called in their signing region. */
  region: string;
  operation: O;
  input: InputOf<S, O>;
  signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt, connect to last byte. Default: `LIMITS.awsCallMs`. */
  timeoutMs?: number | undefined;
  /** Attempts in all, the first included. Default: `LIMITS.awsAttempts`. */
  attempts?: number | undefined;
  /**
   * Where many ask for what may be asked once a second only. `if-free`: not worth waiting for, and answered by `NotAsked` where somebody
   * else is being asked. `patient`: waits for its turn, however many are before it. Without: where only a few are before it.
   */
  turn?: 'if-free' | 'patient' | undefined;
  /** Asked right before each attempt. What it throws ends the call as it is, and nothing is sent. */
  before?: (() => Promise<void>) | undefined;
}

/** The same without the types of one operation, for what is laid over every call. */
export type PlainRequest = Pick<AwsRequest, 'service' | 'region' | 'signal' | 'timeoutMs' | 'attempts' | 'before'> & { operation: string; input: unknown };
export type PlainCall = (request: PlainRequest) => Promise<AwsAnswer<unknown>>;

export interface AwsAnswer<T> {
  output: T;
  /** As AWS gave it; journaled, for auditors. */
  requestId: string | undefined;
  /** AWS's time when it answered, milliseconds since the epoch, as its Date header says it: whole seconds. */
  at?: number | undefined;
}

/**
 * The only way to AWS. Two things implement it: the SDK (`sdk-caller.ts`) and the simulator.
 * Retries, deadlines and pacing are laid over either by `reliableCaller`.
 */
export interface AwsCaller {
  /** @throws AwsError, and nothing else, unless the request's signal is aborted. */
  call<S extends Service, O extends OperationOf<S>>(request: AwsRequest<S, O>): Promise<AwsAnswer<OutputOf<S, O>>>;
}
