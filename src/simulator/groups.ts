/** Auto Scaling groups, their instances and their target groups. Rows are never changed in place. */
import { sha256 } from '../base/json.ts';
import type { Core } from './core.ts';
import type { AutoScalingGroupSeed } from './seeds.ts';
import { RegionTables } from './table.ts';

export interface GroupInstance {
  readonly id: string;
  readonly zone: string;
  readonly launchedAt: number;
  readonly warmUpMs: number;
  /** A lifecycle hook holds it before it is in service. */
  readonly held?: true;
}

export interface Activity {
  readonly id: string;
  readonly at: number;
  readonly status: 'Successful' | 'Failed' | 'Cancelled';
  readonly description: string;
  readonly cause: string;
  readonly message?: string;
}

export interface ScheduledAction {
  readonly name: string;
  readonly at: number;
  readonly min: number;
  readonly max: number;
  readonly desired: number;
}

export interface Group {
  readonly region: string;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly desired: number;
  readonly targetGroups: readonly string[];
  readonly warmUpMs: number;
  readonly capacity: number;
  /** Units that one instance counts, where the group counts in units; else undefined. */
  readonly weight: number | undefined;
  readonly trouble: GroupTrouble;
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly going?: true;
  readonly instances: readonly GroupInstance[];
  /** Newest first. */
  readonly activities: readonly Activity[];
}

/** What goes wrong with a group; times in milliseconds. */
export interface GroupTrouble {
  readonly launches?: 'kms' | 'image' | undefined;
  readonly targets?: 'Target.Timeout' | 'Target.ResponseCodeMismatch' | 'Target.FailedHealthChecks' | undefined;
  readonly suspended?: true | undefined;
  /** A lifecycle hook holds what is launched, until the trouble is over. */
  readonly hook?: true | undefined;
  /** A scaling policy lowers what is wanted to the minimum, again and again: there is no load. */
  readonly policy?: true | undefined;
  /** Until then nobody may change it: a scaling activity is in progress. */
  readonly busyUntil?: number | undefined;
}

export const INSTANCE_TYPE = 'm6g.large';
/** Images of groups: each has one. */
export const GROUP_IMAGE = 'ami-00000000000000a51';
/** The launch template of every group of a region. */
export const GROUP_TEMPLATE = { id: 'lt-0000000000000a5a0', name: 'group' };
const ZONES = ['a', 'b', 'c'];
const ACTIVITIES_MAX = 100;
const RETRY_MS = { first: 60_000, max: 600_000 };
/** Share of the warm-up that an instance is Pending. */
const PENDING_SHARE = 0.7;
/** Target tracking goes by a metric of one minute: https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html */
const POLICY_MS = 60_000;

export function stageOf(instance: GroupInstance, at: number): 'pending' | 'initial' | 'healthy' {
  if (instance.held === true) return 'pending';
  const age = at - instance.launchedAt;
  if (age >= instance.warmUpMs) return 'healthy';
  return age >= PENDING_SHARE * instance.warmUpMs ? 'initial' : 'pending';
}

export function unitsOf(group: Pick<Group, 'weight'>, instances: readonly GroupInstance[]): number {
  return instances.length * (group.weight ?? 1);
}

export class Groups extends RegionTables<Group> {
  private readonly core: Core;
  /** Names of the groups that feed a target group, by its ARN. */
  private readonly feeders = new Map<string, { region: string; names: string[] }>();
  private readonly schedules = new Map<string, readonly ScheduledAction[]>();
  /** Retries under way, so that each group has one. */
  private readonly retries = new Set<string>();

  constructor(core: Core) {
    super();
    this.core = core;
  }

  add(seed: AutoScalingGroupSeed): void {
    if (!this.core.regions.includes(seed.region)) throw new Error(`group ${seed.name}: the world has no region ${seed.region}`);
    const now = this.core.now();
    const createdAt = now - 3_600_000;
    const warmUpMs = seed.warmUpMs ?? this.core.timings.instanceWarmUpMs;
    const capacity = seed.capacity ?? Number.POSITIVE_INFINITY;
    const instances: GroupInstance[] = [];
    for (let i = 0; i < Math.min(Math.ceil(seed.desired / (seed.weight ?? 1)), capacity); i++) {
      instances.push({ id: this.instanceId(), zone: zoneOf(seed.region, i), launchedAt: createdAt, warmUpMs: 0 });
    }
    const targetGroups = (seed.targetGroups ?? []).map((name) => targetGroupArn(seed.region, name, this.core.account));
    for (const arn of targetGroups) {
      const known = this.feeders.get(arn) ?? { region: seed.region, names: [] };
      known.names.push(seed.name);
      this.feeders.set(arn, known);
    }
    const { region, name, min, max, desired } = seed;
    this.table(region).seed(name, { region, name, min, max, desired, targetGroups, warmUpMs, capacity, weight: seed.weight, trouble: {}, createdAt, tags: {}, instances, activities: [] });
  }

