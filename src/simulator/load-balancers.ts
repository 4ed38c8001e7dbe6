/** Load balancers, as far as alias records see them: addresses, and whether their target groups have a healthy target. */
import type { Core } from './core.ts';
import { sha256 } from '../base/json.ts';
import { targetGroupArn } from './groups.ts';
import { normalName } from './record-set.ts';
import type { LoadBalancerSeed } from './seeds.ts';
import type { TargetGroups } from './target-groups.ts';

export class LoadBalancers {
  private readonly core: Core;
  private readonly targetGroups: TargetGroups;
  private readonly byName = new Map<string, LoadBalancerSeed>();

  constructor(core: Core, targetGroups: TargetGroups) {
    this.core = core;
    this.targetGroups = targetGroups;
  }

  add(seed: LoadBalancerSeed): void {
    if (!this.core.has(seed.region)) throw new Error(`load balancer ${seed.dnsName}: the world has no region ${seed.region}`);
    this.byName.set(normalName(seed.dnsName), seed);
  }

  /** By its DNS name and the id of its canonical hosted zone. */
  get(name: string, zoneId: string): LoadBalancerSeed | undefined {
    const found = this.byName.get(normalName(name).replace(/^dualstack\./, ''));
    return found?.zoneId === zoneId ? found : undefined;
  }

  /** With their ARNs, sorted. */
  in(region: string): { arn: string; seed: LoadBalancerSeed }[] {
    const own = [...this.byName.values()].filter((seed) => seed.region === region);
    return own.map((seed) => ({ arn: this.arnOf(seed), seed })).sort((a, b) => (a.arn < b.arn ? -1 : 1));
  }

  groupsOf({ region, targetGroups }: LoadBalancerSeed): string[] {
    return targetGroups.map((name) => (name.startsWith('arn:') ? name : targetGroupArn(region, name, this.core.account)));
  }

  private arnOf({ region, dnsName }: LoadBalancerSeed): string {
    const name = dnsName.split('.')[0] ?? dnsName;
    return `arn:aws:elasticloadbalancing:${region}:${this.core.account}:loadbalancer/app/${name}/${sha256(dnsName).slice(0, 16)}`;
  }

  /**
   * Every target group has a healthy target. One without any is unhealthy.
   * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html
   */
  healthy(balancer: LoadBalancerSeed, now: number): boolean {
    if (!this.core.alive(balancer.region)) return false;
    return this.groupsOf(balancer).every((arn) => this.targetGroups.healthy(arn, balancer.region, now) > 0);
  }
}
