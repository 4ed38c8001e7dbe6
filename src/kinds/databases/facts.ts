import * as z from 'zod';
import { fact } from '../../model/fact.ts';
import type { RpoBound } from '../../measure/rpo.ts';

/* What every kind of database records, by its name in the runbook; of what is rebuilt one for each region (`inRegionOf`). */

/** Whatever is no number is not known. */
const number = z.unknown().optional().transform((value) => (typeof value === 'number' ? value : undefined));

/** The bound on what a promotion or a restore loses. After its way through JSON what is undefined is absent. */
export const rpoFact = fact<RpoBound>(
  'rpo',
  z.object({
    database: z.string().default(''),
    method: z.string(),
    boundMs: number,
    lagMs: number,
    sampledAt: number,
    ageMs: number,
    outageAt: z.number(),
    because: z.string(),
  }),
);

/** A row that was written, committed and read back. Old journals have it in other shapes. */
export const canaryFact = fact(
  'canary',
  z.union([
    z.boolean(),
    z.looseObject({ verified: z.boolean().optional(), written: z.string().optional(), read: z.string().optional(), token: z.string().optional(), because: z.string().optional() }),
  ]),
);

/** Whether a step writes its row while it looks, and so has no intent in the journal. */
export function isCanary({ kind }: { kind: string }): boolean {
  return kind.endsWith('.canary');
}

/** What is rebuilt in a region has the key `<database>.<region>`. */
export function inRegionOf({ name, region }: { name: string; region: string }): string {
  return `${name}.${region}`;
}

/** The opposite; names of regions have no dot. */
export function regionOfKey(key: string): { database: string; region: string } {
  const dot = key.lastIndexOf('.');
  return { database: key.slice(0, Math.max(0, dot)), region: key.slice(dot + 1) };
}

/** A region is protected again: by a replica (its id, and its lag), or by backups that arrive there (of which instance, and the age of the newest restorable time). */
export const protectedFact = fact('protected', z.object({ id: z.string(), lagMs: z.number(), sampledAt: z.number(), by: z.enum(['replica', 'backups']).optional() }));

/** The name under which the old instance of a region is kept until a person decides about it. */
export const keptFact = fact('kept', z.string());
