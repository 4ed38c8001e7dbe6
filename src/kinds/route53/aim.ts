import * as z from 'zod';
import type { RecordChange, RecordKey, RecordSet, RecordType } from '../../aws/route53.ts';
import { canonicalJson } from '../../base/json.ts';
import { regionName, dnsName, hostedZoneId } from '../common.ts';
import { plainValue } from './values.ts';

/*
 * What the sets of a name are to be, as plain data, and the change that makes them so. Pure.
 *
 * Invariants:
 * 1. A set is never deleted without being made again in the same atomic change: a name never answers with nothing.
 * 2. What is not to be changed stays as it was read, to the letter.
 */

const answerParts = { healthCheck: z.string().min(1).max(64).optional().describe('Id of its health check') };

const plainAnswer = z.strictObject({
  values: z.array(z.string().min(1).max(4000)).min(1).max(400).describe('Values of the record, e.g. IP addresses'),
  ttl: z.int().min(0).max(86_400).default(60).describe('Seconds'),
  ...answerParts,
});
const aliasAnswer = z.strictObject({
  alias: z
    .strictObject({
      zone: hostedZoneId.describe('Hosted zone of the alias target, e.g. that of the load balancer'),
      name: dnsName.describe('DNS name of the alias target'),
      evaluateTargetHealth: z.boolean().default(true).describe('Answer only while the target is healthy'),
    })
    .describe('An alias record, e.g. for a load balancer'),
  ...answerParts,
});
export const oneAnswer = z.union([plainAnswer, aliasAnswer]);
export type Answer = z.infer<typeof oneAnswer>;

/** What a region answers with: the same for all its records, or by type. The runbook has it, so that a region that was taken out can be brought back. */
export const answerSchema = z.union([
  plainAnswer,
  aliasAnswer,
  z.strictObject({ A: oneAnswer.optional().describe('Of the A records'), AAAA: oneAnswer.optional().describe('Of the AAAA records'), CNAME: oneAnswer.optional().describe('Of the CNAME records') }).describe('One answer for each record type'),
]);
export type RegionAnswer = z.infer<typeof answerSchema>;

/** What a region answers to a record of that type; undefined if the runbook does not say it. */
export function answerFor(answer: RegionAnswer, type: RecordType | undefined): Answer | undefined {
  if ('values' in answer || 'alias' in answer) return answer;
  return type === 'A' || type === 'AAAA' || type === 'CNAME' ? answer[type] : undefined;
}

/** All answers of a region, with the key of each in the runbook; an answer for all types has none. */
export function answersOf(answer: RegionAnswer): { key: 'A' | 'AAAA' | 'CNAME' | undefined; answer: Answer }[] {
  if ('values' in answer || 'alias' in answer) return [{ key: undefined, answer }];
  return (['A', 'AAAA', 'CNAME'] as const).flatMap((key) => (answer[key] === undefined ? [] : [{ key, answer: answer[key] }]));
}

export function answerOf(set: RecordSet): Answer {
  const { AliasTarget: alias } = set;
  if (alias !== undefined) {
    return { alias: { zone: alias.HostedZoneId ?? '', name: alias.DNSName ?? '', evaluateTargetHealth: alias.EvaluateTargetHealth ?? false } };
  }
  return { values: (set.ResourceRecords ?? []).map((record) => record.Value ?? ''), ttl: set.TTL ?? 0 };
}

export const placeSchema = z.union([
  z.literal('default'),
  z.strictObject({ continent: z.enum(['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA']).describe('Continent code') }),
  z.strictObject({
    country: z.string().regex(/^[A-Z]{2}$/, 'expected a country of two capitals, e.g. KR').describe('Country code, e.g. KR'),
    subdivision: z.string().min(1).max(3).optional().describe('Subdivision of the country, e.g. a state of the US'),
  }),
]);
type GeoPlace = z.infer<typeof placeSchema>;

const setId = z.string().min(1).max(128);

const routedSet = z.strictObject({
  answer: answerSchema,
  region: regionName.optional(),
  place: placeSchema.optional(),
});

