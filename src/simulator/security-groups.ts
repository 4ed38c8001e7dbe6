import type { SecurityGroupSeed } from './seeds.ts';

/** The VPC of whatever names none. */
export const VPC = 'vpc-00000000000000001';

/** Security groups by region and id. They do not change. */
export class SecurityGroups {
  private readonly byRegion = new Map<string, Map<string, SecurityGroupSeed>>();

  add(seed: SecurityGroupSeed): void {
    const groups = this.byRegion.get(seed.region) ?? new Map<string, SecurityGroupSeed>();
    groups.set(seed.id, seed);
    this.byRegion.set(seed.region, groups);
  }

  in(region: string): Iterable<SecurityGroupSeed> {
    return this.byRegion.get(region)?.values() ?? [];
  }

  get(region: string, id: string): SecurityGroupSeed | undefined {
    return this.byRegion.get(region)?.get(id);
  }

  /** True when none of the groups lets anything in. No groups at all let everything in: a seed that does not care. */
  allClosed(region: string, ids: readonly string[]): boolean {
    return ids.length > 0 && ids.every((id) => this.get(region, id)?.closed === true);
  }
}
