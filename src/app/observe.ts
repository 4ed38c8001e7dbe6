import { AwsError } from '../aws/errors.ts';
import { callerIdentity } from '../aws/identity.ts';
import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Effects } from '../effects/effects.ts';
import type { ObserveContext } from '../model/kind.ts';
import { traitsOf, type Verb, verbFlag } from '../model/verb.ts';
import { knownKind, stepsOfKind } from '../kinds/registry.ts';
import type { ObservedResource } from '../plan/compile.ts';
import type { LoadedRunbook, Runbook } from '../runbook/runbook.ts';

export interface Direction {
  verb: Verb;
  /** The region that is active when the plan has been run. A reprotect finds it by itself where it can be told. */
  region?: string | undefined;
  /** The region that is left, where it cannot be inferred. */
  from?: string | undefined;
  /** reprotect: the one region to rebuild. Default: every region whose standby does not follow the active one. */
  standby?: string | undefined;
  /** Of a drill whose plan was made before: see `Plan.drill`. */
  drillMark?: string | undefined;
}

export interface Observed {
  account: string;
  identity: string;
  target: string;
  source: string;
  /** reprotect: every region that is rebuilt, the source first. */
  rebuild?: readonly string[];
  resources: readonly ObservedResource[];
}

/**
 * Looks at every resource. A failover and a switchover ask only the target region and global services, for the source may
 * be dead; a reprotect asks the regions one by one which of them is active.
 * @throws DrError: unknown region, already active, no credentials, AWS silent where it is needed.
 */
export async function observe(effects: Effects, loaded: LoadedRunbook, direction: Direction, signal?: AbortSignal): Promise<Observed> {
  const { verb, region, from, standby } = direction;
  for (const named of [region, from, standby]) if (named !== undefined) mustKnow(named, loaded);
  if (traitsOf(verb).rebuilds) return observeStandby(effects, loaded, direction, signal);
  if (region === undefined) throw new Error(`a ${verb} needs a region`);
  if (from === region) throw unlike('--from', region);
  const view = await lookFrom(region, effects, loaded, { verb, source: from, signal });
  return { ...view, target: region, source: sourceOf(view, loaded.runbook, verb, from) };
}

async function observeStandby(effects: Effects, loaded: LoadedRunbook, direction: Direction, signal: AbortSignal | undefined): Promise<Observed> {
  const { runbook } = loaded;
  const { verb, region, standby } = direction;
  if (region !== undefined && region === standby) throw unlike('--standby', region);
  const asked = region === undefined ? runbook.regions.map((r) => r.id) : [region];
  const looks = await Promise.allSettled(asked.map((id) => lookFrom(id, effects, loaded, { verb, source: standby, signal })));
  const views = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
  const errors = looks.flatMap((look) => (look.status === 'rejected' ? [look.reason as unknown] : []));
  if (views.length === 0) throw errors[0];
  const view = activeView(views, runbook, region, errors);
  const rebuild = toRebuild(view, runbook, standby);
  return { ...view, target: view.region, source: rebuild[0] ?? '', rebuild };
}

/** What the resources look like from one region. @throws DrError */
async function lookFrom(
  target: string,
  effects: Effects,
  loaded: LoadedRunbook,
  options: { verb: Verb; source: string | undefined; signal: AbortSignal | undefined },
): Promise<RegionView> {
  const { runbook } = loaded;
  const regions = runbook.regions.map((r) => r.id);
  const context: ObserveContext = { effects, verb: options.verb, strategy: runbook.strategy, target, source: options.source, regions, signal: options.signal };
  try {
    const looks = Promise.all(runbook.resources.map((resource) => observeResource(resource, context)));
    // At the same time, but an error of the identity is given first: without it nothing else can be right.
    looks.catch(() => undefined);
    const identity = await callerIdentity(effects.aws, target, { signal: options.signal });
    const resources = await looks;
    return { region: target, account: identity.account, identity: identity.arn, resources };
  } catch (error) {
    throw error instanceof AwsError ? awsFailure(error, target, regions.filter((id) => id !== target)) : error;
  }
}

async function observeResource(resource: LoadedRunbook['runbook']['resources'][number], context: ObserveContext): Promise<ObservedResource> {
  const kind = await knownKind(resource.kind);
  const state = await kind.observe(context, resource.resource);
  return { ...resource, state, draft: (ctx) => stepsOfKind(kind, ctx, resource.name, resource.resource, state) };
}

function mustKnow(region: string, loaded: LoadedRunbook): void {
  if (!loaded.runbook.regions.some((r) => r.id === region)) throw unknownRegion(region, loaded);
}