/** Sets that an aim does not name stay as they are. */
export const aimSchema = z.discriminatedUnion('policy', [
  z.strictObject({ policy: z.literal('failover'), primary: setId, secondary: setId }),
  z.strictObject({ policy: z.literal('weighted'), weights: z.record(setId, z.int().min(0).max(255)) }),
  z.strictObject({ policy: z.literal('answers'), sets: z.record(setId, routedSet) }),
  /** One record without a routing policy. It has one of the `known` answers now, or it is somebody else's. */
  z.strictObject({ policy: z.literal('simple'), answer: answerSchema, known: z.array(answerSchema).min(1) }),
]);
export type Aim = z.infer<typeof aimSchema>;

/** The sets of one name as wanted; a text where they cannot be so. */
export function wantedSets(aim: Aim, record: RecordKey, current: readonly RecordSet[]): RecordSet[] | string {
  switch (aim.policy) {
    case 'failover': {
      const roles = new Map<string, RecordSet['Failover']>([[aim.primary, 'PRIMARY'], [aim.secondary, 'SECONDARY']]);
      const missing = [...roles.keys()].filter((id) => current.find((set) => set.SetIdentifier === id)?.Failover === undefined);
      if (missing.length > 0) return lacks(record, current, `failover set called ${missing.join(' or ')}`);
      return current.map((set) => {
        const role = roles.get(set.SetIdentifier ?? '');
        return role === undefined ? set : { ...set, Failover: role };
      });
    }
    case 'weighted':
      return weightedSets(aim.weights, record, current);
    case 'answers':
      return answeringSets(aim.sets, record, current);
    case 'simple':
      return simpleRecord(aim, record, current);
  }
}

function simpleRecord(aim: Extract<Aim, { policy: 'simple' }>, record: RecordKey, current: readonly RecordSet[]): RecordSet[] | string {
  const [set] = current;
  const name = `${record.name} ${record.type}`;
  const answer = answerFor(aim.answer, record.type);
  if (answer === undefined) return `\`answers\` in the runbook has nothing of type ${record.type} for ${record.name}`;
  if (set === undefined) return `there is no record ${name} in the zone`;
  if (set.SetIdentifier !== undefined) return `${name} has a routing policy (set ${current.map((one) => one.SetIdentifier ?? '').join(', ')}): it is no simple record`;
  if (!aim.known.some((known) => answersWith(set, known))) return `${name} answers with ${answerWords(answerOf(set))}, which is the answer of no region in the runbook`;
  return [{ ...withoutAnswer(set), ...answerFields(answer) }];
}

/** An answer in words, e.g. `192.0.2.1`. */
export function answerWords(answer: Answer): string {
  return 'values' in answer ? answer.values.join(', ') : `alias ${answer.alias.name}`;
}

function withoutAnswer(set: RecordSet): RecordSet {
  const { TTL: _ttl, ResourceRecords: _records, AliasTarget: _alias, HealthCheckId: _check, ...rest } = set;
  return rest;
}

function weightedSets(weights: Readonly<Record<string, number>>, record: RecordKey, current: readonly RecordSet[]): RecordSet[] | string {
  const known = new Set(current.filter((set) => set.Weight !== undefined).map((set) => set.SetIdentifier));
  // A set that is to answer nobody need not be there.
  const missing = Object.entries(weights).filter(([id, weight]) => weight > 0 && !known.has(id));
  if (missing.length > 0) return lacks(record, current, `weighted set called ${missing.map(([id]) => id).join(' or ')}`);
  const wanted = current.map((set) => {
    const weight = weights[set.SetIdentifier ?? ''];
    return weight === undefined ? set : { ...set, Weight: weight };
  });
  // Route 53 answers with all sets in equal shares when every weight is 0: nobody would be taken out.
  if (wanted.every((set) => (set.Weight ?? 0) === 0)) return `every set of ${record.name} would have the weight 0, which Route 53 takes for equal shares`;
  return wanted;
}

