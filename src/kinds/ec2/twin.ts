import * as z from 'zod';
import { type Ec2Instance, findInstances, instancesUp } from '../../aws/ec2.ts';
import { AwsError } from '../../aws/errors.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import { arnIn } from '../../base/arn.ts';
import { sha256 } from '../../base/json.ts';
import { plural } from '../../base/plural.ts';
import { partitionOf } from '../../base/regions.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import type { Observation, Permission, Refusal, StepContext, Verdict } from '../../model/step.ts';
import { allow, refused, stepKind } from '../common.ts';
import { deleteTwin, type FoundTwin, isTwinName, mayNotDelete, nameTaken, notOurTwin, runOfTwin, type Suspect, TWIN, TWIN_NAMES, twinAccepted, twinName, twinTags } from '../twins.ts';
import { launchWhereThereIsRoom } from './launch-request.ts';
import { GROUP_TAG, RUNBOOK_TAG, tagOf } from './ours.ts';
import { checksPassed, LAUNCH_GUIDE, noCapacity, whyEnded } from './launch-reasons.ts';
import { twinLaunches, twinParts, unfitSource } from './twin-source.ts';

/* Twins of instances that no group launches: in no target group, so that no user is led to them. Found also by client token: anybody can change a name. */

/** Of a tag. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const NAME_MAX = 255;

const params = z.strictObject({ ...twinParts, twin: z.string() });
type Params = z.infer<typeof params>;

/** An id that no instance has: by it the right to terminate is asked for. */
const NOBODY = 'i-00000000000000000';
const ACT_MS = 300_000;

function resourceOf({ region, twin }: Pick<Params, 'region' | 'twin'>): string {
  return `ec2:${region}:${twin}`;
}

function tokenOf(ctx: StepContext, { twin }: Params): string {
  return `dr-drill-${sha256(`${ctx.run.id} ${twin}`).slice(0, 16)}`;
}

function suspect(p: Params, instance: Ec2Instance): Suspect {
  return { name: tagOf(instance, 'Name') ?? instance.InstanceId ?? '', resource: resourceOf(p), tags: instance.Tags };
}

interface Seen {
  /** Proven to be twins of this run, and not terminated. */
  ours: Ec2Instance[];
  /** They have the name or the token, and do not prove to be ours. */
  strangers: Ec2Instance[];
  gone: Ec2Instance[];
}

async function look(ctx: StepContext, p: Params): Promise<Seen> {
  const ask = (name: string, value: string) => findInstances(ctx.effects.aws, p.region, { Filters: [{ Name: name, Values: [value] }] }, { signal: ctx.signal });
  const [named, launched] = await Promise.all([ask('tag:Name', p.twin), ask('client-token', `${tokenOf(ctx, p)}-*`)]);
  const byId = new Map([...named, ...launched].map((instance) => [instance.InstanceId ?? '', instance]));
  const all = [...byId.values()].toSorted((a, b) => ((a.InstanceId ?? '') < (b.InstanceId ?? '') ? -1 : 1));
  const isOurs = (instance: Ec2Instance) => notOurTwin(ctx, suspect(p, instance)) === undefined;
  const [there, gone] = [all.filter((instance) => !isOver(instance)), all.filter(isOver)];
  return { ours: there.filter(isOurs), strangers: there.filter((instance) => !isOurs(instance)), gone: gone.filter(isOurs) };
}

function isOver(instance: Ec2Instance): boolean {
  const { gone, going } = ec2InstanceState(instance);
  return gone === 'yes' && going !== true;
}

function isGoing(instance: Ec2Instance): boolean {
  return ec2InstanceState(instance).going === true;
}

function strangerRefusal(ctx: StepContext, p: Params, [stranger]: readonly Ec2Instance[]): Refusal | undefined {
  if (stranger === undefined) return undefined;
  const observed = `${stranger.InstanceId ?? ''} in ${p.region} has the name ${p.twin} already: ${notOurTwin(ctx, suspect(p, stranger)) ?? ''}`;
  return nameTaken(observed, 'what somebody else has made would be taken for a twin');
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const { ours, strangers } = await look(ctx, p);
  const no = strangerRefusal(ctx, p, strangers) ?? (await unfitSource(ctx, p)) ?? (ours.length === 0 ? await mayNotTerminate(ctx, p) : undefined);
  return no === undefined ? { state: 'ok', because: `${p.twin} can be launched, and nobody has the name` } : refused(no);
}

