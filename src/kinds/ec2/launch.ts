import * as z from 'zod';
import { type Ec2Instance, findInstances, instancesUp } from '../../aws/ec2.ts';
import { AwsError } from '../../aws/errors.ts';
import { regionName, stepKind } from '../common.ts';
import type { Observation, StepContext } from '../step.ts';
import { readLaunch, templateName } from './image-gate.ts';
import { templateSchema } from './image-schema.ts';
import { instanceType } from './schema.ts';
import { noCapacity } from './shortage.ts';
import { COMPUTE_TAG, launchedFilters, RUNBOOK_TAG } from './tags.ts';

/*
 * Launches instances from a template and an image. The client token comes from the gate of this run and is in its
 * journal before anything is launched: after a crash the same request answers with the same instances.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Run_Instance_Idempotency.html
 */

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  count: z.int().min(1),
  template: templateSchema,
  types: z.array(instanceType),
  subnets: z.array(z.string()),
});
type Params = z.infer<typeof params>;

const ALIVE = ['pending', 'running'];
const ACT_MS = 120_000;

function look(ctx: StepContext, p: Params): Promise<Ec2Instance[]> {
  return findInstances(ctx.effects.aws, p.region, { Filters: launchedFilters(ctx.runbook, p.name, ALIVE) }, { signal: ctx.signal });
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const alive = await look(ctx, p);
  const token = readLaunch(ctx, p.name)?.token;
  const mine = alive.some((i) => token !== undefined && i.ClientToken?.includes(token) === true);
  if (alive.length < p.count) {
    // A launch is all or nothing: if some of it can be seen, the rest will be.
    if (mine) return { state: 'pending', because: `${alive.length} of ${p.count} launched instances can be seen`, waitingFor: 'aws' };
    return { state: 'absent', because: `${alive.length} of ${p.count} instances of ${p.name} run` };
  }
  const up = await instancesUp(ctx.effects.aws, p.region, alive.map((i) => i.InstanceId ?? ''), { signal: ctx.signal });
  if (up.size < p.count) return { state: 'pending', because: `the status checks of ${up.size} of ${p.count} instances have passed`, waitingFor: 'aws' };
  return { state: 'reached', because: `${up.size} instances run, and their status checks have passed` };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const choice = readLaunch(ctx, p.name);
  if (choice === undefined) throw new Error(`no image of ${p.name} was chosen`);
  const count = p.count - (await look(ctx, p)).length;
  if (count <= 0) return;
  const types = p.types.length === 0 ? [undefined] : [undefined, ...p.types];
  const subnets = p.subnets.length === 0 ? [undefined] : p.subnets;
  const tried: string[] = [];
  // Another zone first: the type is what was tested.
  for (const [t, type] of types.entries()) {
    for (const [s, subnet] of subnets.entries()) {
      try {
        await run(ctx, p, { ...choice, count, type, subnet, token: `dr-${choice.token}-${count}-${t}-${s}` });
        return;
      } catch (error) {
        if (!(error instanceof AwsError) || !error.isShortage) throw error;
        tried.push(`no ${type ?? 'instance of the template’s type'}${subnet === undefined ? '' : ` in ${subnet}`}`);
      }
    }
  }
  throw noCapacity(p.name, p.region, tried, `name other \`types\` or \`subnets\` for ${p.name} in the runbook; then: dr resume`);
}

interface Wish {
  image: string;
  version: string;
  count: number;
  token: string;
  type: string | undefined;
  subnet: string | undefined;
}

async function run(ctx: StepContext, p: Params, wish: Wish): Promise<void> {
  const Tags = [
    { Key: RUNBOOK_TAG, Value: ctx.runbook },
    { Key: COMPUTE_TAG, Value: p.name },
  ];
  const input = {
    LaunchTemplate: { ...templateName(p.template), Version: wish.version },
    ImageId: wish.image,
    MinCount: wish.count,
    MaxCount: wish.count,
    ClientToken: wish.token,
    TagSpecifications: [{ ResourceType: 'instance' as const, Tags }],
    ...(wish.subnet === undefined ? {} : { SubnetId: wish.subnet }),
    // Types newer than this version's SDK are as good as any.
    ...(wish.type === undefined ? {} : { InstanceType: wish.type as 'm6g.large' }),
  };
  await ctx.effects.aws.call({ service: 'ec2', region: p.region, operation: 'RunInstances', input, signal: ctx.signal });
}

/** Between two looks at instances that are stopping. */
const LOOK_MS = 5_000;

/** Stopped, not terminated: whether anything on them is wanted is for a person to say. */
async function undo(ctx: StepContext, p: Params): Promise<void> {
  const token = readLaunch(ctx, p.name)?.token;
  if (token === undefined) return;
  for (;;) {
    const mine = (await look(ctx, p)).filter((i) => i.ClientToken?.includes(token) === true).map((i) => i.InstanceId ?? '');
    if (mine.length === 0) return;
    await ctx.effects.aws.call({ service: 'ec2', region: p.region, operation: 'StopInstances', input: { InstanceIds: mine }, signal: ctx.signal });
    await ctx.wait('aws', LOOK_MS);
  }
}

export const launch = stepKind<Params>({
  params,
  check: () => Promise.resolve({ state: 'ok', because: 'image and template were looked at by the gate' } as const),
  observe,
  act,
  actMs: () => ACT_MS,
  undo,
});
