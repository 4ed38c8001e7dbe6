import * as z from 'zod';
import { findGroup, type Group, isBeingDeleted } from '../../aws/autoscaling.ts';
import { unlessAws } from '../../aws/errors.ts';
import { healthStatus } from '../../aws/states/capacity.ts';
import { DrError } from '../../base/errors.ts';
import { refused, regionName, stepKind } from '../common.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext, Verdict, Warning } from '../../model/step.ts';
import { cannotMend } from '../ec2/launch-reasons.ts';
import { type Capacity, countOf, healthyCapacity, inService, unusedTargets } from './health.ts';
import { found, lastsFor, lastsNot, missing } from '../looks.ts';
import { launchTrouble, markActivities } from './launches.ts';
import { noTargetGroup, scheduleWarnings } from './ready.ts';

const params = z.strictObject({
  region: regionName,
  group: z.string(),
  min: z.int(),
  desired: z.int(),
  max: z.int(),
  /** Where users are without a region: with so many they are led there once the rest is late. */
  enough: z.int().min(1).optional(),
});
type Params = z.infer<typeof params>;

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  const problem = await cannotGrow(ctx, p, group);
  if (group === undefined || problem !== undefined) {
    const { threshold = 'a group that can launch instances', ...said } = problem ?? { observed: `${p.group} is not in ${p.region}`, override: 'correct `groups` in the runbook, or make the group' };
    return refused({ rule: 'capacity', threshold, consequence: 'users would be sent to a region without capacity', ...said });
  }
  const schedule = (await scheduleWarnings(ctx, p.region, p.group, p).catch(unlessAws)) ?? [];
  const warnings = [...((group.TargetGroupARNs ?? []).length === 0 ? [noTargetGroup(p.region, p.group)] : []), ...suspendedWarnings(p, group), ...schedule];
  return { state: 'ok', because: `${p.group}: desired capacity ${group.DesiredCapacity} of at most ${group.MaxSize}`, warnings };
}

/** What AWS shows beforehand of a group that would never have instances that serve users; undefined where it shows nothing of it. */
async function cannotGrow(ctx: StepContext, p: Params, group: Group | undefined): Promise<{ observed: string; threshold?: string; override: string } | undefined> {
  if (group === undefined) return undefined;
  if (isBeingDeleted(group)) return { observed: `${p.group} in ${p.region} is being deleted`, override: 'correct `groups` in the runbook, or make the group again' };
  const suspended = suspendedIn(group);
  if (suspended !== undefined && !(await hasAll(ctx, p, group))) return { observed: `${p.group} has suspended processes: ${suspended}`, override: resumeProcesses(p) };
  const unused = await unusedTargets(ctx, p.region, group);
  return unused === undefined ? undefined : { observed: unused, threshold: 'a load balancer that sends users to the instances of the group', override: 'give the target group a listener of a load balancer, and enable the zones of the group in that: aws elbv2 describe-target-health says which. One that nobody needs: aws autoscaling detach-load-balancer-target-groups' };
}

const PROCESSES = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-how-suspending-processes-affects-other-processes.html';

/** Processes without which no instance comes to users. Where one is unhealthy, those that take another one in its place are of them. */
function suspendedIn(group: Group): string | undefined {
  const ill = group.Instances.some((instance) => healthStatus(instance.HealthStatus).healthy === 'no');
  const needed = ['Launch', 'AddToLoadBalancer', ...(ill ? ['ReplaceUnhealthy', 'Terminate'] : [])];
  const names = (group.SuspendedProcesses ?? []).flatMap(({ ProcessName: name = '', SuspensionReason: reason }) => (needed.includes(name) ? [`${name}${reason === undefined || reason === '' ? '' : ` (${reason})`}`] : []));
  return names.length === 0 ? undefined : names.join(', ');
}

/** It has what it is to have: nothing needs to be launched. */
async function hasAll(ctx: StepContext, p: Params, group: Group): Promise<boolean> {
  return isSized(p, group) && (await healthyCapacity(ctx, p.region, group)).units >= p.desired;
}

function suspendedWarnings(p: Params, group: Group): Warning[] {
  const suspended = suspendedIn(group);
  if (suspended === undefined) return [];
  return [{ rule: 'suspended-processes', observed: `${p.group} has all that it is to have, and suspended processes: ${suspended}: what it loses is not replaced`, wanted: 'a group that replaces what it loses', mend: resumeProcesses(p), page: PROCESSES }];
}

function isSized(p: Params, group: Group): boolean {
  return group.MinSize >= p.min && group.DesiredCapacity >= p.desired && group.MaxSize >= p.max;
}

function resumeProcesses(p: Params): string {
  return `aws autoscaling resume-processes --region ${p.region} --auto-scaling-group-name ${p.group}`;
}

