import * as z from 'zod';
import { lineField } from './fields.ts';

const DAY = 'a day, e.g. 2027-03-31';

/** In the calendar: there is no 31 February. */
function isDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

/** Findings of `dr check` that somebody has decided to live with, and until when. */
export const acceptsField = z.array(
  z.strictObject({
    rule: z
      .string('expected the name of a rule, as `dr check` prints it')
      .regex(/^[a-z][a-z0-9-]{1,63}$/, 'expected the name of a rule, as `dr check` prints it, e.g. multi-az')
      .describe('Rule of the finding, as `dr check` prints it'),
    resource: lineField('what the finding is about, as `dr check` prints it').optional().describe('Only of this resource, as `dr check` prints it. Default: of all'),
    owner: lineField('who answers for it').describe('Who has accepted it, and answers for it'),
    until: z
      .string(`expected ${DAY}`)
      .regex(/^\d{4}-\d{2}-\d{2}$/, `expected ${DAY}`)
      .refine(isDay, `expected ${DAY}`)
      .describe('Last day (UTC) on which it is accepted'),
    why: lineField('the reason').optional().describe('The reason'),
  }),
  'expected a list, e.g. [{ rule: multi-az, owner: "shop-lead@example.com", until: 2027-03-31 }]',
);

export type Accepted = z.output<typeof acceptsField>[number];
