import { DrError, messageOf } from '../base/errors.ts';
import { labApi, type LabApi } from './api.ts';
import type { ControlAddress } from './control-server.ts';
import { fromPlain, type PlainError } from './plain-error.ts';

/** An answer that takes longer is none: healing starts a database, and is the longest. */
const ANSWER_MS = 30_000;

/** The lab's process seen from another one. @throws DrError: what the lab says, or that it does not answer within the time. */
export function controlClient(address: ControlAddress, timeoutMs = ANSWER_MS): LabApi {
  return labApi(async (name, args) => {
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(`${address.url}/${name}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${address.token}` },
        body: JSON.stringify(args),
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
  });
}