/** Of an id that does not exist, and as a dry run. Where AWS looks for the instance first, nothing is learnt, and nothing refused. */
function mayNotTerminate(ctx: StepContext, p: Params): Promise<Refusal | undefined> {
  const ask = async () => {
    try {
      await ctx.effects.aws.call({ service: 'ec2', region: p.region, operation: 'TerminateInstances', input: { InstanceIds: [NOBODY], DryRun: true }, signal: ctx.signal });
    } catch (error) {
      if (!(error instanceof AwsError) || (error.code !== 'DryRunOperation' && !error.code.startsWith('InvalidInstanceID'))) throw error;
    }
  };
  return mayNotDelete(ctx, ask, { twin: p.twin, right: `ec2:TerminateInstances on instance/${NOBODY}, and on instances whose tag Name is ` });
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const { ours, strangers, gone } = await look(ctx, p);
  const no = strangerRefusal(ctx, p, strangers);
  if (no !== undefined) return refused(no);
  const ending = [...gone, ...ours.filter(isGoing)];
  const ended = whyEnded(ending);
  if (ending.length > 0) return { state: 'impossible', because: `${p.twin} has ended${ended === '' ? '' : `; ${ended}`}`, next: ['correct what AWS names, then start another drill', LAUNCH_GUIDE] };
  if (ours.length < p.size) {
    // A launch from a template is all or nothing: if some of it can be seen, the rest will be.
    if (ours.length > 0 && p.from.by === 'template') return { state: 'pending', because: `${ours.length} of ${p.size} twins can be seen`, waitingFor: 'aws' };
    return { state: 'absent', because: ours.length === 0 ? `there is no ${p.twin} in ${p.region}` : `${ours.length} of ${p.size} twins were launched` };
  }
  return checksPassed(await instancesUp(ctx.effects.aws, p.region, ours.map(({ InstanceId = '' }) => InstanceId), { signal: ctx.signal }), p.size);
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const tags = [...twinTags(ctx), { Key: 'Name', Value: p.twin }];
  // Each request again: AWS answers one that it knows with what it has launched.
  for (const [i, made] of (await twinLaunches(ctx, p)).entries()) {
    const tried: string[] = [];
    if (!(await launchWhereThereIsRoom(ctx, { ...made, tags, token: `${tokenOf(ctx, p)}-${i}` }, tried))) throw noCapacity(p.name, p.region, tried, `a failover would fail the same way now: name other \`types\` for ${p.name} in the runbook`);
  }
  twinAccepted(ctx, resourceOf(p));
}

function undo(ctx: StepContext, p: Params): Promise<void> {
  return deleteTwin<Seen>(ctx, resourceOf(p), {
    find: async () => {
      const seen = await look(ctx, p);
      return seen.ours.length + seen.strangers.length === 0 ? undefined : seen;
    },
    // What is ours goes first; then somebody else's is named.
    suspect: ({ ours, strangers }) => suspect(p, ours[0] ?? strangers[0] ?? {}),
    isGoing: ({ ours, gone }) => ours.every(isGoing) && ours.length + gone.length >= p.size,
    ask: async ({ ours, gone }) => {
      const InstanceIds = ours.filter((instance) => !isGoing(instance)).map(({ InstanceId = '' }) => InstanceId);
      if (InstanceIds.length === 0) return false;
      try {
        await ctx.effects.aws.call({ service: 'ec2', region: p.region, operation: 'TerminateInstances', input: { InstanceIds }, signal: ctx.signal });
      } catch (error) {
        // Old reads: the next look decides.
        if (error instanceof AwsError && error.code.startsWith('InvalidInstanceID')) return false;
        throw error;
      }
      // One that was launched with these may not be seen yet.
      return ours.length + gone.length >= p.size;
    },
  });
}

