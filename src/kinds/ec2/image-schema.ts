import * as z from 'zod';
import { durationField, perRegion } from '../common.ts';
import { drillCapacity, targets, types } from './schema.ts';

const tagFields = { key: z.string().min(1).max(128).describe('Key of the tag'), value: z.string().min(1).max(256).describe('Value of the tag') };

const DAY_MS = 86_400_000;

export const templateSchema = z
  .strictObject({
    id: z.string().regex(/^lt-[0-9a-f]{8,17}$/, 'expected the id of a launch template such as lt-0123456789abcdef0').optional().describe('Id of the launch template'),
    name: z.string().min(3).max(128).optional().describe('Name of the launch template'),
    version: z
      .union([z.int().min(1), z.enum(['$Default', '$Latest'])])
      .default('$Default')
      .describe('A number, $Default or $Latest'),
  })
  .refine((t) => (t.id === undefined) !== (t.name === undefined), { message: 'expected either id or name' });

/** `{ id }` or `{ name }` in the words of EC2. */
export function templateName(template: z.infer<typeof templateSchema>): { LaunchTemplateId: string } | { LaunchTemplateName: string } {
  return template.id === undefined ? { LaunchTemplateName: template.name ?? '' } : { LaunchTemplateId: template.id };
}

export const imageSchema = z
  .strictObject({
    id: z.string().regex(/^ami-[0-9a-f]{8,17}$/, 'expected the id of an image such as ami-0123456789abcdef0').optional().describe('Id of the image'),
    name: z.string().min(3).max(128).optional().describe('Name, with * for any text: the newest of them is taken'),
    tag: z.strictObject(tagFields).optional().describe('Only images with this tag'),
  })
  .refine((i) => (i.id === undefined ? i.name !== undefined || i.tag !== undefined : i.name === undefined && i.tag === undefined), {
    message: 'expected either id, or name and tag or one of them',
  });

export const schema = z.strictObject({
  kind: z.literal('ec2-image'),
  count: z.int().min(1).max(100).describe('Instances in the region that serves users'),
  template: perRegion(templateSchema).describe('Launch template in each region'),
  image: perRegion(imageSchema).describe('The image of each region: copied there before, for the lost one cannot send it'),
  maxAge: durationField({ min: 3_600_000, max: 365 * DAY_MS, range: 'a duration from 1h to 365d' })
    .optional()
    .describe('An image that is older is refused: it is not what runs'),
  types: types.optional(),
  subnets: perRegion(z.array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, 'expected a subnet id')).min(1).max(6))
    .optional()
    .describe('Subnets that are tried in this order, one a zone. Default: that of the launch template'),
  targets: targets.optional().describe('Where the instances are registered'),
  drill: drillCapacity,
  existing: z
    .strictObject(tagFields)
    .optional()
    .describe('Tag of the instances that were there before, in any region. Default: those in `targets`, else those of the launch template'),
});
export type Ec2Image = z.infer<typeof schema>;
