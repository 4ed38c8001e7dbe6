/** Target groups, and the instances that were registered with them by hand. */
import type { Core } from './core.ts';
import { targetGroupArn, stageOf, type Groups, type GroupTrouble } from './groups.ts';
import { isUp, type Instances } from './instances.ts';

export interface Target {
  readonly id: string;
  readonly port: number;
  readonly state: 'initial' | 'healthy' | 'unhealthy' | 'unused';
  readonly reason?: GroupTrouble['targets'];
}

interface Registered {
  readonly id: string;
  readonly port: number;
  readonly at: number;
}

const PORT = 80;

export class TargetGroups {
  private readonly core: Core;
  private readonly groups: Groups;
  private readonly instances: Instances;
  private readonly registered = new Map<string, { region: string; targets: Registered[] }>();

  constructor(core: Core, groups: Groups, instances: Instances) {
    this.core = core;
    this.groups = groups;
    this.instances = instances;
  }

  /** `targets` are there since long ago. Given an ARN, the group has that one; else one is made from its name. */
  add(seed: { region: string; name: string; arn?: string; targets?: readonly string[] }): void {
    const arn = seed.arn ?? targetGroupArn(seed.region, seed.name, this.core.account);
    const at = this.core.now() - 3_600_000;
    this.registered.set(arn, { region: seed.region, targets: (seed.targets ?? []).map((id) => ({ id, port: PORT, at })) });
  }

  register(arn: string, region: string, targets: readonly { id: string; port: number }[], now: number): boolean {
    const group = this.registered.get(arn);
    if (group === undefined || group.region !== region) return false;
    const fresh = targets.filter((t) => !group.targets.some((known) => known.id === t.id && known.port === t.port));
    this.registered.set(arn, { region, targets: [...group.targets, ...fresh.map((t) => ({ ...t, at: now }))] });
    this.core.agenda.at(now + this.core.timings.targetMs, (at) => this.core.touch(region, at));
    return true;
  }

  /** ARNs, sorted: those that were made by hand, and those that Auto Scaling groups feed. */
  in(region: string): string[] {
    const byHand = [...this.registered].filter(([, group]) => group.region === region).map(([arn]) => arn);
    return [...new Set([...byHand, ...[...this.groups.table(region).values()].flatMap((group) => group.targetGroups)])].sort();
  }

  /** Every target of a group, those that its Auto Scaling groups registered too; undefined if there is no such group. */
  targets(arn: string, region: string, at: number): Target[] | undefined {
    const fed = this.groups.feeding(arn, region, at);
    const own = this.registered.get(arn);
    if (fed === undefined && own?.region !== region) return undefined;
    const ofGroups = (fed ?? []).flatMap(({ instances, trouble }) =>
      instances.flatMap((instance): Target[] => {
        const state = stageOf(instance, at);
        if (state === 'pending') return [];
        return [{ id: instance.id, port: PORT, ...(state === 'healthy' && trouble.targets !== undefined ? { state: 'unhealthy' as const, reason: trouble.targets } : { state }) }];
      }),
    );
    const byHand = (own?.targets ?? []).filter((t) => t.at <= at).map((t): Target => ({ id: t.id, port: t.port, state: this.stateOf(t, region, at) }));
    return [...ofGroups, ...byHand];
  }

  /** Healthy targets; a group without any sends users nowhere. */
  healthy(arn: string, region: string, at: number): number {
    return (this.targets(arn, region, at) ?? []).filter((t) => t.state === 'healthy').length;
  }

  private stateOf(target: Registered, region: string, at: number): Target['state'] {
    const instance = this.instances.get(region, target.id, at);
    if (instance === undefined || instance.stopped) return 'unused';
    const upAt = Math.max(target.at, instance.changedAt + instance.bootMs) + this.core.timings.targetMs;
    return isUp(instance, at) && at >= upAt ? 'healthy' : 'initial';
  }
}