function answeringSets(sets: Readonly<Record<string, z.infer<typeof routedSet>>>, record: RecordKey, current: readonly RecordSet[]): RecordSet[] | string {
  const simple = current.find((set) => set.Region === undefined && set.GeoLocation === undefined);
  if (simple !== undefined) return `${record.name} ${record.type} has a set without a region or a place: ${simple.SetIdentifier ?? 'a simple record'}`;
  const wanted = new Map(current.map((set) => [set.SetIdentifier ?? '', set]));
  for (const [id, { answer: said, region, place }] of Object.entries(sets)) {
    const answer = answerFor(said, record.type);
    if (answer === undefined) return `\`answers\` in the runbook has nothing of type ${record.type} for set ${id} of ${record.name}`;
    const routing = wanted.get(id) ?? {
      Name: record.name,
      Type: record.type,
      SetIdentifier: id,
      ...(region === undefined ? {} : { Region: region as NonNullable<RecordSet['Region']> }),
      ...(place === undefined ? {} : { GeoLocation: geoLocation(place) }),
    };
    wanted.set(id, { ...withoutAnswer(routing), ...answerFields(answer) });
  }
  return [...wanted.values()];
}

export function geoLocation(place: GeoPlace): NonNullable<RecordSet['GeoLocation']> {
  if (place === 'default') return { CountryCode: '*' };
  if ('continent' in place) return { ContinentCode: place.continent };
  return { CountryCode: place.country, ...(place.subdivision === undefined ? {} : { SubdivisionCode: place.subdivision }) };
}

type AnswerFields = Pick<RecordSet, 'TTL' | 'ResourceRecords' | 'AliasTarget' | 'HealthCheckId'>;

export function answerFields(answer: Answer): AnswerFields {
  const check = answer.healthCheck === undefined ? {} : { HealthCheckId: answer.healthCheck };
  if ('values' in answer) return { TTL: answer.ttl, ResourceRecords: answer.values.map((Value) => ({ Value })), ...check };
  const { zone, name, evaluateTargetHealth } = answer.alias;
  return { AliasTarget: { HostedZoneId: zone, DNSName: absolute(name), EvaluateTargetHealth: evaluateTargetHealth }, ...check };
}

function lacks(record: RecordKey, current: readonly RecordSet[], what: string): string {
  return `${record.name} ${record.type} has no ${what}; it has: ${current.map((s) => s.SetIdentifier ?? 'a simple record').join(', ') || 'nothing'}`;
}

/** Deletes and makes again what differs, in one change: a DELETE must match to the letter, so that sets that somebody changed meanwhile fail the batch. */
export function changeTo(current: readonly RecordSet[], wanted: readonly RecordSet[]): RecordChange[] {
  const before = new Map(current.map((set) => [set.SetIdentifier ?? '', set]));
  const changed = wanted.filter((set) => {
    const old = before.get(set.SetIdentifier ?? '');
    return old === undefined || (old !== set && plain(old) !== plain(set));
  });
  const replaced = changed.map((set) => before.get(set.SetIdentifier ?? '')).filter((set) => set !== undefined);
  return [
    ...replaced.map((ResourceRecordSet) => ({ Action: 'DELETE' as const, ResourceRecordSet })),
    ...changed.map((ResourceRecordSet) => ({ Action: 'CREATE' as const, ResourceRecordSet })),
  ];
}

export function answersWith(set: RecordSet, said: RegionAnswer): boolean {
  const answer = answerFor(said, set.Type);
  if (answer === undefined) return false;
  const own = answerFields(answer);
  if (own.AliasTarget !== undefined) return targetOf(set.AliasTarget?.DNSName) === targetOf(own.AliasTarget.DNSName);
  return set.AliasTarget === undefined && valuesOf(set).join() === valuesOf(own).join();
}

function valuesOf(set: AnswerFields): string[] {
  return (set.ResourceRecords ?? []).map((record) => plainValue(record.Value ?? '')).sort();
}

/** Two sets of the same text are the same set, however their fields are ordered and their names written. */
function plain(set: RecordSet): string {
  const { Name: _, ResourceRecords: _records, AliasTarget: alias, ...rest } = set;
  const shown = {
    ...rest,
    values: valuesOf(set),
    ...(alias === undefined ? {} : { alias: { ...alias, DNSName: targetOf(alias.DNSName) } }),
  };
  return canonicalJson(shown);
}

/**
 * The name of an alias target as it is compared. Two names lead to one load balancer: the console writes the second, with `dualstack.` before it.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-elb-load-balancer.html
 */
function targetOf(name = ''): string {
  return absolute(name).replace(/^dualstack\.(?=.+\.elb\.)/, '');
}

function absolute(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower : `${lower}.`;
}
