import { plural } from '../../base/plural.ts';
import * as z from 'zod';
import { type Ec2Instance, findInstances, instancesUp } from '../../aws/ec2.ts';
import { AwsError } from '../../aws/errors.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import { refused, regionName, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { cannotMend, checksPassed, inItsWords, isOfAnotherType, LAUNCH_GUIDE, noCapacity, start, startedBefore, whyEnded, willStart } from './launch-reasons.ts';
import { instanceId, instanceType } from './schema.ts';

/*
 * Starts instances that are there and stopped. A stopped instance holds no capacity: where its zone has none left of its
 * type, it becomes another type that the runbook names, or a spare in another zone is started in its place.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
 */

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  ids: z.array(instanceId).min(1),
  spares: z.array(instanceId),
  types: z.array(instanceType),
});
type Params = z.infer<typeof params>;

const ACT_MS = 120_000;

function isAlive(instance: Ec2Instance): boolean {
  return ec2InstanceState(instance).alive === 'yes';
}

function isStopped(instance: Ec2Instance): boolean {
  return ec2InstanceState(instance).start === 'yes';
}

/** Those that are named, those first that are not only spare. @throws AwsError when one does not exist. */
async function look(ctx: StepContext, p: Params): Promise<Ec2Instance[]> {
  const order = [...p.ids, ...p.spares];
  const found = await findInstances(ctx.effects.aws, p.region, { InstanceIds: order }, { signal: ctx.signal });
  return found.toSorted((a, b) => order.indexOf(a.InstanceId ?? '') - order.indexOf(b.InstanceId ?? ''));
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const refuse = (observed: string) =>
    refused({
      rule: 'instances',
      observed,
      threshold: `${plural(p.ids.length, 'instance')} that can be started`,
      consequence: 'users would be sent to a region without capacity',
      override: `none: correct the ids in the runbook. aws ec2 describe-instances --region ${p.region}`,
    });
  try {
    const found = await look(ctx, p);
    const usable = found.filter((i) => ec2InstanceState(i).gone === 'no');
    if (usable.length < p.ids.length) return refuse(`${found.length - usable.length} of the instances of ${p.name} are terminated, or in no state that can be started`);
    const running = found.filter(isAlive).length;
    return { state: 'ok', because: `${running} of ${plural(p.ids.length, 'instance')} running; stopped ones hold no capacity` };
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('InvalidInstanceID')) return refuse(error.message);
    throw error;
  }
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const found = await look(ctx, p);
  const wanted = p.ids.length;
  const alive = found.filter(isAlive).map((i) => i.InstanceId ?? '');
  if (alive.length < wanted) {
    const stopping = found.filter((i) => ec2InstanceState(i).start === 'later').length;
    if (alive.length + stopping >= wanted) return { state: 'pending', because: `${plural(stopping, 'instance')} still stopping`, waitingFor: 'aws' };
    const fell = ctx.attempt >= ASKED ? whyEnded(found.filter(isStopped)) : '';
    if (cannotMend(fell) !== undefined) return { state: 'impossible', because: `${alive.length} of ${plural(wanted, 'instance')} running; ${fell}`, next: ['correct what AWS names, then: dr resume', LAUNCH_GUIDE] };
    willStart(ctx, p.name, found.filter(isStopped).map((i) => i.InstanceId ?? ''));
    return { state: 'absent', because: [`${alive.length} of ${plural(wanted, 'instance')} running`, fell].filter((text) => text !== '').join('; ') };
  }
  const up = await instancesUp(ctx.effects.aws, p.region, alive, { signal: ctx.signal });
  return checksPassed(up, wanted);
}

/** A reason that is there after that many requests is theirs, and not one of before the run. */
const ASKED = 2;

async function act(ctx: StepContext, p: Params): Promise<void> {
  const found = await look(ctx, p);
  const missing = p.ids.length - found.filter(isAlive).length;
  if (missing <= 0) return;
  const stopped = found.filter(isStopped);
  const first = stopped.slice(0, missing);
  if (first.length === missing && (await start(ctx, p.region, first.map((i) => i.InstanceId ?? ''))) === 'started') return;
  const tried: string[] = [];
  let left = missing;
  for (const instance of stopped) {
    if (left === 0) return;
    if (await startOne(ctx, p, instance, tried)) left -= 1;
  }
  if (left > 0) throw noCapacity(p.name, p.region, tried, `name other \`types\`, or \`spares\` in other zones, for ${p.name} in the runbook; then: dr resume`);
}

/** With its own type, then with the others. False when there is no capacity for any. */
async function startOne(ctx: StepContext, p: Params, instance: Ec2Instance, tried: string[]): Promise<boolean> {
  const id = instance.InstanceId ?? '';
  const own = instance.InstanceType ?? 'unknown';
  for (const type of [own, ...p.types.filter((t) => t !== own)]) {
    if (type !== own) {
      const unfit = await become(ctx, p, id, type);
      if (unfit !== undefined) {
        tried.push(`${id} cannot become ${type}${inItsWords(unfit)}`);
        continue;
      }
    }
    const outcome = await start(ctx, p.region, [id]);
    if (outcome === 'started') return true;
    tried.push(`no ${type} in ${instance.Placement?.AvailabilityZone ?? 'its zone'} for ${id}${inItsWords(outcome)}`);
  }
  return false;
}

/** AWS's refusal where the instance cannot be of that type: then it stays of its own. */
async function become(ctx: StepContext, p: Params, id: string, type: string): Promise<AwsError | undefined> {
  try {
    const input = { InstanceId: id, InstanceType: { Value: type } };
    await ctx.effects.aws.call({ service: 'ec2', region: p.region, operation: 'ModifyInstanceAttribute', input, signal: ctx.signal });
    return undefined;
  } catch (error) {
    if (isOfAnotherType(error)) return error;
    throw error;
  }
}

const LOOK_MS = 5_000;

async function undo(ctx: StepContext, p: Params): Promise<void> {
  const ids = startedBefore(ctx, p.name);
  if (ids.length === 0) return;
  const now = () => findInstances(ctx.effects.aws, p.region, { InstanceIds: ids }, { signal: ctx.signal });
  const isGone = (instance: Ec2Instance) => ec2InstanceState(instance).gone === 'yes';
  // Also what is shown as stopped, for a start may not show yet. For one that is terminated AWS refuses the whole request.
  const left = (await now()).filter((i) => !isGone(i)).map((i) => i.InstanceId ?? '');
  if (left.length > 0) await ctx.effects.aws.call({ service: 'ec2', region: p.region, operation: 'StopInstances', input: { InstanceIds: left }, signal: ctx.signal });
  while (!(await now()).every((i) => isStopped(i) || isGone(i))) await ctx.wait('aws', LOOK_MS);
}

export const startInstances = stepKind<Params>({ params, check, observe, act, actMs: () => ACT_MS, undo, holds: observe });
