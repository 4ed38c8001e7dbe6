import type { AwsCaller } from '../../aws/caller.ts';
import { AwsError } from '../../aws/errors.ts';
import { listRecordSets, type RecordSet, type RecordType } from '../../aws/route53.ts';

type Options = NonNullable<Parameters<typeof listRecordSets>[4]>;

/** Fact `<this>.<name>`: what a name answered before anything was changed. */
export const DNS_BEFORE = 'dns.before';

/** The sets of one name and type. */
export function setsOf(
  aws: AwsCaller,
  record: { zone: string; record: { name: string; type: RecordType } },
  options: Options,
): Promise<RecordSet[]> {
  return listRecordSets(aws, record.zone, record.record.name, record.record.type, options);
}

export function findSet(sets: readonly RecordSet[], identifier: string): RecordSet | undefined {
  return sets.find((set) => set.SetIdentifier === identifier);
}

export function roleOf(sets: readonly RecordSet[], identifier: string): 'PRIMARY' | 'SECONDARY' | undefined {
  return findSet(sets, identifier)?.Failover;
}

/** What a set answers with: its values, or the name it is an alias of. */
export function answersOf(set: RecordSet): { values: string[]; alias: string | undefined } {
  return {
    values: (set.ResourceRecords ?? []).map((r) => r.Value ?? ''),
    alias: set.AliasTarget?.DNSName,
  };
}

/** Whether an object is there. @throws AwsError for anything but a clear yes or no. */
export async function objectExists(
  aws: AwsCaller,
  region: string,
  object: { bucket: string; key: string },
  options: Options,
): Promise<boolean> {
  try {
    await aws.call({ service: 's3', region, operation: 'HeadObject', input: { Bucket: object.bucket, Key: object.key }, ...options });
    return true;
  } catch (error) {
    if (error instanceof AwsError && (error.code === 'NotFound' || error.code === 'NoSuchKey')) return false;
    throw error;
  }
}
