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

/** The fact `true` of a probe whose name did not resolve from this machine when the run began: it tells nothing of users. */
export function probeUnseenFact(probe: string): string {
  return `probe.unseen.${probe}`;
}

/** Fact `<this>.<probe>`: `true` if the step that holds a probe ended without a look from outside. */
export const PROBE_UNVERIFIED = 'probe.unverified';
