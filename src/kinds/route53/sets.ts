import type { AwsCaller } from '../../aws/caller.ts';
import type { CallOptions } from '../../aws/call-options.ts';
import { AwsError } from '../../aws/errors.ts';
import type { RecordSet } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import type { StepContext } from '../step.ts';
import type { RegionAnswer } from './aim.ts';

/** Fact `<this>.<name>`: what a name answered before anything was changed. */
export const DNS_BEFORE = 'dns.before';
/** Fact `<this>`: when that was looked at, milliseconds since the epoch. */
export const DNS_BEFORE_AT = 'dns.before-at';

/** Fact `<this>.<name>`: the addresses with which the source region answers it. */
export const SOURCE_ANSWERS = 'source.answers';

/** An IPv4 or IPv6 address, as against a host name. Without node:net: runbooks are checked without the network being loaded. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]*:[\da-f:.]+)$/i;

/** Where a name leads, by A and AAAA; empty where it does not resolve. */
async function addressesOf(ctx: Pick<StepContext, 'effects' | 'signal'>, name: string): Promise<string[]> {
  const found = await Promise.all((['A', 'AAAA'] as const).map((type) => ctx.effects.dns.resolve(name, type, LIMITS.dnsMs, ctx.signal).catch(() => ({ values: [] }))));
  return found.flatMap(({ values }) => [...values]);
}

/** The addresses that an answer leads to; the values of a CNAME and the name of an alias are looked up. */
export async function addressesOfAnswer(ctx: Pick<StepContext, 'effects' | 'signal'>, answer: RegionAnswer): Promise<string[]> {
  const values = 'values' in answer ? answer.values : [answer.alias.name];
  return (await Promise.all(values.map(async (value) => (ADDRESS.test(value) ? [value] : addressesOf(ctx, value))))).flat();
}

export function findSet(sets: readonly RecordSet[], identifier: string): RecordSet | undefined {
  return sets.find((set) => set.SetIdentifier === identifier);
}

export function roleOf(sets: readonly RecordSet[], identifier: string): 'PRIMARY' | 'SECONDARY' | undefined {
  return findSet(sets, identifier)?.Failover;
}

/** Whether an object is there, and since when (ms, to the second). @throws AwsError for anything but a clear yes or no. */
export async function objectSeen(
  aws: AwsCaller,
  region: string,
  object: { bucket: string; key: string },
  options: CallOptions,
): Promise<{ there: boolean; modifiedAt?: number }> {
  try {
    const { output } = await aws.call({ service: 's3', region, operation: 'HeadObject', input: { Bucket: object.bucket, Key: object.key }, ...options });
    const modifiedAt = output.LastModified?.getTime();
    return modifiedAt === undefined ? { there: true } : { there: true, modifiedAt };
  } catch (error) {
    if (error instanceof AwsError && (error.code === 'NotFound' || error.code === 'NoSuchKey')) return { there: false };
    throw error;
  }
}
