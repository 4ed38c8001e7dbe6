import * as z from 'zod';
import type { LintFinding } from '../model/kind.ts';
import type { Conditions, Observation, Permission, Refusal, StepContext, StepKind, Warning } from '../model/step.ts';
import { REGION_SHAPE } from '../base/regions.ts';
import { parseDuration } from '../base/duration.ts';

/** An AWS region by its shape; whether it exists is the loader's question. */
export const regionName = z
  .string()
  .regex(REGION_SHAPE, 'expected a region such as ap-northeast-1');

/** The check of a step that has nothing to look at before its turn: no evidence, and no words for it. */
export const noCheck = () => Promise.resolve({ state: 'ok', because: '' } as const);

export function perRegion<T extends z.ZodType>(value: T) {
  return z.record(regionName, value);
}

/**
 * RDS stores identifiers in lower case and finds them in either; CloudWatch and IAM compare to the letter. So they are folded here, once.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
 */
export const dbInstanceId = z
  .string()
  .regex(/^[A-Za-z](?:-?[A-Za-z0-9])*$/, 'expected a DB instance identifier: letters, digits and single hyphens, starting with a letter')
  .max(63)
  .toLowerCase();

export const securityGroupId = z.string().regex(/^sg-[0-9a-f]{8,17}$/, 'expected a security group id such as sg-0123456789abcdef0');

export const envName = z.string().regex(/^[A-Z_][A-Z0-9_]{0,63}$/, 'expected the name of an environment variable, e.g. SHOP_DB_PASSWORD');

/** A plain SQL name: it is put into statements, so nothing else may pass. */
export const sqlName = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, 'expected a plain lower-case SQL name');

export const hostedZoneId = z.string().regex(/^[A-Z0-9]{4,32}$/, 'expected a hosted zone id such as Z0123456789ABCDEFGHIJ');

export const dnsName = z
  .string()
  .max(253)
  .regex(/^(?=.)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}\.?$/, 'expected a lower-case DNS name such as shop.example.com');

export const recordType = z.enum(['A', 'AAAA', 'CNAME']);

/** Keeps a step kind's parameter type where it is written, and fits any table of step kinds. */
export function stepKind<P>(kind: StepKind<P>): StepKind {
  return kind as unknown as StepKind;
}

export function allow(actions: readonly string[], resources: readonly string[], conditions?: Conditions): Permission {
  return { actions, resources, ...(conditions === undefined ? {} : { conditions }) };
}

export function refused(refusal: Refusal): { state: 'refused'; refusal: Refusal } {
  return { state: 'refused', refusal };
}

/** A DB instance, as the parameters of a step name it. */
export const instanceSchema = z.strictObject({ region: regionName, id: dbInstanceId });

/** And the name that the runbook has for the database. */
export const databasePart = { name: z.string(), ...instanceSchema.shape };

/** The refusal to take capacity from a side while the other one, that is to carry its users, is not seen to. */
export function lastSide({ region, guard }: { region: string; guard: { region: string } }, seen: Pick<Refusal, 'observed' | 'threshold'>): Observation {
  const consequence = `${region} may be the last side that can serve users`;
  return refused({ rule: 'last-healthy-side', ...seen, consequence, override: `none: bring ${guard.region} up first, then: dr resume` });
}

/** What opens a gate, in words, and what is said besides where it is checked. */
export interface Opens {
  because: string;
  warnings: readonly Warning[];
}

/** A gate whose check and decision are the same question: what opens it, or the refusal. */
export function gate<P>(params: z.ZodType<P>, decide: (ctx: StepContext, params: P) => Promise<string | Opens | Refusal>): StepKind {
  const ask = async (ctx: StepContext, p: P) => {
    const decision = await decide(ctx, p);
    if (typeof decision === 'string') return { because: decision };
    return 'rule' in decision ? refused(decision) : decision;
  };
  return stepKind<P>({
    params,
    check: async (ctx, p) => {
      const answer = await ask(ctx, p);
      return 'state' in answer ? answer : { state: 'ok', ...answer };
    },
    observe: async (ctx, p) => {
      const answer = await ask(ctx, p);
      return 'state' in answer ? answer : { state: 'reached', because: answer.because };
    },
  });
}

/** Of the draft of a step that only reads. */
export const READS = { reversibility: 'reversible', controlPlanes: [], changes: [] } as const;

/** The regions of a map in a runbook, and where it stands; none where it is not there. */
export function regionsAt(map: Readonly<Record<string, unknown>> | undefined, ...path: string[]): { path: string[]; regions: string[] }[] {
  return map === undefined ? [] : [{ path, regions: Object.keys(map) }];
}

/** A warning of lint where something is so. */
export function warnIf(so: boolean, message: string, ...path: string[]): LintFinding[] {
  return so ? [{ path, severity: 'warning', message }] : [];
}

/** The resource's name in a region. @throws Error when the runbook was not checked for it. */
export function inRegion<T>(map: Readonly<Record<string, T>>, region: string): T {
  const value = map[region];
  if (value === undefined) throw new Error(`nothing is named for region ${region}`);
  return value;
}

const DURATION_WANTED = 'expected a duration with its unit, e.g. 30s or 15m';

/** A duration with its unit, as milliseconds. `range` says in words what `min` and `max` are. */
export function durationField(limits: { min: number; max: number; range: string }) {
  return z
    .string(DURATION_WANTED)
    .regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, { error: DURATION_WANTED, abort: true })
    .transform((text, ctx) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= limits.min && ms <= limits.max) return ms;
      ctx.issues.push({ code: 'custom', message: `expected ${limits.range}`, input: text });
      return z.NEVER;
    });
}
