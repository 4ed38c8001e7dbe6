import { AwsError } from '../aws/errors.ts';
import { callerIdentity } from '../aws/identity.ts';
import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Effects } from '../effects/effects.ts';
import type { ObserveContext, ResourceKind } from '../kinds/kind.ts';
import { loadKind } from '../kinds/registry.ts';
import type { ObservedResource } from '../plan/compile.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';

/** What a plan is made from, besides the runbook. */
export interface Observed {
  account: string;
  /** The caller's ARN. */
  identity: string;
  source: string;
  resources: readonly ObservedResource[];
}

/**
 * Looks at every resource, asking only the target region and global services: the source may be dead.
 * @throws DrError: unknown region, already active, no credentials, AWS silent where it is needed.
 */
export async function observeForFailover(effects: Effects, loaded: LoadedRunbook, target: string, signal?: AbortSignal): Promise<Observed> {
  const { runbook } = loaded;
  const regions = runbook.regions.map((r) => r.id);
  if (!regions.includes(target)) throw unknownRegion(target, loaded);
  const context: ObserveContext = { effects, verb: 'failover', strategy: runbook.strategy, target, regions, signal };
  try {
    const [identity, ...resources] = await Promise.all([
      callerIdentity(effects.aws, target, { signal }),
      ...runbook.resources.map((resource) => observeResource(resource, context)),
    ]);
    const source = sourceOf(resources, target, regions, runbook.name);
    return { account: identity.account, identity: identity.arn, source, resources };
  } catch (error) {
    throw error instanceof AwsError ? awsFailure(error, target) : error;
  }
}

async function observeResource(resource: LoadedRunbook['runbook']['resources'][number], context: ObserveContext): Promise<ObservedResource> {
  const kind = (await loadKind(resource.kind)) as unknown as ResourceKind<unknown> | undefined;
  if (kind === undefined) throw new Error(`the kind ${resource.kind} is gone since the runbook was read`);
  const state = await kind.observe(context, resource.resource);
  return { ...resource, state, draft: (ctx) => kind.plan(ctx, resource.name, resource.resource, state) };
}

/** Data decides where an application is; traffic where there is no data. */
function sourceOf(resources: readonly ObservedResource[], target: string, regions: readonly string[], name: string): string {
  const told = (section: string) =>
    resources.filter((r) => r.section === section).flatMap((r) => [...r.state.activeIn]);
  const active = [...told('databases'), ...told('traffic')];
  if (active.length > 0 && active.every((region) => region === target)) {
    throw new DrError({
      code: 'ALREADY_ACTIVE',
      exit: 'refused',
      title: `${name} is active in ${target} already.`,
      detail: resources.filter((r) => r.state.activeIn.length > 0).map((r) => `${r.section}.${r.name}: ${r.state.because}`).join('\n'),
      next: [`dr plan --region ${regions.find((r) => r !== target) ?? 'REGION'}    for the other direction`],
    });
  }
  const elsewhere = [...new Set(active.filter((region) => region !== target))];
  const others = regions.filter((region) => region !== target);
  const source = elsewhere[0] ?? (others.length === 1 ? others[0] : undefined);
  if (source !== undefined && elsewhere.length <= 1 && regions.includes(source)) return source;
  throw new DrError({
    code: 'SOURCE_UNKNOWN',
    exit: 'refused',
    title: `It is not clear which region of ${name} is active now.`,
    detail: resources.map((r) => `${r.section}.${r.name}: ${r.state.because}`).join('\n'),
    next: ['bring the resources of the runbook into one state, or correct the runbook'],
  });
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

/** An AWS error where an answer is needed, with what to do about it. */
export function awsFailure(error: AwsError, target: string): DrError {
  if (error.isCredentials) {
    return new DrError({
      code: 'NO_CREDENTIALS',
      exit: 'aws',
      title: 'There are no usable AWS credentials.',
      detail: error.message,
      next: ['export AWS_PROFILE=…, or log in: aws sso login', `aws sts get-caller-identity --region ${target}    must work`],
      cause: error,
    });
  }
  if (error.unreachable) {
    return new DrError({
      code: 'AWS_SILENT',
      exit: 'aws',
      title: `${error.service} in ${error.region} does not answer, and is needed.`,
      detail: error.message,
      next:
        error.service === 'route53'
          ? ['the Route 53 control plane stands in us-east-1; `switch: object` in the runbook needs none of it', 'try again']
          : ['check the network of this machine, AWS_ENDPOINT_URL, and the AWS Health Dashboard', 'try again'],
      cause: error,
    });
  }
  return new DrError({
    code: 'AWS_REFUSED',
    exit: 'aws',
    title: `AWS refused ${error.service}:${error.operation} in ${error.region}.`,
    detail: error.message,
    next: error.code.startsWith('AccessDenied') ? ['dr plan --region REGION lists the IAM permissions that are needed'] : [],
    cause: error,
  });
}
