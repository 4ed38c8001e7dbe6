import type { Call, ServiceModel } from './call.ts';

/** Subnet groups and parameter groups of databases, by region and name. They do not change. */
export class DbGroups {
  private readonly subnets = new Set<string>();
  private readonly parameters = new Map<string, string>();

  addSubnetGroup(seed: { region: string; name: string }): void {
    this.subnets.add(`${seed.region}/${seed.name}`);
  }

  addParameterGroup(seed: { region: string; name: string; family?: string }): void {
    this.parameters.set(`${seed.region}/${seed.name}`, seed.family ?? 'postgres17');
  }

  hasSubnetGroup(region: string, name: string): boolean {
    return this.subnets.has(`${region}/${name}`);
  }

  hasParameterGroup(region: string, name: string): boolean {
    return this.parameters.has(`${region}/${name}`);
  }

  familyOf(region: string, name: string): string | undefined {
    return this.parameters.get(`${region}/${name}`);
  }
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html and …DBParameterGroups.html */
export const dbGroupOperations: Pick<ServiceModel<'rds'>, 'DescribeDBSubnetGroups' | 'DescribeDBParameterGroups'> = {
  DescribeDBSubnetGroups: {
    accepts: ['DBSubnetGroupName'],
    handle(input, call) {
      const name = named(input.DBSubnetGroupName, call);
      if (!call.state.dbGroups.hasSubnetGroup(call.region, name)) {
        throw call.error('DBSubnetGroupNotFoundFault', 404, `DB subnet group '${name}' does not exist.`);
      }
      return { DBSubnetGroups: [{ DBSubnetGroupName: name, VpcId: 'vpc-00000000000000001', SubnetGroupStatus: 'Complete' }] };
    },
  },

  DescribeDBParameterGroups: {
    accepts: ['DBParameterGroupName'],
    handle(input, call) {
      const name = named(input.DBParameterGroupName, call);
      const family = call.state.dbGroups.familyOf(call.region, name);
      if (family === undefined) throw call.error('DBParameterGroupNotFound', 404, `DBParameterGroup ${name} not found.`);
      return { DBParameterGroups: [{ DBParameterGroupName: name, DBParameterGroupFamily: family, Description: name }] };
    },
  },
};

function named(name: string | undefined, call: Call): string {
  if (name === undefined) throw call.unsupported('a list of all groups');
  return name;
}
