import type * as z from 'zod';
import type { Json } from '../base/json.ts';
import type { Effects } from '../effects/effects.ts';
import type { Rented } from '../measure/prices.ts';
import type { World } from '../simulator/world.ts';
import type { Discovered, DiscoverContext, Inventory } from './discovery.ts';
import type { Finding } from './finding.ts';
import type { AnyStepKind, Estimate, Looking, Permission, PlanStep } from './step.ts';
import type { Section, Strategy, Verb } from './verb.ts';

/** What a kind may use to look at its resource before there is a plan. */
export interface ObserveContext {
  effects: Effects;
  verb: Verb;
  strategy: Strategy;
  /** The region that is active when the plan has been run. Only this region, and global services, may be asked. */
  target: string;
  /** The region that is left (failover, switchover) or rebuilt (reprotect), where a person named it. */
  source?: string | undefined;
  /** All regions of the runbook, home first. */
  regions: readonly string[];
  signal?: AbortSignal | undefined;
}

/** From where a resource is looked at, for permissions. */
export interface LookContext {
  target: string;
  account: string;
}

/** Between which regions readiness is looked at: for a failover from `source` to `target`, while both are healthy. */
export interface InspectPlace {
  strategy: Strategy;
  objectives: { rpoMs: number; rtoMs: number };
  regions: readonly string[];
  source: string;
  target: string;
  /** Twelve digits. */
  account: string;
}

/** What AWS publishes for a part of the design, percent of a month. */
export interface Sla {
  /** e.g. `RDS Multi-AZ`. */
  what: string;
  percent: number;
  page: string;
  /** It is no region's own. */
  global?: true;
}

/** What a kind gets to say what a failover would launch. */
export interface LaunchContext extends Pick<InspectContext, 'effects' | 'signal' | 'target'> {
  runbook: string;
}

/** Instances that a failover would have EC2 launch or start on demand. */
export interface Launches {
  /** Any of them, as AWS or the plan chooses. */
  types: readonly string[];
  count: number;
}

/** What a load balancer can send users to. */
export interface ServingTarget {
  id: string;
  /** e.g. `ap-northeast-1a`; undefined where AWS does not say. */
  zone: string | undefined;
  healthy: boolean;
  /** e.g. `unhealthy: Target.Timeout`. */
  because: string;
}

/** What a kind gets to look at the readiness of its resource. */
export interface InspectContext extends Omit<InspectPlace, 'account'> {
  runbook: string;
  effects: Effects;
  signal: AbortSignal;
}

/** Up to where a copy has its data. */
export interface PositionSeen {
  /** In words; absent where nobody tells. */
  shown?: string;
  findings: readonly Finding[];
}

/** What is so now, seen without asking any region but the target. */
export interface ResourceState {
  /** Where the resource serves: one region for one writer, several where all answer, none where the kind cannot tell (capacity is nowhere "active"). */
  activeIn: readonly string[];
  because: string;
  /** Regions whose standby follows the active one, as far as that can be seen from it. Absent: the kind cannot tell. */
  standbys?: readonly string[];
  /** What the plan rests on: part of the plan's fingerprint, so only what makes a plan stale when it changes. */
  facts: { readonly [key: string]: Json | undefined };
}

/** Input of a kind when it contributes steps to a plan. */
export interface PlanContext {
  runbook: string;
  verb: Verb;
  strategy: Strategy;
  /** The region that is left (failover, switchover) or rebuilt as the standby (reprotect). */
  source: string;
  /** The region that is active when the plan has been run. */
  target: string;
  /** All regions but the source, the target first: those that carry the load. Of an active-active application without those that are out of every answer. */
  survivors: readonly string[];
  /** The regions that traffic leads users to, as observed; absent or empty: nothing tells. */
  usersIn?: readonly string[];
  objectives: { rpoMs: number; rtoMs: number };
  account: string;
  /** Of a drill: what the names of all its twins have in common. */
  drill?: { mark: string };
}

export type DrillContext = PlanContext & Required<Pick<PlanContext, 'drill'>>;

/** A step before the plan links it to the rest: `after` names steps of the same resource only, by `step`. */
export interface StepDraft extends Omit<PlanStep, 'id' | 'kind' | 'origin' | 'after' | 'beside' | 'gate' | 'optional' | 'env' | 'approval' | 'undoneBy'> {
  /** Key in the kind's `steps`. */
  step: string;
  /** What it is called in the plan, where a kind contributes one step several times. Default: `step`. */
  label?: string;
  gate?: boolean;
  optional?: boolean;
  env?: readonly string[];
  /** The region in which it acts. Default: `region` of its parameters. */
  region?: string;
  /** Of a look at traffic: what the source answers to each name. `observed`: it finds that out, and records it for the look at users, which waits for it. */
  sourceAnswers?: 'observed' | Readonly<Record<string, Json>>;
  after?: readonly string[];
  /** Makes it a guard: see `PlanStep`. */
  beside?: readonly string[];
  /** See `PlanStep`; a step of the same resource. */
  undoneBy?: string;
}

/** A finding of lint: it does not stop a run by itself. */
export interface LintFinding {
  /** Path inside the resource, for line and column. */
  path: readonly (string | number)[];
  message: string;
  severity: 'error' | 'warning';
}

/** AWS resources of one type that a resource of a runbook names, by region. */
export interface NamedIds {
  /** `<service>:<type>`, e.g. `rds:db`. Two kinds that name the same thing name it by the same type. */
  type: string;
  /** Where the map stands in the resource. */
  path: readonly (string | number)[];
  ids: Readonly<Record<string, string>>;
  /** Compute that two runbooks may share if both say the same under these keys; absent: nobody compares. */
  alike?: { what: string; changed: string; otherwise: string; keys: readonly string[] };
}

