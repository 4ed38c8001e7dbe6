import { plural } from '../../base/plural.ts';
import * as z from 'zod';
import { type Ec2Instance, findInstances, instancesUp } from '../../aws/ec2.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import { regionName, stepKind } from '../common.ts';
import { lastsFor } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { readLaunch } from './image-gate.ts';
import { templateName, templateSchema } from './image-schema.ts';
import { launchWhereThereIsRoom } from './launch-request.ts';
import { existingSchema, GONE, isLaunched, launchedFilters, launchedTags, NOT_GONE, ourInstances, tagOf, TEMPLATE_VERSION_TAG } from './ours.ts';
import { instanceType } from './schema.ts';
import { checksPassed, LAUNCH_GUIDE, noCapacity, start, startedBefore, whyEnded, willStart } from './launch-reasons.ts';

/*
 * Brings instances up to a count. What runs counts, no matter who launched it. What an earlier run launched and stopped again is
 * started, where it is of the image and template version that would be launched now; what a person stopped stays as it is.
 * The rest is launched. The client token comes from the gate of this run and is in its
 * journal before anything is launched: after a crash the same request answers with the same instances. Where no place has room for all,
 * they are asked for one by one, as AWS advises: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Run_Instance_Idempotency.html
 */

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  count: z.int().min(1),
  template: templateSchema,
  existing: existingSchema,
  types: z.array(instanceType),
  subnets: z.array(z.string()),
});
type Params = z.infer<typeof params>;

const ACT_MS = 120_000;

function idOf(instance: Ec2Instance): string {
  return instance.InstanceId ?? '';
}

/** Journaled with what was launched one by one: from then on nothing is asked for together. */
const singlyFact = fact('launch-one-by-one', z.literal(true));

/** The beginning of the client tokens of instances that are launched one by one, each with its number. */
const singly = (token: string): string => `dr-${token}-one-`;

/** By a request for all that were missing: if some of them can be seen, the rest will be. */
function isOfAll(token: string | undefined, instance: Ec2Instance): boolean {
  return token !== undefined && isOf(token, instance) && instance.ClientToken?.startsWith(singly(token)) !== true;
}

/** By a request of the run whose gate has chosen that token. */
function isOf(token: string | undefined, instance: Ec2Instance): boolean {
  return token !== undefined && instance.ClientToken?.includes(token) === true;
}

interface Found {
  alive: Ec2Instance[];
  /** Launched by an earlier run, of what would be launched now, and not running: no more of them than are missing. */
  stopping: string[];
  stopped: string[];
}

async function look(ctx: StepContext, p: Params): Promise<Found> {
  const found = await ourInstances(ctx, p, NOT_GONE);
  const alive = found.filter((i) => ec2InstanceState(i).alive === 'yes');
  const choice = readLaunch(ctx, p.name);
  const fit = found.filter((i) => {
    const version = tagOf(i, TEMPLATE_VERSION_TAG);
    return isLaunched(ctx, p.name, i) && i.ImageId === choice?.image && (version === undefined || version === choice?.version);
  });
  const idle = (start: 'yes' | 'later') => fit.filter((i) => ec2InstanceState(i).start === start).map(idOf);
  const missing = Math.max(0, p.count - alive.length);
  return { alive, stopping: idle('later').slice(0, missing), stopped: idle('yes').slice(0, missing) };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const { alive, stopping, stopped } = await look(ctx, p);
  const token = readLaunch(ctx, p.name)?.token;
  if (alive.length < p.count) {
    const ended = ctx.attempt === 0 ? '' : await endedAtOnce(ctx, p, token);
    if (ended !== '') return { state: 'impossible', because: `${alive.length} of ${plural(p.count, 'instance')} of ${p.name} running; ${ended}`, next: ['correct what AWS names, then start another run: the request of this one answers with the same instances', LAUNCH_GUIDE] };
    if (alive.some((i) => isOfAll(token, i))) return { state: 'pending', because: `${alive.length} of ${p.count} launched instances can be seen`, waitingFor: 'aws' };
    if (stopping.length > stopped.length) return { state: 'pending', because: `${plural(stopping.length, 'instance')} still stopping`, waitingFor: 'aws' };
    // What was launched one by one need not be all; and what has just been launched may not show yet.
    if (alive.some((i) => isOf(token, i)) && lastsFor(ctx, `launched.${p.name}.${alive.length}`) < SHOWS_MS) return { state: 'pending', because: `${alive.length} of ${p.count} launched instances can be seen`, waitingFor: 'aws' };
    willStart(ctx, p.name, stopped);
    return { state: 'absent', because: `${alive.length} of ${plural(p.count, 'instance')} of ${p.name} running` };
  }
  const up = await instancesUp(ctx.effects.aws, p.region, alive.map(idOf), { signal: ctx.signal });
  return checksPassed(up, p.count);
}

