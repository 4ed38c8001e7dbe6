import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { refused, regionName, stepKind } from '../common.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { objectSeen } from './sets.ts';
import { traitsOf } from '../../model/verb.ts';

/*
 * Switches traffic without the Route 53 control plane: the health check of a set is inverted and watches an object in
 * another region. While the object exists the set counts as unhealthy, and others are answered.
 * https://aws.amazon.com/blogs/networking-and-content-delivery/creating-disaster-recovery-mechanisms-using-amazon-route-53/
 */

const params = z.strictObject({ region: regionName, bucket: z.string(), key: z.string(), present: z.boolean() });
type Params = z.infer<typeof params>;

/** By object: when it was written (ms), and whether this run has changed it. */
export const objectSinceFact = fact('object.since', z.number());
export const objectChangedFact = fact('object.changed', z.literal(true));

export function objectKey({ bucket, key }: { bucket: string; key: string }): string {
  return `${bucket}/${key}`;
}

function where(p: Params): string {
  return `s3://${p.bucket}/${p.key}`;
}

/** An object that is to go away is asked for once, shortly: its region may be gone, and then it need not be. */
function options(ctx: StepContext, p: Params) {
  return p.present ? { signal: ctx.signal } : { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 };
}

/** Only in a failover: a region that is moved on purpose, or rebuilt, is there again in a moment, and the object with it. */
function isSilent(ctx: StepContext, error: unknown, p: Params): error is AwsError {
  return traitsOf(ctx.run.verb).sourceMayBeDead && error instanceof AwsError && error.unreachable && !p.present;
}

function outOfReach(p: Params): string {
  return `${p.region} does not answer for ${where(p)}: what cannot be read does not count as there, for the health check either`;
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  try {
    const { there } = await objectSeen(ctx.effects.aws, p.region, p, options(ctx, p));
    return { state: 'ok', because: `${where(p)} is ${there ? 'there' : 'not there'}` };
  } catch (error) {
    if (isSilent(ctx, error, p)) {
      return { state: 'ok', because: outOfReach(p), warnings: [{ rule: 'object-left', observed: `take ${where(p)} away before ${p.region} comes back: aws s3 rm ${where(p)}, or dr reprotect`, wanted: `no object that brings ${p.region} back by itself`, mend: `aws s3 rm ${where(p)}, or dr reprotect` }] };
    }
    return refused({
      rule: 'watched-object',
      observed: error instanceof Error ? error.message : String(error),
      threshold: `s3://${p.bucket} in ${p.region} can be read and written`,
      consequence: 'traffic could not be switched',
      override: 'mend bucket, policy or credentials, or set `switch: record`',
    });
  }
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  try {
    const { there, modifiedAt } = await objectSeen(ctx.effects.aws, p.region, p, options(ctx, p));
    const because = `${where(p)} is ${there ? 'there' : 'not there'}`;
    if (there !== p.present) return { state: 'absent', because };
    if (modifiedAt !== undefined) objectSinceFact.record(ctx, objectKey(p), modifiedAt);
    return { state: 'reached', because };
  } catch (error) {
    if (isSilent(ctx, error, p)) return { state: 'reached', because: outOfReach(p) };
    throw error;
  }
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  objectChangedFact.record(ctx, objectKey(p), true);
  await put(ctx, p, p.present);
}

async function put(ctx: StepContext, p: Params, present: boolean): Promise<void> {
  const object = { Bucket: p.bucket, Key: p.key };
  const common = { service: 's3', region: p.region, signal: ctx.signal } as const;
  if (present) {
    const Body = `${ctx.runbook}: written by dr for ${ctx.target}\n`;
    await ctx.effects.aws.call({ ...common, operation: 'PutObject', input: { ...object, Body, ContentType: 'text/plain' } });
  } else {
    await ctx.effects.aws.call({ ...common, operation: 'DeleteObject', input: object });
  }
}

export const flipObject = stepKind<Params>({ params, check, observe, act, undo: (ctx, p) => put(ctx, p, !p.present) });
