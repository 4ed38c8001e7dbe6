import * as z from 'zod';
import type { Routing } from '../../model/kind.ts';
import type { RecordKey } from '../../aws/route53.ts';
import { dnsName, durationField, hostedZoneId, perRegion, recordType } from '../common.ts';
import { answerSchema, placeSchema, type RegionAnswer } from './aim.ts';
import { capacitySchema } from './carry.ts';

const setIdentifier = z.string().min(1).max(128);

const recordField = z.strictObject({ name: dnsName.describe('DNS name, e.g. shop.example.com'), type: recordType.describe('Type of the record') });

/** What every kind of record traffic has. */
const common = {
  zone: hostedZoneId.describe('Id of the hosted zone that holds the records'),
  record: recordField.optional().describe('The name that users ask for'),
  records: z.array(recordField).min(1).max(1000).optional().describe('Several names of the zone that move together, in as few requests as Route 53 allows'),
};

const object = z.strictObject({
  bucket: z.string().min(3).max(63).describe('Name of the S3 bucket'),
  key: z.string().min(1).max(1024).describe('Key of the object that the health check requests'),
});

const SWITCHES = {
  record: 'the record sets are changed (needs the Route 53 control plane: us-east-1, or one region of another partition)',
  'health-check': 'the health check of the region’s set is disabled and inverted, so that it counts as unhealthy (needs that control plane too)',
  object: 'an S3 object that the set’s inverted health check watches (needs no control plane)',
} as const;

const switchField = z.enum(['record', 'health-check', 'object']).describe(Object.entries(SWITCHES).map(([name, what]) => `${name}: ${what}`).join('. '));

interface WithRecords {
  record?: RecordKey | undefined;
  records?: readonly RecordKey[] | undefined;
}

export function recordsOf(t: WithRecords): RecordKey[] {
  return t.records === undefined ? (t.record === undefined ? [] : [t.record]) : [...t.records];
}

/** What every kind of traffic says of itself in the same words. */
export function routingOf(t: WithRecords & { zone: string; switch?: string }, setOf: Routing['setOf']): Routing {
  const way = t.switch === undefined ? {} : { switch: t.switch };
  return { zone: t.zone, records: recordsOf(t), path: [t.records === undefined ? 'record' : 'records'], setOf, ...way, watched: t.switch !== undefined && t.switch !== 'object' };
}

