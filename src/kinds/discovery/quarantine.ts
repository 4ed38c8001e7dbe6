import type { Discovered, Inventory, SeenSecurityGroup } from '../../model/discovery.ts';
import { forAll, people } from './names.ts';

const CALLED_SO = /quarantin|isolat|deny/i;

/** A group without inbound rules that its name calls a quarantine, else the only one of the VPC that has none. */
function closedGroup(groups: readonly SeenSecurityGroup[], region: string, vpc: string | undefined): SeenSecurityGroup | undefined {
  const closed = groups.filter((group) => group.region === region && group.closed && (vpc === undefined || group.vpc === undefined || group.vpc === vpc));
  const called = closed.filter(({ name }) => CALLED_SO.test(name));
  return called[0] ?? (closed.length === 1 ? closed[0] : undefined);
}

type Fence = { resource: Record<string, unknown>; comments: Record<string, string>; open: Discovered['open'] };

/** A quarantine group for each region of a database: proposed where there is one, else a person makes it. `vpcOf`: as far as it is known. */
export function quarantineOf(inventory: Inventory, regions: readonly string[], vpcOf: (region: string) => string | undefined): Fence {
  const found = forAll(regions, (region) => closedGroup(inventory.securityGroups, region, vpcOf(region)));
  if (found === undefined) {
    const without = regions.filter((region) => closedGroup(inventory.securityGroups, region, vpcOf(region)) === undefined);
    return { resource: {}, comments: {}, open: [{ path: '', what: `make a security group without inbound rules in ${without.map(people).join(' and ')}, and write its id here: fence: { quarantine: { … } }. Without it an old writer that still answers cannot be cut off` }] };
  }
  return {
    resource: { fence: { quarantine: Object.fromEntries(Object.entries(found).map(([region, group]) => [region, group.id])) } },
    comments: { fence: `security groups without inbound rules: ${Object.values(found).map(({ id, name }) => `${id} is called ${name}`).join(', ')}` },
    open: [],
  };
}
