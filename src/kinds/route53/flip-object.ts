import * as z from 'zod';
import { refused, regionName, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../step.ts';
import { objectExists } from './sets.ts';

/*
 * Switches traffic without the Route 53 control plane: the health check of the primary set is inverted and watches an
 * object. While the object exists the primary counts as unhealthy, and the secondary is answered.
 * https://aws.amazon.com/blogs/networking-and-content-delivery/creating-disaster-recovery-mechanisms-using-amazon-route-53/
 */

const params = z.strictObject({ region: regionName, bucket: z.string(), key: z.string(), present: z.boolean() });
type Params = z.infer<typeof params>;

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  try {
    const there = await objectExists(ctx.effects.aws, p.region, p, { signal: ctx.signal });
    return { state: 'ok', because: `s3://${p.bucket}/${p.key} is ${there ? 'there' : 'not there'}` };
  } catch (error) {
    // An object in a region that is gone cannot be read by the health check either: it needs no taking away.
    if (!p.present) return { state: 'ok', because: 'the object cannot be seen', warnings: [`${p.region} does not answer for s3://${p.bucket}`] };
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
  const there = await objectExists(ctx.effects.aws, p.region, p, { signal: ctx.signal });
  const because = `s3://${p.bucket}/${p.key} is ${there ? 'there' : 'not there'}`;
  return there === p.present ? { state: 'reached', because } : { state: 'absent', because };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const object = { Bucket: p.bucket, Key: p.key };
  const common = { service: 's3', region: p.region, signal: ctx.signal } as const;
  if (p.present) {
    const Body = `${ctx.runbook}: ${ctx.target} is active\n`;
    await ctx.effects.aws.call({ ...common, operation: 'PutObject', input: { ...object, Body, ContentType: 'text/plain' } });
  } else {
    await ctx.effects.aws.call({ ...common, operation: 'DeleteObject', input: object });
  }
}

export const flipObject = stepKind<Params>({ params, check, observe, act });
