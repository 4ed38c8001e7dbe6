import * as z from 'zod';

/** A probe as plans and step parameters carry it. */
export const probeSchema = z.strictObject({
  name: z.string(),
  http: z.url(),
  status: z.int(),
  body: z.string().optional(),
  everyMs: z.number().positive(),
  holdMs: z.number().nonnegative(),
});
