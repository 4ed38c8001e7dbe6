import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { plural } from '../../base/plural.ts';
import { finder, type Finding } from '../../model/finding.ts';
import type { StepDraft } from '../../model/kind.ts';
import type { Observation, Permission, StepContext, Verdict } from '../../model/step.ts';
import { refused, regionName, stepKind } from '../common.ts';
import { readLaunch } from './image-gate.ts';
import { templateName, templateSchema } from './image-schema.ts';
import { instanceId } from './schema.ts';
import { launchedTags } from './ours.ts';

/* A drill that launches nothing: AWS is asked for the rights that a failover needs. It shows neither capacity nor that anything boots. */

const PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html';

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  count: z.int().min(1),
  asks: z.discriminatedUnion('for', [z.strictObject({ for: z.literal('start'), ids: z.array(instanceId).min(1) }), z.strictObject({ for: z.literal('launch'), template: templateSchema })]),
});
type Params = z.infer<typeof params>;

/** Undefined where it would have been done; else AWS's refusal. @throws AwsError: any other answer; Error where it was no dry run */
async function ask(ctx: Pick<StepContext, 'effects' | 'signal' | 'runbook'>, p: Params, choice: { image: string; version: string } | undefined): Promise<AwsError | undefined> {
  const request = { service: 'ec2', region: p.region, signal: ctx.signal } as const;
  try {
    if (p.asks.for === 'start') {
      await ctx.effects.aws.call({ ...request, operation: 'StartInstances', input: { InstanceIds: p.asks.ids, DryRun: true } });
    } else {
      const launch = { LaunchTemplate: { ...templateName(p.asks.template), Version: choice?.version ?? String(p.asks.template.version) }, ...(choice === undefined ? {} : { ImageId: choice.image }) };
      const tags = { ResourceType: 'instance' as const, Tags: launchedTags(ctx.runbook, p.name) };
      await ctx.effects.aws.call({ ...request, operation: 'RunInstances', input: { ...launch, MinCount: p.count, MaxCount: p.count, TagSpecifications: [tags], DryRun: true } });
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'DryRunOperation') return undefined;
    if (error.isRightMissing) return error;
    throw error;
  }
  throw new Error(`it was asked to do nothing (DryRun), and answered as if it had been done: look at the instances of ${p.name} in ${p.region}`);
}

const whatOf = ({ asks, count, name }: Params): string => `${asks.for} ${plural(count, 'instance')} of ${name}`;

/** For a look at readiness. `choice`: what the gate of a run would choose. @throws AwsError: any other answer than yes or no */
export async function inspectDryRun(ctx: Pick<StepContext, 'effects' | 'signal' | 'runbook'>, p: Params, choice?: { image: string; version: string }): Promise<Finding[]> {
  const no = await ask(ctx, p, choice);
  if (no === undefined) return [];
  return [finder({ resource: `ec2:${p.region}:${p.name}`, region: p.region }).warning('dry-run', { observed: `EC2 refuses to ${whatOf(p)}, asked to do nothing (DryRun): ${no.message}`, wanted: `the right to ${whatOf(p)}`, consequence: 'a failover with these credentials could bring up no capacity', mend: 'run dr check as the role that would run the failover; dr iam --verb failover prints what it needs', page: PAGE })];
}

async function answer<S extends 'ok' | 'reached'>(state: S, ctx: StepContext, p: Params) {
  const no = await ask(ctx, p, readLaunch(ctx, p.name));
  const what = whatOf(p);
  if (no === undefined) return { state, because: `these credentials may ${what}; nothing was done (DryRun), and capacity is not shown` };
  return refused({
    rule: 'dry-run',
    observed: no.message,
    threshold: `the right to ${what}`,
    consequence: 'a failover with these credentials could bring up no capacity',
    override: 'none: dr plan --verb failover --iam shows the policy',
  });
}

export const dryRun = stepKind<Params>({
  params,
  check: (ctx, p): Promise<Verdict> => (ctx.preview === true ? Promise.resolve({ state: 'ok', because: 'AWS is asked when the drill runs' }) : answer('ok', ctx, p)),
  observe: (ctx, p): Promise<Observation> => answer('reached', ctx, p),
});

export function dryRunStep(p: Params, permissions: readonly Permission[]): StepDraft {
  return {
    step: 'dryRun',
    phase: 'compute',
    reversibility: 'reversible',
    title: `Might these credentials ${p.asks.for} ${plural(p.count, 'instance')} of ${p.name}? (nothing is launched)`,
    params: p,
    controlPlanes: [`ec2@${p.region}`],
    permissions,
    estimate: { p50: 1, p95: 3, basis: 'one API call' },
    limitMs: 60_000,
    changes: [],
  };
}
