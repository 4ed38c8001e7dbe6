/** Load balancers, as far as alias records see them: addresses, and whether their target groups have a healthy target. */
import type { Core } from './core.ts';
import { type Groups, targetGroupArn } from './groups.ts';
import { normalName } from './record-set.ts';
import type { LoadBalancerSeed } from './seeds.ts';

export class LoadBalancers {
  private readonly core: Core;
  private readonly groups: Groups;
  private readonly byName = new Map<string, LoadBalancerSeed>();

  constructor(core: Core, groups: Groups) {
    this.core = core;
    this.groups = groups;
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

  /**
   * Every target group has a healthy target. One without any is unhealthy.
   * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias-common.html
   */
  healthy(balancer: LoadBalancerSeed, now: number): boolean {
    if (!this.core.alive(balancer.region)) return false;
    return balancer.targetGroups.every((name) => {
      const feeding = this.groups.feeding(targetGroupArn(balancer.region, name, this.core.account), balancer.region, now) ?? [];
      return feeding.some((group) => this.groups.healthyCount(group, now) > 0);
    });
  }
}
