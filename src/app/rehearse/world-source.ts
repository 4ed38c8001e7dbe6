import { readFile, writeFile } from 'node:fs/promises';
import { AwsError } from '../../aws/errors.ts';
import { lookingCaller } from '../../aws/looking.ts';
import { DrError, messageOf } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import { type Account, ACCOUNT_SCHEMA } from '../../rehearsal/account.ts';
import { impliedBy, missingIn } from '../../rehearsal/implied.ts';
import { readAccount } from '../../rehearsal/read-account.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { liveEffects } from '../live-effects.ts';
import { awsFailure } from '../observe.ts';

/** An account that is read now, and kept in `save` if that is given; or the file that was kept. */
export type WorldSource = { save?: string | undefined; effects?: Effects } | { file: string };

/** @throws DrError where the account, or the file, cannot be read as a whole */
export async function accountFor(loaded: LoadedRunbook, source: WorldSource): Promise<Account> {
  if ('file' in source) return keptAccount(loaded, source.file);
  const { signal } = new AbortController();
  const live = source.effects ?? liveEffects();
  try {
    const account = await readAccount({ ...live, aws: lookingCaller(live.aws, { calls: LIMITS.checkCalls, signal }).aws }, loaded, signal);
    if (source.save !== undefined) await writeFile(source.save, `${JSON.stringify(account, undefined, 2)}\n`);
    return account;
  } catch (error) {
    throw error instanceof AwsError ? awsFailure(error, error.region) : error;
  }
}

async function keptAccount(loaded: LoadedRunbook, path: string): Promise<Account> {
  const bad = (detail: string) => new DrError({ code: 'ACCOUNT_FILE_INVALID', exit: 'usage', title: `${path} is not an account that this rehearsal can use.`, detail, next: ['dr rehearse --from-account --save-account FILE    reads it again'] });
  let kept: Partial<Account> | null;
  try {
    kept = JSON.parse(await readFile(path, 'utf8')) as Partial<Account> | null;
  } catch (error) {
    throw bad(messageOf(error));
  }
  if (kept?.schema !== ACCOUNT_SCHEMA) throw bad(`It is not of the schema ${ACCOUNT_SCHEMA}.`);
  if (kept.sha256 !== loaded.sha256) throw bad(`It was read for another version of ${loaded.path}.`);
  const missing = missingIn(kept, await impliedBy(loaded));
  if (missing.length > 0) throw bad(`It lacks ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? `, and ${missing.length - 5} more` : ''}.`);
  return kept as Account;
}