  /** A new group, which launches at once. The caller has checked that it may. */
  create(group: Pick<Group, 'region' | 'name' | 'min' | 'max' | 'desired' | 'targetGroups' | 'tags'>, now: number): void {
    const rest = { warmUpMs: this.core.timings.instanceWarmUpMs, capacity: Number.POSITIVE_INFINITY, weight: undefined, trouble: {}, createdAt: now, instances: [], activities: [] };
    this.fill({ ...group, ...rest }, `a user request created an AutoScalingGroup changing the desired capacity from 0 to ${group.desired}.`, now);
  }

  /** Ends a group and its instances; its name is free when that is over. */
  remove(group: Group, now: number): void {
    this.table(group.region).set(group.name, { ...group, going: true, min: 0, desired: 0, instances: [] }, now);
    this.core.touch(group.region, now);
    this.core.agenda.at(now + this.core.timings.deleteMs / 2, (at) => {
      if (this.get(group.region, group.name)?.going !== true) return;
      this.table(group.region).delete(group.name, at);
      this.core.touch(group.region, at);
    });
  }

  /** Groups that feed a target group; undefined if there is no such target group. */
  feeding(arn: string, region: string, at: number): Group[] | undefined {
    const known = this.feeders.get(arn);
    if (known === undefined || known.region !== region) return undefined;
    return known.names.map((name) => this.get(region, name, at)).filter((group) => group !== undefined);
  }

  healthyCount(group: Group, at: number): number {
    return group.trouble.targets === undefined ? group.instances.filter((instance) => stageOf(instance, at) === 'healthy').length : 0;
  }

  resize(group: Group, to: { min: number; max: number; desired: number }, now: number): void {
    this.fill({ ...group, ...to }, `a user request update of AutoScalingGroup constraints to min: ${to.min}, max: ${to.max}, desired: ${to.desired}`, now);
  }

  /** The region gives the group more, or less; running instances stay. */
  setCapacity(region: string, name: string, capacity: number, now: number): void {
    const group = this.get(region, name);
    if (group === undefined) throw new Error(`the world has no group ${name} in ${region}`);
    this.fill({ ...group, capacity }, 'a difference between desired and actual capacity', now);
  }

  /** What goes wrong from now on; what is not named is well again. */
  setTrouble(region: string, name: string, trouble: GroupTrouble, now: number): void {
    const group = this.get(region, name);
    if (group === undefined) throw new Error(`the world has no group ${name} in ${region}`);
    // What a hook has held is in service when that is over.
    const freed = ({ held, ...instance }: GroupInstance): GroupInstance => (held === undefined ? instance : { ...instance, launchedAt: now - PENDING_SHARE * instance.warmUpMs });
    const instances = trouble.hook === undefined ? group.instances.map(freed) : group.instances;
    this.fill({ ...group, trouble, instances }, 'a difference between desired and actual capacity', now);
    this.core.agenda.at(now + group.warmUpMs, (at) => this.core.touch(region, at));
    if (trouble.policy !== undefined && group.trouble.policy === undefined) this.lower(region, name, now);
  }

  private lower(region: string, name: string, now: number): void {
    this.core.agenda.at(now + POLICY_MS, (at) => {
      const group = this.get(region, name);
      if (group?.trouble.policy === undefined) return;
      if (group.desired > group.min) this.fill({ ...group, desired: group.min }, `a monitor alarm TargetTracking-${name}-AlarmLow in state ALARM triggered policy ${name} changing the desired capacity from ${group.desired} to ${group.min}`, at);
      this.lower(region, name, at);
    });
  }

  schedule(region: string, name: string, action: ScheduledAction): void {
    const known = this.schedules.get(`${region}/${name}`) ?? [];
    this.schedules.set(`${region}/${name}`, [...known, action]);
    this.core.agenda.at(action.at, (at) => {
      const group = this.get(region, name);
      if (group === undefined) return;
      const { min, max, desired } = action;
      this.fill({ ...group, min, max, desired }, `a scheduled action update of AutoScalingGroup constraints to min: ${min}, max: ${max}, desired: ${desired}`, at);
    });
  }

