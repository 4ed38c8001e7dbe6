import { DrError } from '../../base/errors.ts';

/** Nothing named in the runbook has capacity: said at once, and not by a time-out. */
export function noCapacity(what: string, region: string, tried: readonly string[], next: string): DrError {
  return new DrError({
    code: 'NO_CAPACITY',
    exit: 'failed',
    title: `${region} has no capacity for ${what}: ${tried.join('; ')}`,
    next: [next, 'only a capacity reservation guarantees it: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html'],
  });
}