/** The group; or what is said where there is none that stays. */
async function standing(ctx: StepContext, p: Params): Promise<Group | Observation> {
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  if (group === undefined) return missing(ctx, keyOf(p), `${p.group} is not in ${p.region}`);
  found(ctx, keyOf(p));
  if (isBeingDeleted(group)) return { state: 'impossible', because: `${p.group} is being deleted in ${p.region}` };
  return group;
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const group = await standing(ctx, p);
  if ('state' in group) return group;
  const sized = isSized(p, group);
  // Journaled before the act, so that its undo knows them whatever happens. A later attempt finds what the first has set.
  if (!sized && !sizesFact.has(ctx, keyOf(p))) sizesFact.record(ctx, keyOf(p), sizesOf(group));
  if (!sized) await markActivities(ctx, p.region, p.group);
  const lowered = !sized && isLowered(ctx, p, group);
  if (!sized && !lowered) return { state: 'absent', because: withReason(`${p.group}: desired capacity is ${group.DesiredCapacity}; changing to ${p.desired}`, ctx.attempt === 0 ? '' : ((await launchTrouble(ctx, p.region, p.group))?.says ?? '')) };
  const wanted = lowered ? group.DesiredCapacity : p.desired;
  const has = inService(group);
  if (has.units < wanted) {
    const waiting = await waitForInstances(ctx, p, group, wanted);
    return p.enough === undefined ? waiting : withFewer(ctx, p, { group, waiting, serving: has.units < p.enough ? has : await healthyCapacity(ctx, p.region, group) });
  }
  const serving = await healthyCapacity(ctx, p.region, group);
  if (serving.units < wanted) {
    const waiting: Waiting = { state: 'pending', because: withReason(`${countOf(group, serving, wanted).replace('instances', 'targets')} are ${serving.where}`, serving.why), waitingFor: 'aws' };
    return withFewer(ctx, p, { group, waiting, serving });
  }
  lastsNot(ctx, fewerFor(p));
  return { state: 'reached', because: withReason(`${countOf(group, serving)} are in service and healthy`, lowered ? `something, most likely a scaling policy, has lowered the desired capacity from ${p.desired} to ${wanted} again and again; \`active.min\` of the runbook allows it` : '') };
}

/** So long users of a lost region are kept waiting for the rest, once there are as many as the runbook calls enough to be active with. Milliseconds. */
const FEWER_MS = 180_000;
const fewerFor = (p: Params): string => `fewer.${keyOf(p)}`;

type Waiting = Extract<Observation, { state: 'pending' | 'impossible' }>;

const fewerFact = fact('fewer', z.literal(true));

/**
 * The rest is late, or does not come: a zone without room, an instance refresh, a shortage while everybody leaves the same region. Users of a region
 * that is lost are served by fewer, rather than by none; a planned move waits, for they are served where they are.
 */
function withFewer(ctx: StepContext, p: Params, { group, waiting, serving }: { group: Group; waiting: Waiting; serving: Capacity }): Observation {
  if (p.enough === undefined) return waiting;
  if (serving.units < p.enough) {
    lastsNot(ctx, fewerFor(p));
    return waiting;
  }
  if (waiting.state === 'pending' && lastsFor(ctx, fewerFor(p)) < FEWER_MS) return waiting;
  fewerFact.record(ctx, keyOf(p), true);
  return { state: 'reached', because: `${countOf(group, serving)} are in service and healthy: as many as \`active.min\` of the runbook asks for; users do not wait for the rest (${waiting.because})` };
}

/** Requests after which what lowers the desired capacity again is left its way. */
const RAISED = 2;

/**
 * A scaling policy goes by the load, which a region has none of yet: it may lower what is wanted as often as it is raised, down to the minimum. That many
 * the runbook calls enough to be active with, and the policy raises them with the load.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
 */
function isLowered(ctx: StepContext, p: Params, group: Group): boolean {
  return ctx.attempt >= RAISED && group.MinSize >= p.min && group.MaxSize >= p.max && group.DesiredCapacity >= Math.max(1, p.min);
}

/** At the end of the run. A scaling policy may have lowered what the group wants, down to the minimum; less is no active side, unless a later step of this run makes it so. */
async function holds(ctx: StepContext, p: Params): Promise<Observation> {
  const group = await standing(ctx, p);
  if ('state' in group) return group;
  const lowest = Math.max(1, leastLater(ctx, p));
  if (group.DesiredCapacity < lowest) {
    return { state: 'pending', because: withReason(`${p.group}: something has lowered its sizes to min ${group.MinSize}, desired ${group.DesiredCapacity}, and it is to have ${lowest} or more`, (await launchTrouble(ctx, p.region, p.group))?.says ?? ''), waitingFor: 'aws' };
  }
  const wanted = Math.min(p.enough !== undefined && fewerFact.has(ctx, keyOf(p)) ? p.enough : p.desired, group.DesiredCapacity);
  const serving = await healthyCapacity(ctx, p.region, group);
  if (serving.units >= wanted) return { state: 'reached', because: `${countOf(group, serving)} are in service and healthy` };
  return { state: 'pending', because: withReason(`${countOf(group, serving, wanted)} are ${serving.where}`, serving.why), waitingFor: 'aws' };
}