  scheduled(region: string, name: string, now: number): readonly ScheduledAction[] {
    return (this.schedules.get(`${region}/${name}`) ?? []).filter(({ at }) => at > now);
  }

  private fill(group: Group, reason: string, now: number): void {
    let { instances } = group;
    const activities: Activity[] = [];
    const from = instances.length;
    const cause = `At ${new Date(now).toISOString()} ${reason}, changing the capacity from ${from} to ${group.desired}.`;
    while (unitsOf(group, instances) - unitsOf(group, instances.slice(-1)) >= group.desired && instances.length > 0) {
      const gone = instances.at(-1);
      instances = instances.slice(0, -1);
      activities.unshift(this.activity(now, `Terminating EC2 instance: ${gone?.id ?? ''}`, cause));
    }
    const launched: GroupInstance[] = [];
    const missing = (): boolean => unitsOf(group, [...instances, ...launched]) < group.desired;
    const { launches, suspended, hook } = group.trouble;
    while (missing() && instances.length + launched.length < group.capacity && launches === undefined && suspended === undefined) {
      const id = this.instanceId();
      launched.push({ id, zone: zoneOf(group.region, instances.length + launched.length), launchedAt: now, warmUpMs: group.warmUpMs, ...(hook === undefined ? {} : { held: true as const }) });
      activities.unshift(this.activity(now, `Launching a new EC2 instance: ${id}`, cause));
    }
    if (missing() && suspended === undefined) {
      activities.unshift(this.failedLaunch(group, cause, now));
      this.retryLater(group, RETRY_MS.first, now);
    }
    instances = [...instances, ...launched];
    const next = { ...group, instances, activities: [...activities, ...group.activities].slice(0, ACTIVITIES_MAX) };
    this.table(group.region).set(group.name, next, now);
    if (launched.length > 0) this.core.agenda.at(now + group.warmUpMs, (at) => this.core.touch(group.region, at));
    this.core.touch(group.region, now);
  }

  /** https://docs.aws.amazon.com/autoscaling/ec2/userguide/CHAP_Troubleshooting.html */
  private failedLaunch(group: Group, cause: string, now: number): Activity {
    if (group.trouble.launches === 'kms') {
      const message = 'Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state';
      return { ...this.activity(now, `Launching a new EC2 instance: ${this.instanceId()}.  Status Reason: ${message}`, cause), status: 'Cancelled', message };
    }
    const why =
      group.trouble.launches === 'image'
        ? `The AMI ID ${GROUP_IMAGE} does not exist. Launching EC2 instance failed.`
        : `Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient ${INSTANCE_TYPE} capacity ` +
          `in the Availability Zone you requested (${group.region}a). Our system will be working on provisioning additional capacity. ` +
          'Launching EC2 instance failed.';
    return { ...this.activity(now, `Launching a new EC2 instance.  Status Reason: ${why}`, cause), status: 'Failed', message: why };
  }

  private retryLater(group: Group, waitMs: number, now: number): void {
    const key = `${group.region}/${group.name}`;
    if (this.retries.has(key)) return;
    this.retries.add(key);
    this.core.agenda.at(now + waitMs, (at) => {
      this.retries.delete(key);
      const current = this.get(group.region, group.name);
      if (current === undefined || current.trouble.suspended !== undefined || unitsOf(current, current.instances) >= current.desired) return;
      if (current.capacity > current.instances.length && current.trouble.launches === undefined) return this.fill(current, 'an instance was started in response to a difference between desired and actual capacity', at);
      const failed = this.failedLaunch(current, `At ${new Date(at).toISOString()} an instance was started in response to a difference between desired and actual capacity.`, at);
      this.table(group.region).set(group.name, { ...current, activities: [failed, ...current.activities].slice(0, ACTIVITIES_MAX) }, at);
      this.retryLater(current, Math.min(waitMs * 2, RETRY_MS.max), at);
    });
  }

  private activity(at: number, description: string, cause: string): Activity {
    return { id: this.core.ids.uuid(), at, status: 'Successful', description, cause };
  }

  private instanceId(): string {
    return `i-0${this.core.ids.hex(8)}`;
  }
}

export function targetGroupArn(region: string, name: string, account: string): string {
  return `arn:aws:elasticloadbalancing:${region}:${account}:targetgroup/${name}/${sha256(`${region}/${name}`).slice(0, 16)}`;
}

function zoneOf(region: string, index: number): string {
  return `${region}${ZONES[index % ZONES.length] ?? 'a'}`;
}