/** Names of environment variables, and the database that they log in to. */
export interface LoginNames {
  database: string;
  userEnv: string;
  passwordEnv: string;
}

/** How traffic is led to the regions of a resource. */
export interface Routing {
  zone: string;
  records: readonly { name: string; type: string }[];
  /** Where the records stand in the resource. */
  path: readonly (string | number)[];
  /** Identifier of the record set that leads to a region; undefined if it has none. */
  setOf(region: string): string | undefined;
  /** What a record of a region answers in a simulated world, where the world holds only what the active region answers. */
  answer?(region: string, type: string): readonly string[];
  /** What is changed to move users; absent: the records, there is no choice. */
  switch?: string;
  /** Health checks watch the regions, so that the loss of one is seen from outside. */
  watched: boolean;
}

/** All that `dr` knows of one kind of resource: the default export of `kinds/resources/<kind>.ts`. A new kind is a new file and its line in `registry.ts`. */
export interface ResourceKind<R> {
  section: Section;
  /** One line for editors and `dr validate`. */
  summary: string;
  /** The strategies that it can carry; `dr validate` refuses the others. */
  strategies: readonly Strategy[];
  /** Strict; its `kind` is a literal equal to the file's name. */
  schema: z.ZodType<R>;
  /** Every region the resource names, for comparison with the runbook's. A `partial` map need not name all of them; none may name another. */
  regions(resource: R): { path: readonly (string | number)[]; regions: readonly string[]; partial?: boolean }[];
  lint?(resource: R, runbook: { strategy: Strategy; objectives: { rpoMs: number; rtoMs: number }; regions: readonly string[] }): LintFinding[];
  /** The AWS resources that it names. Of a database the first are its own: by them one that two runbooks share is recognised. */
  ids?(resource: R): readonly NamedIds[];
  /** Databases: the SQL login, if the runbook names one. */
  login?(resource: R): LoginNames | undefined;
  /** Databases: how a loss is measured, e.g. `replica-lag`. */
  lossMethod?(resource: R): string;
  /** Databases: keys that each application that shares the database sets for itself. */
  ownKeys?: readonly string[];
  /** Databases: replication tells, from the target, that the source is lost. */
  showsLoss?: boolean;
  /** Traffic: where users are led, and how that is changed. */
  routing?(resource: R): Routing;
  /** What of an application in an account this kind could carry, for `dr init`. Calls nothing. */
  discover?(inventory: Inventory, ctx: DiscoverContext): Discovered[];
  observe(ctx: ObserveContext, resource: R): Promise<ResourceState>;
  /** What `observe` needs to be allowed when `target` is asked; none where it calls nothing. */
  looks?(at: LookContext, resource: R): Permission[];
  /** What is not as a failover needs it, beyond the checks of its steps. Both regions may be asked. @throws AwsError where nothing can be said without an answer */
  inspect?(ctx: InspectContext, name: string, resource: R): Promise<Finding[]>;
  /** Times of its steps by what is observed now, by `step`, instead of the documented ones. Only the target and global services are asked. @throws AwsError */
  timing?(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, resource: R): Promise<Readonly<Record<string, Estimate>>>;
  /** What AWS says to the requests of a failover that can be asked to do nothing, as to the caller's rights. @throws AwsError */
  dryRuns?(ctx: InspectContext, name: string, resource: R): Promise<Finding[]>;
  /** Databases: up to where the copy in the target has the data now, for people, and what is wrong with asking it. Reads only. @throws AwsError */
  position?(ctx: InspectContext, name: string, resource: R): Promise<PositionSeen>;
  /** What AWS publishes for what it uses in a region, as it is set now. @throws AwsError */
  slas?(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, resource: R, region: string): Promise<Sla[]>;
  /** What the twins of a drill would rent, as the originals are set now. Only the target is asked. @throws AwsError */
  rents?(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, resource: R): Promise<Rented[]>;
  /** Compute: what users of a region can be sent to, healthy or not, as `dr assess` asks. @throws AwsError */
  targets?(ctx: Looking, resource: R, region: string): Promise<ServingTarget[]>;
  /** Compute: what a failover would launch in the target, beside what runs there now; empty where nobody can know. @throws AwsError */
  launches?(ctx: LaunchContext, name: string, resource: R): Promise<Launches[]>;
  /** Compute: ARNs of the target groups that lead users of the target to it. @throws AwsError */
  targetGroups?(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, resource: R): Promise<string[]>;
  /** What `inspect`, `launches` and `targetGroups` need to be allowed, beyond `looks` and the reads of its steps. */
  inspectRights?(at: InspectPlace, resource: R): Permission[];
  /** The steps for `ctx.verb`; none where the verb asks nothing of it. */
  plan(ctx: PlanContext, name: string, resource: R, state: ResourceState): StepDraft[];
  /** The steps of a drill, each on a twin that the run makes (`kinds/twins.ts`); `plan` is not asked. Absent: a drill does not practise this kind, and says so. */
  drill?(ctx: DrillContext, name: string, resource: R, state: ResourceState): StepDraft[];
  steps: { readonly [step: string]: AnyStepKind };
  /** Makes the resource in a simulated world, active in `home`: what the lab and rehearsals start from. */
  simulate(world: World, name: string, resource: R, home: string, strategy: Strategy): void;
}

/** A kind whose resource was parsed by its own schema. */
export type AnyResourceKind = ResourceKind<unknown>;