/** What it is to want at the end, at least: its minimum, or less where another step of the plan shrinks it. */
function leastLater(ctx: StepContext, p: Params): number {
  const shrinks = (ctx.planned ?? []).flatMap(({ kind, params: other }) => (kind === 'auto-scaling-group.scaleIn' ? (params.loose().safeParse(other).data ?? []) : []));
  return Math.min(p.min, ...shrinks.filter(({ region, group }) => region === p.region && group === p.group).map(({ desired }) => desired));
}

async function waitForInstances(ctx: StepContext, p: Params, group: Group, wanted: number): Promise<Waiting> {
  const has = inService(group);
  const because = `${countOf(group, has, wanted)} are in service`;
  const suspended = suspendedIn(group);
  if (suspended !== undefined) return { state: 'impossible', because: `${p.group} has suspended processes: ${suspended}; ${because}`, next: [`${resumeProcesses(p)}, then: dr resume`] };
  const trouble = await launchTrouble(ctx, p.region, p.group);
  if (trouble?.ends === undefined) return { state: 'pending', because: withReason(withReason(because, has.why), trouble?.says ?? ''), waitingFor: 'aws', reason: trouble?.since === true ? trouble.says : undefined };
  const activities = `aws autoscaling describe-scaling-activities --region ${p.region} --auto-scaling-group-name ${p.group} --max-items 5`;
  const what = trouble.ends === 'shortage' ? `add instance types or zones to ${p.group}, or free a quota, then: dr resume` : 'correct what AWS names, then: dr resume';
  const key = cannotMend(trouble.says) === 'key' ? [KEY_HINT] : [];
  return { state: 'impossible', because: `${p.group} cannot launch: ${trouble.says}; ${because}`, next: [what, ...key, activities] };
}

const KEY_HINT = 'AWSServiceRoleForAutoScaling needs the KMS key of the volumes: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html';

function withReason(because: string, why: string): string {
  return why === '' ? because : `${because}; ${why}`;
}

const sizes = z.strictObject({ min: z.int(), desired: z.int(), max: z.int() });

function sizesOf(group: Group): z.infer<typeof sizes> {
  return { min: group.MinSize, desired: group.DesiredCapacity, max: group.MaxSize };
}

const sizesFact = fact('sizes', sizes);
const keyOf = (p: Params): string => `${p.region}.${p.group}`;

async function update(ctx: StepContext, p: Params, to: z.infer<typeof sizes>): Promise<void> {
  const input = { AutoScalingGroupName: p.group, MinSize: to.min, MaxSize: to.max, DesiredCapacity: to.desired };
  await ctx.effects.aws.call({ service: 'autoscaling', region: p.region, operation: 'UpdateAutoScalingGroup', input, signal: ctx.signal });
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  const now = group === undefined ? p : sizesOf(group);
  await update(ctx, p, { min: Math.max(now.min, p.min), desired: Math.max(now.desired, p.desired), max: Math.max(now.max, p.max) });
}

/** Back to the recorded sizes, unless somebody has changed them since. */
async function undo(ctx: StepContext, p: Params): Promise<void> {
  const before = sizesFact.read(ctx, keyOf(p));
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  if (before === undefined || group === undefined) return;
  const is = sizesOf(group);
  if (is.min === before.min && is.desired === before.desired && is.max === before.max) return;
  // Scaling policies move what is wanted, and nothing else.
  if (is.min !== Math.max(before.min, p.min) || is.max !== Math.max(before.max, p.max)) {
    throw new DrError({
      code: 'SIZE_CHANGED',
      exit: 'refused',
      title: `${p.group} in ${p.region} was resized by somebody else: it is left as it is.`,
      detail: `It was ${before.min}/${before.desired}/${before.max} (min/desired/max) before the run.`,
      next: [`aws autoscaling update-auto-scaling-group --region ${p.region} --auto-scaling-group-name ${p.group} --min-size ${before.min} --desired-capacity ${before.desired} --max-size ${before.max}`],
    });
  }
  await update(ctx, p, before);
}

/** Raises min, desired and max in one call, then waits for instances in service and healthy targets. Never lowers. */
export const scaleOut = stepKind<Params>({ params, check, observe, act, undo, holds });