function unlike(flag: string, region: string): DrError {
  return new DrError({ code: 'SAME_REGION', exit: 'usage', title: `${flag} and --region both say ${region}.`, next: ['name two regions'] });
}

function unknownRegion(target: string, loaded: LoadedRunbook): DrError {
  const regions = loaded.runbook.regions;
  const near = nearest(target, regions.flatMap((r) => [r.id, r.name]));
  const id = regions.find((r) => r.id === near || r.name === near)?.id;
  return new DrError({
    code: 'REGION_UNKNOWN',
    exit: 'usage',
    title: `${loaded.runbook.name} has no region "${target}".`,
    detail: `${loaded.path} names: ${regions.map((r) => `${r.id} (${r.name})`).join(', ')}.`,
    next: id === undefined ? [] : [`did you mean --region ${id}?`],
  });
}

/** An AWS error where an answer is needed, with what to do about it. `others`: the further regions of the runbook. */
export function awsFailure(error: AwsError, target: string, others: readonly string[] = []): DrError {
  if (error.isCredentials) {
    return new DrError({
      code: 'NO_CREDENTIALS',
      exit: 'aws',
      title: 'There are no usable AWS credentials.',
      detail: error.message,
      next: ['export AWS_PROFILE=… (aws configure list-profiles shows which there are), or log in: aws sso login', `aws sts get-caller-identity --region ${target}    must work`],
      cause: error,
    });
  }
  if (error.isClock) {
    return new DrError({
      code: 'CLOCK_OFF',
      exit: 'aws',
      title: 'The clock of this machine is wrong, and AWS refuses what is signed with it.',
      detail: error.message,
      next: ['set the clock: sudo timedatectl set-ntp true, or sudo sntp -sS time.aws.com', 'try again'],
      cause: error,
    });
  }
  if (error.unreachable) {
    return new DrError({
      code: 'AWS_SILENT',
      exit: 'aws',
      title: `${error.service} in ${error.region} does not answer, and this command needs it.`,
      detail: error.message,
      next:
        error.service === 'route53'
          ? [`Route 53 is controlled from ${error.region} alone; \`switch: object\` in the runbook does not need it`, 'try again']
          : [...(error.region === target ? others.map((id) => `--region is the region to make active; if ${target} is down: --region ${id}`) : []), 'check the network of this machine, AWS_ENDPOINT_URL, and the AWS Health Dashboard', 'try again'],
      cause: error,
    });
  }
  if (error.saysNothing) {
    return new DrError({
      code: 'AWS_MALFORMED',
      exit: 'aws',
      title: `What answers for ${error.service} in ${error.region} is not AWS, or cannot be understood.`,
      detail: error.message,
      next: ['check the proxy and the network of this machine (a sign-in page?), and AWS_ENDPOINT_URL', 'try again'],
      cause: error,
    });
  }
  return new DrError({
    code: 'AWS_REFUSED',
    exit: 'aws',
    title: `AWS refused ${error.service}:${error.operation} in ${error.region}.`,
    detail: error.message,
    next: error.code.startsWith('AccessDenied') ? howToAllow(error) : [],
    cause: error,
  });
}

/**
 * Route 53 has no resource policies: a zone of another account cannot be opened to these credentials. It answers then "is not
 * authorized to access this resource", and names no action, as IAM does.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/access-control-overview.html
 */
function howToAllow(error: AwsError): string[] {
  // The plan lists every permission, and cannot be made without this one.
  const allow = 'allow that to these credentials; then dr plan --iam lists everything that they need';
  if (error.service !== 'route53' || error.message.includes('to perform')) return [allow];
  return [
    'the hosted zone probably belongs to another AWS account: dr uses one account for each application, and a role for each zone is not supported yet',
    `if the zone is in this account: allow route53:${error.operation} to these credentials`,
  ];
}

/*
 * Which region an application is active in, from what its resources say. Data decides; traffic where there is no data,
 * and where data contradicts itself: an old writer that has come back calls itself a writer too.
 */

interface RegionView {
  region: string;
  account: string;
  identity: string;
  resources: readonly ObservedResource[];
}

/** What a resource of a section says of where it is active. A kind that cannot tell says nothing. */
function told(resources: readonly ObservedResource[], section: string): (readonly string[])[] {
  return resources.filter((r) => r.section === section && r.state.activeIn.length > 0).map((r) => r.state.activeIn);
}

function said(view: RegionView): string {
  return view.resources.filter((r) => r.state.activeIn.length > 0).map((r) => `${r.section}.${r.name}: ${r.state.because}`).join('\n');
}

