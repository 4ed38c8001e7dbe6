import { type Call, type ServiceModel } from './call.ts';
import { subnetZones } from './rds-offers.ts';
import { needSubnetGroup, pageSize, vpcOf } from './rds-rows.ts';
import type { Seeded } from './seeded.ts';

const PAGE = 100;

/** The one that is asked for, or a page of all. */
function namesOf(table: Seeded<{ region: string; name: string }>, asked: string | undefined, marker: string | undefined, call: Call): { names: readonly string[]; Marker?: string } {
  if (asked !== undefined) return { names: [asked] };
  const { page, next } = call.pageOf(table.in(call.region), ({ name }) => name, marker, PAGE);
  return { names: page.map(({ name }) => name), ...(next === undefined ? {} : { Marker: next }) };
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html and …DBParameterGroups.html */
export const dbGroupOperations = {
  DescribeDBSubnetGroups: {
    accepts: ['DBSubnetGroupName', 'Marker'],
    handle(input, call) {
      const { names, ...more } = namesOf(call.state.dbSubnetGroups, input.DBSubnetGroupName, input.Marker, call);
      for (const name of names) needSubnetGroup(name, call);
      const subnets = (name: string) => subnetZones(call.region).map((zone) => ({ SubnetIdentifier: `subnet-${name}-${zone}`, SubnetAvailabilityZone: { Name: zone }, SubnetStatus: 'Active' }));
      return { DBSubnetGroups: names.map((name) => ({ DBSubnetGroupName: name, VpcId: vpcOf(name, call), SubnetGroupStatus: 'Complete', Subnets: subnets(name) })), ...more };
    },
  },

  DescribeDBParameterGroups: {
    accepts: ['DBParameterGroupName', 'Marker'],
    handle(input, call) {
      const { names, ...more } = namesOf(call.state.dbParameterGroups, input.DBParameterGroupName, input.Marker, call);
      const view = (name: string) => ({ DBParameterGroupName: name, DBParameterGroupFamily: familyOf(name, call) ?? noParameterGroup(name, call), Description: name });
      return { DBParameterGroups: names.map(view), ...more };
    },
  },

  DescribeOptionGroups: {
    accepts: ['OptionGroupName', 'Marker'],
    handle(input, call) {
      const { names, ...more } = namesOf(call.state.dbOptionGroups, input.OptionGroupName, input.Marker, call);
      const view = (name: string) => {
        const group = call.state.dbOptionGroups.get(call.region, name.toLowerCase());
        if (group === undefined) throw call.error('OptionGroupNotFoundFault', 404, `Specified OptionGroupName: ${name} not found.`);
        const { engine = 'postgres', majorVersion = '17', vpc } = group;
        return { OptionGroupName: group.name, EngineName: engine, MajorEngineVersion: majorVersion, AllowsVpcAndNonVpcInstanceMemberships: vpc === undefined, ...(vpc === undefined ? {} : { VpcId: vpc }), Options: [] };
      };
      return { OptionGroupsList: names.map(view), ...more };
    },
  },

  DescribeDBParameters: {
    accepts: ['DBParameterGroupName', 'Source', 'MaxRecords', 'Marker'],
    handle(input, call) {
      const name = input.DBParameterGroupName;
      if (name === undefined) throw call.unsupported('a list of all groups');
      const family = familyOf(name, call) ?? defaultFamily(name) ?? noParameterGroup(name, call);
      const size = pageSize(input.MaxRecords, call);
      const set = call.state.dbParameterGroups.get(call.region, name)?.parameters ?? {};
      if (input.Source !== undefined && !SOURCES.includes(input.Source)) throw call.error('InvalidParameterValue', 400, `Invalid value ${input.Source} for Source`);
      const all = [...new Set([...(family.startsWith('mysql') ? MYSQL_PARAMETERS : []), ...Object.keys(set)])].sort();
      const names = all.filter((parameter) => input.Source === undefined || input.Source === parameterView(parameter, set[parameter]).Source);
      const { page, next } = call.pageOf(names, (parameter) => parameter, input.Marker, size);
      return { Parameters: page.map((parameter) => parameterView(parameter, set[parameter])), ...(next === undefined ? {} : { Marker: next }) };
    },
  },
} satisfies Partial<ServiceModel<'rds'>>;

/** Valid values of Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html */
const SOURCES = ['user', 'engine-default', 'system'];

/** Of the hundreds that MySQL has, those that something here asks for. */
const MYSQL_PARAMETERS = ['auto_increment_increment', 'auto_increment_offset', 'read_only'];

function familyOf(name: string, call: Call): string | undefined {
  const group = call.state.dbParameterGroups.get(call.region, name);
  return group === undefined ? undefined : (group.family ?? 'postgres17');
}

function noParameterGroup(name: string, call: Call): never {
  throw call.error('DBParameterGroupNotFound', 404, `DBParameterGroup ${name} not found.`);
}

/** A default group is there without having been made. */
function defaultFamily(name: string): string | undefined {
  return /^default\.(.+)$/.exec(name)?.[1];
}

function parameterView(name: string, value: string | undefined) {
  return {
    ParameterName: name,
    ...(value === undefined ? {} : { ParameterValue: value }),
    Source: value === undefined ? 'engine-default' : 'user',
    IsModifiable: true,
  };
}
