import { DrError, messageOf } from '../base/errors.ts';
import type { ControlAddress } from './control-server.ts';
import { fromPlain, type PlainError } from './plain-error.ts';
import type { LabLedger, LabStatus } from './status.ts';

/** An answer that takes longer is none: healing starts a database, and is the longest. */
const ANSWER_MS = 30_000;

/** The lab's process seen from another one. @throws DrError: what the lab says, or that it does not answer. */
export class ControlClient {
  readonly #address: ControlAddress;

  constructor(address: ControlAddress) {
    this.#address = address;
  }

  status(timeoutMs = ANSWER_MS): Promise<LabStatus> {
    return this.#ask('GET', '/status', timeoutMs) as Promise<LabStatus>;
  }

  /** Of one application. Default: the first. */
  ledger(runbook?: string): Promise<LabLedger> {
    return this.#ask('GET', runbook === undefined ? '/ledger' : `/ledger?runbook=${encodeURIComponent(runbook)}`) as Promise<LabLedger>;
  }

  async breakRegion(region: string): Promise<void> {
    await this.#ask('POST', `/break?region=${encodeURIComponent(region)}`);
  }

  async cutNetwork(region: string): Promise<void> {
    await this.#ask('POST', `/cut-network?region=${encodeURIComponent(region)}`);
  }

  async heal(region: string): Promise<void> {
    await this.#ask('POST', `/heal?region=${encodeURIComponent(region)}`);
  }

  async stop(): Promise<void> {
    await this.#ask('POST', '/stop');
  }

  async #ask(method: string, path: string, timeoutMs = ANSWER_MS): Promise<unknown> {
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(`${this.#address.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#address.token}` },
        signal: AbortSignal.timeout(timeoutMs),
      });
      body = await response.json();
    } catch (error) {
      throw new DrError({
        code: 'LAB_SILENT',
        exit: 'lab',
        title: 'The lab does not answer.',
        detail: error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error),
        next: ['dr lab status', 'dr lab start'],
        cause: error,
      });
    }
    if (!response.ok) throw fromPlain((body as { error: PlainError }).error);
    return body;
  }
}
