import * as z from 'zod';
import type { AwsCaller } from '../../aws/caller.ts';
import { type CallOptions, outputOf } from '../../aws/call-options.ts';
import { AwsError, unlessAws } from '../../aws/errors.ts';
import { listManyRecordSets, listRecordSets, type RecordKey, type RecordSet, type Route53Options } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import { hostedZoneId, recordType } from '../common.ts';
import { fact } from '../../model/fact.ts';
import type { Looking } from '../../model/step.ts';
import { answerOf, answersOf, type RegionAnswer } from './aim.ts';
import { isIpv4, isIpv6, plainValue } from './values.ts';
import type { InspectContext, Routing } from '../../model/kind.ts';

/**
 * What a record of a zone (`keyOf`) answered before anything was changed, and when that was seen (ms since the epoch). `values` is empty if the
 * name did not resolve from this machine, or nobody answered.
 */
export const beforeFact = fact('dns.before', z.strictObject({ values: z.array(z.string()), at: z.number() }));

/** Names of a resource that were moved and do not resolve from this machine: not verified from outside. */
export const dnsUnseenFact = fact('dns.unseen', z.array(z.string()));

/** The addresses with which the source region answers a record of a zone (`keyOf`). */
export const sourceAnswersFact = fact('source.answers', z.array(z.string()));

/** In a zone a name has one answer for each type: `Z0SHOP.A.shop.example.com`. A public and a private zone may both have the name. */
export function keyOf(zone: string, { name, type }: RecordKey): string {
  return `${zone}.${type}.${name.toLowerCase().replace(/\.$/, '')}`;
}

/** The zones of a plan that hold records of a probed name; absent where it has none. */
export const zonesOfName = z.array(hostedZoneId).default([]);

/** Where a name leads, by A and AAAA; empty where it does not resolve. */
async function addressesOf(ctx: Looking, name: string): Promise<string[]> {
  const found = await Promise.all((['A', 'AAAA'] as const).map((type) => ctx.effects.dns.resolve(name, type, LIMITS.dnsMs, ctx.signal).catch(() => ({ values: [] }))));
  return found.flatMap(({ values }) => [...values]);
}

/** The addresses that an answer leads to; the values of a CNAME and the name of an alias are looked up. */
export async function addressesOfAnswer(ctx: Looking, answer: RegionAnswer): Promise<string[]> {
  const values = answersOf(answer).flatMap(({ answer: one }) => ('values' in one ? one.values : [one.alias.name]));
  return (await Promise.all(values.map(async (value) => (isIpv4(value) || isIpv6(value) ? [plainValue(value)] : addressesOf(ctx, value))))).flat();
}

export function findSet(sets: readonly RecordSet[], identifier: string): RecordSet | undefined {
  return sets.find((set) => set.SetIdentifier === identifier);
}

export function roleOf(sets: readonly RecordSet[], identifier: string): 'PRIMARY' | 'SECONDARY' | undefined {
  return findSet(sets, identifier)?.Failover;
}

/**
 * What aliases to records of their own zone lead to: such an alias is answered with the TTL of that record. Where Route 53 does not say, nothing.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
 */
export async function aliasedSets(aws: AwsCaller, zone: string, sets: readonly RecordSet[], options: Route53Options): Promise<RecordSet[]> {
  const targets = sets.flatMap(({ AliasTarget: alias, Type: type }) => (alias?.HostedZoneId === zone && type !== undefined ? [{ name: alias.DNSName ?? '', type }] : []));
  if (targets.length === 0) return [];
  const records = [...new Map(targets.map((record) => [keyOf(zone, record), record])).values()];
  return (await listManyRecordSets(aws, zone, records, options).catch(unlessAws))?.flat() ?? [];
}

/** Whether an object is there, and since when (ms). By GET: a HEAD has no body that tells a missing bucket. @throws AwsError for anything but a clear yes or no. */
export async function objectSeen(
  aws: AwsCaller,
  region: string,
  object: { bucket: string; key: string },
  options: CallOptions,
): Promise<{ there: boolean; modifiedAt?: number | undefined }> {
  try {
    const { LastModified } = await outputOf(aws, { service: 's3', region, operation: 'GetObject', input: { Bucket: object.bucket, Key: object.key } }, options);
    return { there: true, modifiedAt: LastModified?.getTime() };
  } catch (error) {
    if (error instanceof AwsError && error.code === 'NoSuchKey') return { there: false };
    throw error;
  }
}

/** Where a region answers each name that leads to it, as its record sets say now. Nothing for a name without a set of its own. @throws AwsError */
export async function addressesIn(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, { zone, records, setOf }: Pick<Routing, 'zone' | 'records' | 'setOf'>, region: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const set = setOf(region);
  if (set === undefined) return new Map();
  const options = { region: ctx.target, signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 };
  const found = await Promise.all(records.map(async ({ name, type }) => {
    const known = recordType.safeParse(type);
    const own = known.success ? findSet(await listRecordSets(ctx.effects.aws, zone, name, known.data, options), set) : undefined;
    return [name.toLowerCase(), own === undefined ? [] : await addressesOfAnswer(ctx, answerOf(own))] as const;
  }));
  return new Map(found);
}