/** By then an instance that was launched is shown. Milliseconds. */
const SHOWS_MS = 30_000;

/** What AWS says of instances that were launched with this token and have ended; empty where there are none. */
async function endedAtOnce(ctx: StepContext, p: Params, token: string | undefined): Promise<string> {
  const gone = await findInstances(ctx.effects.aws, p.region, { Filters: launchedFilters(ctx.runbook, p.name, GONE) }, { signal: ctx.signal });
  return whyEnded(gone.filter((i) => isOf(token, i)));
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const choice = readLaunch(ctx, p.name);
  if (choice === undefined) throw new Error(`no image of ${p.name} was chosen`);
  const { alive, stopped } = await look(ctx, p);
  const missing = p.count - alive.length;
  const tried: string[] = [];
  const started = stopped.length > 0 && (await start(ctx, p.region, stopped)) === 'started';
  if (stopped.length > 0 && !started) tried.push(`none to start ${stopped.join(', ')} again`);
  const count = missing - (started ? stopped.length : 0);
  if (count > 0) await launchRest(ctx, p, { ...choice, count, tried });
}

async function launchRest(ctx: StepContext, p: Params, choice: { image: string; version: string; token: string; count: number; tried: string[] }): Promise<void> {
  const { count, tried } = choice;
  const wish = {
    region: p.region,
    what: { LaunchTemplate: { ...templateName(p.template), Version: choice.version }, ImageId: choice.image },
    count,
    tags: launchedTags(ctx.runbook, p.name),
    token: `dr-${choice.token}-${count}`,
    types: [undefined, ...p.types],
    subnets: p.subnets.length === 0 ? [undefined] : p.subnets,
  };
  const begun = singlyFact.has(ctx, p.name);
  if (!begun && (await launchWhereThereIsRoom(ctx, wish, tried))) return;
  // No place has room for all: several may have room for some. The number of each is its own also in a later attempt, so that none is launched twice.
  let launched = 0;
  if (begun || count > 1) {
    singlyFact.record(ctx, p.name, true);
    while (launched < count && (await launchWhereThereIsRoom(ctx, { ...wish, count: 1, token: `${singly(choice.token)}${p.count - count + launched}` }, begun ? tried : []))) launched += 1;
  }
  if (launched > 0) tried.push(`one by one ${launched} of ${count} were launched`);
  if (launched < count) throw noCapacity(p.name, p.region, tried, `name other \`types\` or \`subnets\` for ${p.name} in the runbook; then: dr resume`);
}

const LOOK_MS = 5_000;

/** Stopped, not terminated: whether anything on them is wanted is for a person to say. */
async function undo(ctx: StepContext, p: Params): Promise<void> {
  const token = readLaunch(ctx, p.name)?.token;
  const started = new Set(startedBefore(ctx, p.name));
  for (;;) {
    const { alive } = await look(ctx, p);
    const mine = alive.filter((i) => started.has(idOf(i)) || isOf(token, i)).map(idOf);
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
  holds: observe,
});
