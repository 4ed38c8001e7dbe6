import * as http from 'node:http';
import { messageOf } from '../base/errors.ts';
import type { DnsPort } from '../effects/effects.ts';
import type { Ledger, OrderSample } from './ledger.ts';

interface UsersOptions {
  host: string;
  port: number;
  dns: DnsPort;
  ledger: Ledger;
  everyMs: number;
  timeoutMs: number;
  /** Where they are, when not all are answered alike. */
  from?: string | undefined;
  /** In front of the number of every order, so that two runs of users do not meet. */
  prefix: string;
  now: () => number;
}

const DNS_TIMEOUT_MS = 400;
/** Orders under way at once: a hang of one must not stop the sampling, and a hang of all must not pile up. */
const PARALLEL = 24;

/** Users of the shop: they resolve its name, keep the answer for its TTL and no longer, and order all the time. */
export class Users {
  readonly #options: UsersOptions;
  #timer: NodeJS.Timeout | undefined;
  #placed = 0;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #cached: { address: string; until: number } | undefined;
  #resolving: Promise<string> | undefined;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      if (this.#underWay.size >= PARALLEL) return;
      const order = this.#order();
      this.#underWay.add(order);
      void order.finally(() => this.#underWay.delete(order));
    }, this.#options.everyMs);
  }

  /** Resolves when no order is under way any more. What was cut off is not recorded. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopping.abort();
    await Promise.all(this.#underWay);
  }

  async #order(): Promise<void> {
    const { ledger, now, prefix, from } = this.#options;
    const who = from === undefined ? {} : { from };
    const id = `${prefix}-${++this.#placed}`;
    const sentAt = now();
    const seen: { address?: string } = {};
    let sample: OrderSample;
    try {
      const address = await this.#address();
      seen.address = address;
      const answer = await this.#post(address, JSON.stringify({ id }));
      sample = { ...who, id, sentAt, endedAt: now(), address, ...answer };
    } catch (error) {
      sample = { ...who, id, sentAt, endedAt: now(), status: 0, address: seen.address, error: messageOf(error) };
    }
    if (!this.#stopping.signal.aborted) ledger.record(sample);
  }

  async #address(): Promise<string> {
    const cached = this.#cached;
    if (cached !== undefined && performance.now() < cached.until) return cached.address;
    this.#resolving ??= this.#resolve().finally(() => {
      this.#resolving = undefined;
    });
    return this.#resolving;
  }

  async #resolve(): Promise<string> {
    const { dns, host } = this.#options;
    const { values, ttl } = await dns.resolve(host, 'A', DNS_TIMEOUT_MS, this.#stopping.signal);
    const address = values[0];
    if (address === undefined) throw new Error(`${host} does not resolve`);
    this.#cached = { address, until: performance.now() + ttl * 1000 };
    return address;
  }

  #post(address: string, body: string): Promise<Pick<OrderSample, 'status' | 'committedAt' | 'region' | 'error'>> {
    const { host, port, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: address,
        port,
        path: '/orders',
        method: 'POST',
        headers: { host, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        // Every order is another user.
        agent: false,
        signal: this.#stopping.signal,
      });
      const late = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      const fail = (error: Error) => {
        clearTimeout(late);
        reject(error);
      };
      request.on('error', fail);
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text = (text + chunk).slice(0, 4096);
        });
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(late);
          resolve(answerOf(response.statusCode ?? 0, text));
        });
      });
      request.end(body);
    });
  }
}

function answerOf(status: number, text: string): Pick<OrderSample, 'status' | 'committedAt' | 'region' | 'error'> {
  if (status !== 201) return { status, error: `HTTP ${status}: ${text.trim().slice(0, 200)}` };
  try {
    const { committedAt, region } = JSON.parse(text) as { committedAt: number; region: string };
    return { status, committedAt, region };
  } catch {
    return { status };
  }
}