function recordsOnce(t: WithRecords, ctx: z.RefinementCtx): void {
  const refuse = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
  if (t.record === undefined && t.records === undefined) refuse([], 'expected `record`, or several in `records`');
  if (t.record !== undefined && t.records !== undefined) refuse(['records'], 'expected `record` or `records`, not both');
  const names = recordsOf(t).map(({ name, type }) => `${name.replace(/\.$/, '')} ${type}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(['records'], `${twice} stands here twice`);
}

export const failoverSchema = z
  .strictObject({
    kind: z.literal('route53-failover'),
    ...common,
    sets: perRegion(setIdentifier).describe('SetIdentifier of each region'),
    switch: switchField,
    object: perRegion(object)
      .optional()
      .describe('For `switch: object`: what the health check of the other region’s set watches. While it exists, this region is active'),
    answers: perRegion(answerSchema).optional().describe('What each region answers: by it a move is recognised when the Route 53 API is silent'),
  })
  .superRefine(recordsOnce)
  .refine((t) => t.switch !== 'object' || t.object !== undefined, {
    path: ['object'],
    message: '`switch: object` needs `object`, with bucket and key in each region that is not primary',
  });

export type Route53Failover = z.infer<typeof failoverSchema>;

/** What every kind has by which several regions answer at once. */
const shared = {
  ...common,
  switch: switchField,
  object: perRegion(z.strictObject({ in: z.string().describe('Another region, where the object lives'), bucket: object.shape.bucket, key: object.shape.key }))
    .optional()
    .describe('For `switch: object`: what the health check of this region’s sets watches. While it exists, this region is out'),
  capacity: perRegion(capacitySchema).optional().describe('What must be healthy in a region before it takes the users of another'),
  between: durationField({ min: 0, max: 3_600_000, range: 'a duration from 0s to 1h' }).prefault('30s').describe('How long all must be healthy between two steps of a planned drain'),
};

interface Shared extends WithRecords {
  switch: 'record' | 'health-check' | 'object';
  object?: Record<string, { in: string }> | undefined;
}

function sharedRules(t: Shared, ctx: z.RefinementCtx): void {
  recordsOnce(t, ctx);
  const refuse = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
  if (t.switch === 'object' && t.object === undefined) refuse(['object'], '`switch: object` needs `object`, with bucket, key and `in` for each region');
  for (const [region, { in: home }] of Object.entries(t.object ?? {})) {
    if (home === region) refuse(['object', region, 'in'], `expected another region: ${region} is what is lost when it is needed`);
  }
}

const answers = perRegion(answerSchema).describe('What each region answers with');

const pace = z
  .array(z.int().min(0).max(99))
  .min(1)
  .max(9)
  .refine((steps) => steps.at(-1) === 0 && steps.every((share, i) => share < (steps[i - 1] ?? 100)), 'expected falling percentages that end with 0, e.g. [75, 50, 25, 0]')
  .default([75, 50, 25, 0])
  .describe('Percent of its weight that a region keeps in each step of a planned drain');

export const weightedSchema = z
  .strictObject({
    kind: z.literal('route53-weighted'),
    ...shared,
    sets: perRegion(setIdentifier).describe('SetIdentifier of each region'),
    weights: perRegion(z.int('expected a weight from 0 to 255').min(0, 'expected a weight from 0 to 255').max(255, 'expected a weight from 0 to 255')).describe('Weight of each region when nothing is wrong. A standby may have 0: when it becomes active it gets the largest weight'),
    answers: answers.optional().describe('What each region answers with; needed for `switch: object`'),
    pace,
  })
  .superRefine(sharedRules)
  .refine((t) => t.switch !== 'object' || t.answers !== undefined, {
    path: ['answers'],
    message: '`switch: object` needs `answers`: by them a move is recognised when the Route 53 API is silent',
  });

export const latencySchema = z
  .strictObject({
    kind: z.literal('route53-latency'),
    ...shared,
    sets: perRegion(setIdentifier).describe('SetIdentifier of each region'),
    answers,
  })
  .superRefine(sharedRules);

export const geolocationSchema = z
  .strictObject({
    kind: z.literal('route53-geolocation'),
    ...shared,
    // By health checks a place goes to the next larger one: there is none for the default, and Route 53 would continue answering it.
    switch: z.literal('record').describe('record: the sets of a lost region answer with regions that stay (needs the Route 53 control plane: us-east-1, or one region of another partition)'),
    places: z
      .record(setIdentifier, z.strictObject({
          place: placeSchema.describe('default, a continent, or a country with or without a subdivision, as in Route 53'),
          region: z.string().describe('The region that answers there when nothing is wrong'),
        }))
      .refine((places) => Object.keys(places).length > 0, 'expected at least one place')
      .describe('The region that answers each place, by SetIdentifier'),
    answers,
  })
  .superRefine(sharedRules);

/** One plain record a name, e.g. the name of a database in a private zone. */
export const simpleSchema = z
  .strictObject({
    kind: z.literal('route53-simple'),
    ...common,
    answers,
    switch: z.literal('record').default('record').describe('record: the record is changed (needs the Route 53 control plane: us-east-1, or one region of another partition)'),
  })
  .superRefine(recordsOnce);

export type Route53Simple = z.infer<typeof simpleSchema>;
export type Route53Weighted = z.infer<typeof weightedSchema>;
export type Route53Latency = z.infer<typeof latencySchema>;
export type Route53Geolocation = z.infer<typeof geolocationSchema>;
export type SharedTraffic = Route53Weighted | Route53Latency | Route53Geolocation;
export type Traffic = SharedTraffic | Route53Failover | Route53Simple;
export type { RegionAnswer };