/** An instance that has the name or the tag of a twin. Those of a group go with the group. */
export function foundInstance(region: string, instance: Ec2Instance): FoundTwin | undefined {
  const { InstanceId: id = '', InstanceType: type, LaunchTime: made, Tags: tags } = instance;
  const name = tagOf(instance, 'Name') ?? id;
  const run = runOfTwin(tags);
  if (tagOf(instance, GROUP_TAG) !== undefined || isOver(instance) || (run === undefined && !isTwinName(name))) return undefined;
  return {
    resource: resourceOf({ region, twin: name }),
    name,
    where: region,
    run,
    madeAt: made?.getTime(),
    going: isGoing(instance),
    rented: [{ what: 'instance', class: type, count: 1 }],
    byHand: `aws ec2 terminate-instances --region ${region} --instance-ids ${id}`,
  };
}

export const twinInstances = stepKind<Params>({ params, check, observe, act, actMs: () => ACT_MS, undo, made: async (ctx, p) => (await look(ctx, p)).ours.length > 0 || (await launchedUnproven(ctx, p)) });

/** The tag says that it is of this run, although its journal does not. */
async function launchedUnproven(ctx: StepContext, p: Params): Promise<boolean> {
  return (await look(ctx, p)).strangers.some((instance) => runOfTwin(instance.Tags) === ctx.run.id);
}

/**
 * Only with the tags of this drill, and from the template, where there is one; terminated is only what carries them.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html
 */
function twinRights(ctx: DrillContext, region: string, from: Params['from']): Permission[] {
  const arn = (part: string) => arnIn(region, 'ec2', ctx.account, part);
  const ofAws = ['image/*', 'snapshot/*'].map((part) => arnIn(region, 'ec2', '', part));
  const others = ['volume/*', 'network-interface/*', 'security-group/*', 'key-pair/*', 'subnet/*'].map(arn);
  const template = from.by === 'template' ? arn(`launch-template/${from.template.id ?? '*'}`) : undefined;
  const byTemplate = template === undefined ? undefined : { ArnLike: { 'ec2:LaunchTemplate': [template] } };
  const tags = (where: string) => ({ StringEquals: { [`aws:${where}/${RUNBOOK_TAG}`]: [ctx.runbook] }, StringLike: { [`aws:${where}/Name`]: [TWIN_NAMES] } });
  return [
    allow(['ec2:DescribeInstances', 'ec2:DescribeInstanceStatus', 'ec2:DescribeImages', 'ec2:DescribeLaunchTemplateVersions'], ['*']),
    allow(['ec2:RunInstances'], [arn('instance/*')], { ...byTemplate, ...tags('RequestTag') }),
    allow(['ec2:RunInstances'], [...ofAws, ...others, ...(template === undefined ? [] : [template])], byTemplate),
    allow(['ec2:CreateTags'], [arn('instance/*')], { StringEquals: { 'ec2:CreateAction': ['RunInstances'] } }),
    allow(['ec2:TerminateInstances'], [arn('instance/*')], tags('ResourceTag')),
    // Nobody has it: with it the right is asked for before anything is launched.
    allow(['ec2:TerminateInstances'], [arn(`instance/${NOBODY}`)]),
    ...(template === undefined ? [] : [allow(['iam:PassRole'], [`arn:${partitionOf(region)}:iam::${ctx.account}:role/*`], { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com'] } })]),
  ];
}

export function twinInstancesStep(ctx: DrillContext, name: string, parts: Pick<Params, 'from' | 'size' | 'types'>): StepDraft {
  const region = ctx.target;
  const twin = twinName(ctx, name, NAME_MAX);
  const how = parts.from.by === 'template' ? `from the template of ${name}` : `from the image of a stopped one of ${name}`;
  return {
    step: 'twinInstances',
    phase: 'compute',
    reversibility: 'compensable',
    title: `Launch ${plural(parts.size, 'instance')} as ${twin}, ${how}`,
    params: { name, region, twin, ...parts } satisfies Params,
    controlPlanes: [`ec2@${region}`],
    permissions: twinRights(ctx, region, parts.from),
    estimate: { p50: 120, p95: 300, basis: 'launch, boot and both status checks; it is in no target group' },
    limitMs: 1_800_000,
    changes: [{ resource: resourceOf({ region, twin }), field: TWIN, before: 'none', after: `${plural(parts.size, 'instance')} ${how}` }],
  };
}
