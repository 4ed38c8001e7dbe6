import * as z from 'zod';
import { regionOfArn } from '../../base/arn.ts';
import { perRegion } from '../common.ts';

export const instanceId = z.string().regex(/^i-[0-9a-f]{8,17}$/, 'expected an instance id such as i-0123456789abcdef0');
export const instanceType = z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'expected an instance type such as m6g.large');
export const targetGroupArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[A-Za-z0-9-]+\/[0-9a-f]+$/, 'expected the ARN of a target group');

export const targets = z
  .strictObject({
    groups: perRegion(targetGroupArn).describe('ARN of the target group in each region'),
    port: z.int().min(1).max(65_535).optional().describe('Port of the targets. Default: that of the target group'),
  })
  .superRefine(({ groups }, ctx) => {
    for (const [region, arn] of Object.entries(groups)) {
      const other = regionOfArn(arn);
      if (other !== region) ctx.addIssue({ code: 'custom', path: ['groups', region], message: `expected a target group in ${region}; this one is in ${other ?? ''}` });
    }
  });

export const types = z
  .array(instanceType)
  .min(1, 'expected at least one type, or leave the key out')
  .max(5, 'expected at most five types')
  .describe('Types that are tried, in this order, when there is no capacity of the one that is set');

export const WITHOUT_TARGETS = 'without `targets` nothing says that the application answers before users are sent to it';

/** What a drill launches: the same words as for an Auto Scaling group. */
export const drillCapacity = z
  .strictObject({ capacity: z.enum(['one', 'full', 'none']).describe('one: one instance; full: as many as a failover brings up; none: nothing, and AWS is asked only whether these credentials may') })
  .optional()
  .describe('What a drill launches. Default: one instance');

/** Instances that a drill launches; 0: it only asks. */
export function twinCount(drill: z.infer<typeof drillCapacity>, full: number): number {
  return { one: 1, full, none: 0 }[drill?.capacity ?? 'one'];
}
