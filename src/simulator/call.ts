import { AwsError, NO_ANSWER } from '../aws/errors.ts';
import type { InputOf, OperationOf, OutputOf, Service } from '../aws/operations.ts';
import type { State } from './state.ts';

export class Call {
  readonly state: State;
  readonly service: Service;
  readonly operation: string;
  readonly region: string;
  readonly now: number;
  /** The time whose state a read shows: now, or earlier for a stale read. */
  readonly at: number;
  readonly requestId: string;

  constructor(state: State, parts: { service: Service; operation: string; region: string; now: number; at: number; requestId: string }) {
    this.state = state;
    this.service = parts.service;
    this.operation = parts.operation;
    this.region = parts.region;
    this.now = parts.now;
    this.at = parts.at;
    this.requestId = parts.requestId;
  }

  /** How many items a page may have that is to have so many. */
  atMost(size: number): number {
    return Math.min(size, this.state.core.pages?.items ?? size);
  }

  /** A page of `items` that begins after the key in `token`, with the token of the next page. */
  pageOf<T>(items: readonly T[], keyOf: (item: T) => string, token: string | undefined, most: number): { page: readonly T[]; next: string | undefined } {
    const size = this.atMost(most);
    const after = token === undefined ? undefined : keyIn(token);
    const start = after === undefined ? 0 : items.findIndex((item) => keyOf(item) > after);
    const page = start < 0 ? [] : items.slice(start, start + size);
    const last = page.at(-1);
    const more = start >= 0 && start + size < items.length && last !== undefined;
    return { page, next: more ? tokenOf(keyOf(last)) : undefined };
  }

  error(code: string, httpStatus: number, message: string): AwsError {
    return new AwsError({
      service: this.service,
      operation: this.operation,
      region: this.region,
      code,
      httpStatus,
      message,
      requestId: this.requestId,
    });
  }

  /** Ours: the world has no model of that. */
  unsupported(what: string): AwsError {
    return this.error('SimulatorUnsupported', 400, `the simulator does not model ${what} of ${this.service}.${this.operation}`);
  }

  noAnswer(message: string): AwsError {
    return new AwsError({ service: this.service, operation: this.operation, region: this.region, code: NO_ANSWER, message });
  }
}

export interface Operation<I, O> {
  /** Parameters that are modelled; any other that is given is refused. */
  accepts: readonly (keyof I & string)[];
  handle(input: I, call: Call): O;
}

export type ServiceModel<S extends Service> = { [O in OperationOf<S>]: Operation<InputOf<S, O>, OutputOf<S, O>> };

/** In front of every token: one that nobody was given is none. */
const TOKEN = 'dr-lab:';

export function tokenOf(key: string): string {
  return Buffer.from(`${TOKEN}${key}`).toString('base64url');
}

/** The key in a token. @throws BadToken */
export function keyIn(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(TOKEN)) throw new BadToken();
  return text.slice(TOKEN.length);
}

/** A paging token that was not given out. Each service has a code of its own for it. */
export class BadToken extends Error {}
