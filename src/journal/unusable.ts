import { DrError, messageOf } from '../base/errors.ts';
import { RUN_ID } from '../base/ids.ts';

/**
 * The error for a state folder that cannot be read or written.
 * @param run has begun in that folder: its journal is there, so another folder is no way out
 */
export function unusable(stateDir: string, cause: unknown, run?: string): DrError {
  const begun = run !== undefined && RUN_ID.test(run);
  return new DrError({
    code: 'STATE_UNUSABLE',
    exit: 'journal',
    title: `The state folder ${stateDir} cannot be used.`,
    detail: begun ? `${messageOf(cause)}\nRun ${run} has stopped. Its journal is in that folder.` : messageOf(cause),
    next: begun ? [`make room or give access to ${stateDir}, then: dr resume ${run}`] : ['give another folder: --state DIR'],
    cause,
  });
}
