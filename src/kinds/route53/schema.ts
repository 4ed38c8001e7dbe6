import * as z from 'zod';
import { dnsName, hostedZoneId, perRegion, recordType } from '../common.ts';

const setIdentifier = z.string().min(1).max(128);

/** A failover pair as a runbook names it. */
export const schema = z
  .strictObject({
    kind: z.literal('route53-failover'),
    zone: hostedZoneId,
    record: z.strictObject({ name: dnsName, type: recordType }),
    sets: perRegion(setIdentifier).describe('SetIdentifier of each region'),
    switch: z
      .enum(['record', 'object'])
      .describe('record: the two sets swap roles (needs the Route 53 control plane in us-east-1). object: an S3 object that the primary’s inverted health check watches (needs none)'),
    object: perRegion(z.strictObject({ bucket: z.string().min(3).max(63), key: z.string().min(1).max(1024) }))
      .optional()
      .describe('For `switch: object`: what the health check of the other region’s set watches. While it exists, this region is active'),
  })
  .refine((t) => t.switch !== 'object' || t.object !== undefined, {
    path: ['object'],
    message: '`switch: object` needs `object`, with bucket and key in each region that is not primary',
  });

export type Route53Failover = z.infer<typeof schema>;
