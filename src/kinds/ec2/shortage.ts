import type { AwsError } from '../../aws/errors.ts';
import { DrError } from '../../base/errors.ts';
import { brief } from './launch-reasons.ts';

/** AWS's own words, where they say more than that there is no capacity now. */
export function inItsWords(error: AwsError): string {
  return error.code.startsWith('Insufficient') && error.code.endsWith('Capacity') ? '' : ` (${brief(error.message)})`;
}

/** Nothing named in the runbook has capacity: said at once, and not by a time-out. */
export function noCapacity(what: string, region: string, tried: readonly string[], next: string): DrError {
  return new DrError({
    code: 'NO_CAPACITY',
    exit: 'failed',
    title: `${region} has no capacity for ${what}: ${tried.join('; ')}`,
    next: [next, 'only a capacity reservation guarantees it: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html'],
  });
}