/** The region that a failover or a switchover leaves. @throws DrError: already active, or it cannot be told. */
function sourceOf(view: RegionView, runbook: Runbook, verb: Verb, named: string | undefined): string {
  const { region: target, resources } = view;
  const regions = runbook.regions.map((r) => r.id);
  const active = [...told(resources, 'databases'), ...told(resources, 'traffic')].flat();
  const others = regions.filter((region) => region !== target);
  if (active.length > 0 && active.every((region) => region === target)) {
    throw new DrError({
      code: 'ALREADY_ACTIVE',
      exit: 'refused',
      title: `${runbook.name} is active in ${target} already.`,
      detail: said(view),
      next: [`dr plan${verbFlag(verb)} --region ${others[0] ?? 'REGION'}    for the other direction`],
    });
  }
  const elsewhere = [...new Set(active.filter((region) => region !== target))];
  if (named !== undefined) {
    if (elsewhere.length === 0 || elsewhere.includes(named)) return named;
    throw new DrError({
      code: 'SOURCE_MISMATCH',
      exit: 'refused',
      title: `${runbook.name} is not active in ${named}, but in ${elsewhere.join(' and ')}.`,
      detail: said(view),
      next: elsewhere.map((region) => `--from ${region}`),
    });
  }
  const source = elsewhere[0] ?? (others.length === 1 ? others[0] : undefined);
  if (source !== undefined && elsewhere.length <= 1 && regions.includes(source)) return source;
  throw new DrError({
    code: 'SOURCE_UNKNOWN',
    exit: 'refused',
    title: `It is not clear which region of ${runbook.name} is to be left.`,
    detail: resources.map((r) => `${r.section}.${r.name}: ${r.state.because}`).join('\n'),
    next: (elsewhere.length > 0 ? elsewhere : others).map((region) => `dr ${verb} --region ${target} --from ${region}`),
  });
}

/** The one view whose region is active. `named` is the region that a person said, `errors` what regions could not be asked for. */
function activeView(views: readonly RegionView[], runbook: Runbook, named: string | undefined, errors: readonly unknown[]): RegionView {
  const active = views.filter(isActive);
  const first = active[0];
  // Of several writers each names all the others; two that do not know of each other contradict.
  const agree = first !== undefined && active.every((view) => view.resources.every((r) => r.state.activeIn.length === 0 || r.state.activeIn.includes(first.region)));
  if (first !== undefined && agree) return first;
  if (first !== undefined) {
    throw new DrError({
      code: 'TARGET_UNKNOWN',
      exit: 'refused',
      title: `${active.map((v) => v.region).join(' and ')} both claim to be the active region of ${runbook.name}.`,
      detail: active.map(said).join('\n'),
      next: active.map((v) => `dr reprotect --region ${v.region}    when ${v.region} is the one to keep`),
    });
  }
  const causes = errors.filter((e) => e instanceof DrError).map((e) => e.message);
  throw new DrError({
    code: 'NOT_ACTIVE',
    exit: 'refused',
    title: named === undefined ? `No region of ${runbook.name} is active as a whole.` : `${runbook.name} is not active in ${named}: there is nothing to protect.`,
    detail: [...views.map(said), ...causes].filter((line) => line !== '').join('\n'),
    next: ['dr status    an unfinished run may be the reason', `dr failover --region ${named ?? 'REGION'}    makes it active first`],
  });
}

function isActive({ region, resources }: RegionView): boolean {
  const claims = [...told(resources, 'databases'), ...told(resources, 'traffic')];
  return claims.length > 0 && claims.every((regions) => regions.includes(region));
}

/** The regions whose standby a reprotect rebuilds. @throws DrError when all follow already. */
function toRebuild(view: RegionView, runbook: Runbook, named: string | undefined): readonly string[] {
  if (named === view.region) {
    throw new DrError({
      code: 'STANDBY_ACTIVE',
      exit: 'refused',
      title: `${named} is the active region of ${runbook.name}: it cannot be its standby.`,
      detail: said(view),
      next: [`dr reprotect --standby ${runbook.regions.find((r) => r.id !== named)?.id ?? 'REGION'}`],
    });
  }
  if (named !== undefined) return [named];
  const others = runbook.regions.map((r) => r.id).filter((id) => id !== view.region);
  const following = view.resources.flatMap((r) => (r.state.standbys === undefined ? [] : [r.state.standbys]));
  const missing = others.filter((id) => following.length === 0 || following.some((regions) => !regions.includes(id)));
  if (missing.length > 0) return missing;
  throw new DrError({
    code: 'ALREADY_PROTECTED',
    exit: 'refused',
    title: `${runbook.name} is protected already: ${others.join(' and ')} ${others.length === 1 ? 'follows' : 'follow'} ${view.region}.`,
    detail: said(view),
    next: others.map((id) => `dr reprotect --standby ${id}    looks at it all the same, and mends what is missing`),
  });
}
