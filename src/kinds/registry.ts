import { approvalSchema } from '../approvals/people.ts';
import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { AnyResourceKind, PlanContext, ResourceKind, ResourceState, StepDraft } from '../model/kind.ts';
import type { AnyOwnKind, Frame, OwnKind } from './own-steps/frame.ts';
import type { AnyStepKind, Origin, PlanStep } from '../model/step.ts';

/* Every kind there is. Only what a runbook or a plan names is loaded. A new kind is its file and one line here. */

type Lazy<T> = () => Promise<{ default: T }>;
type Kinds<T> = Readonly<Record<string, Lazy<T>>>;

/** Here alone a kind's own type is given up: its schema has parsed what its functions get. */
const resource = <R>(load: Lazy<ResourceKind<R>>) => load as unknown as Lazy<AnyResourceKind>;
const custom = <S extends Frame>(load: Lazy<OwnKind<S>>) => load as unknown as Lazy<AnyOwnKind>;

/** Kinds of resources, by their name in a runbook. */
const RESOURCES: Kinds<AnyResourceKind> = {
  'auto-scaling-group': resource(() => import('./resources/auto-scaling-group.ts')),
  'ec2-image': resource(() => import('./resources/ec2-image.ts')),
  'ec2-instances': resource(() => import('./resources/ec2-instances.ts')),
  'rds-backup': resource(() => import('./resources/rds-backup.ts')),
  'rds-read-replica': resource(() => import('./resources/rds-read-replica.ts')),
  'rds-writers': resource(() => import('./resources/rds-writers.ts')),
  'route53-failover': resource(() => import('./resources/route53-failover.ts')),
  'route53-geolocation': resource(() => import('./resources/route53-geolocation.ts')),
  'route53-latency': resource(() => import('./resources/route53-latency.ts')),
  'route53-simple': resource(() => import('./resources/route53-simple.ts')),
  'route53-weighted': resource(() => import('./resources/route53-weighted.ts')),
};

/** Kinds of custom steps, by their name in a runbook; `own.<name>` in a plan. */
const CUSTOM_STEPS: Kinds<AnyOwnKind> = {
  command: custom(() => import('./custom/command.ts')),
  'http-request': custom(() => import('./custom/http-request.ts')),
  'lambda-invoke': custom(() => import('./custom/lambda-invoke.ts')),
  manual: custom(() => import('./custom/manual.ts')),
  sql: custom(() => import('./custom/sql.ts')),
  wait: custom(() => import('./custom/wait.ts')),
};

/** Steps that belong to no resource; `run.<name>` in a plan. */
export const COMMON_STEPS = {
  approval: () => import('./common-steps/approval.ts'),
  'assess-users': () => import('./common-steps/assess-users.ts'),
  'drill-assertion': () => import('./common-steps/drill-assertion.ts'),
  'drill-probe': () => import('./common-steps/drill-probe.ts'),
  'flap-guard': () => import('./common-steps/flap-guard.ts'),
  gather: () => import('./common-steps/gather.ts'),
  'hold-probe': () => import('./common-steps/hold-probe.ts'),
  'judge-source': () => import('./common-steps/judge-source.ts'),
  'notify-slack': () => import('./common-steps/notify-slack.ts'),
  'notify-sns': () => import('./common-steps/notify-sns.ts'),
  'source-healthy': () => import('./common-steps/source-healthy.ts'),
} satisfies Kinds<AnyStepKind>;

export function commonStep(name: keyof typeof COMMON_STEPS): string {
  return `run.${name}`;
}

export function customStep(kind: string): string {
  return `own.${kind}`;
}

/** Who opens a gate, in plans of earlier versions: they say it in its parameters only. */
export function approvalOf({ kind, params }: Pick<PlanStep, 'kind' | 'params'>): Pick<PlanStep, 'approval'> {
  const approval = kind === commonStep('approval') ? approvalSchema.safeParse(params).data : undefined;
  return approval === undefined ? {} : { approval };
}

/** Plans of earlier versions do not say where a step comes from. */
export function originOf(kind: string): Origin {
  const [prefix] = kind.split('.');
  return prefix === 'run' ? 'common' : prefix === 'own' ? 'custom' : 'resource';
}

/** What was loaded: an `import()` asks the loader each time, and a rehearsal asks for the same few kinds by the thousand. */
const known = new WeakMap<Lazy<unknown>, unknown>();

async function load<T>(kinds: Kinds<T>, name: string): Promise<T | undefined> {
  const lazy = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (lazy === undefined) return undefined;
  const found = known.get(lazy) ?? (await lazy()).default;
  known.set(lazy, found);
  return found as T;
}

/** Names of all kinds of resources, sorted. */
export const KIND_NAMES: readonly string[] = Object.keys(RESOURCES);

/** Names of all kinds of custom steps, sorted. */
export const OWN_KIND_NAMES: readonly string[] = Object.keys(CUSTOM_STEPS);

export function loadKind(name: string): Promise<AnyResourceKind | undefined> {
  return load(RESOURCES, name);
}

export function loadOwnKind(name: string): Promise<AnyOwnKind | undefined> {
  return load(CUSTOM_STEPS, name);
}

/** The same, of a runbook that was loaded: its kinds are known. @throws Error if there is none of that name */
export async function knownKind(name: string): Promise<AnyResourceKind> {
  const kind = await loadKind(name);
  if (kind === undefined) throw new Error(`there is no kind ${name}`);
  return kind;
}

/** The steps that a kind contributes; in a drill those on twins, and undefined where it has none. */
export function stepsOfKind(kind: AnyResourceKind, ctx: PlanContext, name: string, resource: unknown, state: ResourceState): StepDraft[] | undefined {
  const { drill } = ctx;
  return drill === undefined ? kind.plan(ctx, name, resource, state) : kind.drill?.({ ...ctx, drill }, name, resource, state);
}

/** The code of a step by its name in a plan. @throws DrError if this version has no such step */
export async function loadStepKind(name: string): Promise<AnyStepKind> {
  const [prefix = '', step = ''] = name.split('.');
  const { code, known } = await stepsOf(prefix, step);
  if (code === undefined) throw unknownStep(name, known.map((other) => `${prefix}.${other}`));
  return code;
}

async function stepsOf(prefix: string, step: string): Promise<{ code: AnyStepKind | undefined; known: readonly string[] }> {
  if (prefix === 'run') return { code: await load(COMMON_STEPS, step), known: Object.keys(COMMON_STEPS) };
  if (prefix === 'own') return { code: (await loadOwnKind(step))?.step, known: OWN_KIND_NAMES };
  const steps = (await loadKind(prefix))?.steps ?? {};
  return { code: Object.hasOwn(steps, step) ? steps[step] : undefined, known: Object.keys(steps) };
}

function unknownStep(name: string, known: readonly string[]): DrError {
  const near = nearest(name, known);
  return new DrError({
    code: 'STEP_UNKNOWN',
    exit: 'usage',
    title: `This version of dr has no step "${name}".`,
    ...(near === undefined ? {} : { detail: `The nearest is "${near}".` }),
    next: ['make the plan again with this version: dr plan --region REGION --out FILE'],
  });
}
