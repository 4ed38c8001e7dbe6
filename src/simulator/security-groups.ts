import { Seeded } from './seeded.ts';
import type { SecurityGroupSeed } from './seeds.ts';

/** The VPC of whatever names none. */
export const VPC = 'vpc-00000000000000001';

export class SecurityGroups extends Seeded<SecurityGroupSeed> {
  /** True when none of the groups lets anything in. No groups at all let everything in: a seed that does not care. */
  allClosed(region: string, ids: readonly string[]): boolean {
    return ids.length > 0 && ids.every((id) => this.get(region, id)?.closed === true);
  }
}
