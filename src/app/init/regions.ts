import type { AwsCaller } from '../../aws/caller.ts';
import { everyDatabase } from '../../aws/list-account.ts';
import { AwsError } from '../../aws/errors.ts';
import { regionOfArn } from '../../base/arn.ts';
import { awsFailure } from '../observe.ts';

/**
 * The region of the environment first, then those that its databases name as the source of a replica, or as the place of one.
 * @throws DrError when that region does not answer
 */
export async function linkedRegions(aws: AwsCaller, start: string, signal?: AbortSignal): Promise<string[]> {
  try {
    const named = await everyDatabase(aws, start, (item) => [item.ReadReplicaSourceDBInstanceIdentifier, ...(item.ReadReplicaDBInstanceIdentifiers ?? [])], { signal });
    return [...new Set([start, ...named.flat().flatMap((name) => regionOfArn(name) ?? [])])];
  } catch (error) {
    throw error instanceof AwsError ? awsFailure(error, start) : error;
  }
}
