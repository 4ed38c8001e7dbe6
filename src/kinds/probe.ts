import * as z from 'zod';
import { fact } from '../model/fact.ts';

/** A probe as plans and step parameters carry it. */
export const probeSchema = z.strictObject({
  name: z.string(),
  http: z.url(),
  status: z.int(),
  /** Of the standby, while its database is a replica. */
  standbyStatus: z.int().optional(),
  body: z.string().optional(),
  everyMs: z.number().positive(),
  holdMs: z.number().nonnegative(),
});

/** `true` of a probe whose name did not resolve from this machine when the run began: it tells nothing of users. */
export const probeUnseenFact = fact('probe.unseen', z.boolean());

/** `true` if the step that holds a probe ended without a look from outside. */
export const probeUnverifiedFact = fact('probe.unverified', z.boolean());
