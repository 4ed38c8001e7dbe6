import { onAwsTime } from '../aws/aws-time.ts';
import { reliableCaller } from '../aws/reliable-caller.ts';
import { sdkCaller } from '../aws/sdk-caller.ts';
import { systemClock } from '../base/clock.ts';
import { systemIds } from '../base/ids.ts';
import type { Effects } from '../effects/effects.ts';
import { systemEffects } from '../effects/system.ts';
import type { RunMode } from '../journal/events.ts';

/** The account of the lab's own STS. */
const LAB_ACCOUNT = '000000000000';

/** The real world, through the AWS SDK with retries, deadlines and pacing. */
export function liveEffects(env: NodeJS.ProcessEnv = process.env): Effects {
  const attempts = Number.parseInt(env.AWS_MAX_ATTEMPTS ?? '', 10);
  const limits = Number.isFinite(attempts) && attempts > 0 ? { attempts } : {};
  const timed = onAwsTime(sdkCaller(), systemClock);
  const aws = reliableCaller(timed.aws, { clock: timed.clock, ids: systemIds, limits });
  return { ...systemEffects({ aws, env }), clock: timed.clock };
}

/** Where the endpoints of this environment lead; AWS itself has twelve digits that are not all zero. */
export function runMode(account: string): RunMode {
  return account === LAB_ACCOUNT ? 'lab' : 'live';
}

/** `NAME=value` of every endpoint override in the environment: evidence that a run was not against AWS itself. Without a login in it. */
export function endpointOverrides(env: NodeJS.ProcessEnv = process.env): string[] {
  return Object.entries(env)
    .filter(([name, value]) => /^AWS_ENDPOINT_URL(_|$)/.test(name) && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${(value ?? '').replace(/\/\/[^/@]*@/, '//')}`)
    .sort();
}
