import type { AwsCaller } from '../aws/caller.ts';
import { loadSdk } from '../aws/clients.ts';
import { systemClock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { LocalState } from '../journal/local-state.ts';
import { MirroredState } from '../journal/mirrored-state.ts';
import { parseS3Place, S3State } from '../journal/s3-state.ts';
import type { StateStore } from '../journal/state-store.ts';
import { liveEffects } from './live-effects.ts';

/** Where state lies: a folder, and with a bucket the folder for the copy on this machine. */
export interface StatePlace {
  folder: string;
  /** `s3://bucket/prefix`, with `?region=…` or the region of the environment. */
  s3?: string;
}

/** The place in one text, as `--state` names it. */
export function shownPlace(place: StatePlace): string {
  return place.s3 ?? place.folder;
}

/** Opens what `--state` names. @throws DrError (usage) for a malformed S3 place. */
export function openState({ folder, s3 }: StatePlace, aws?: AwsCaller): StateStore {
  const local = new LocalState(folder);
  if (s3 === undefined) return local;
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const parsed = parseS3Place(s3.includes('?') || region === undefined ? s3 : `${s3}?region=${region}`);
  if (parsed === undefined) {
    throw new DrError({
      code: 'STATE_PLACE_INVALID',
      exit: 'usage',
      title: `--state ${s3} is not a bucket with its region.`,
      next: ['--state "s3://bucket/prefix?region=ap-northeast-1"    in the region that is to become active'],
    });
  }
  return new MirroredState(local, new S3State(aws ?? loadedFirst(liveEffects().aws, () => loadSdk('s3')), parsed), systemClock);
}

/**
 * Calls of a caller whose code is loaded before the first of them begins: on a busy machine that took longer than a bucket has time to answer, and
 * a note was refused for it. What cannot be loaded is an error of the call.
 */
export function loadedFirst(aws: AwsCaller, load: () => Promise<unknown>): AwsCaller {
  let loading: Promise<unknown> | undefined;
  const call = async (request: Parameters<AwsCaller['call']>[0]) => {
    await (loading ??= load().catch(() => undefined));
    return aws.call(request);
  };
  return { call: call as AwsCaller['call'] };
}
