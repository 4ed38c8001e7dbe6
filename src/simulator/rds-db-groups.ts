import { type Call, pageOf, type ServiceModel } from './call.ts';
import { subnetZones } from './rds-offers.ts';
import { needSubnetGroup } from './rds-rows.ts';

/** Of RDS: 100 unless MaxRecords says otherwise. */
const GROUPS_PAGE = 100;

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html and …DBParameterGroups.html */
export const dbGroupOperations: Pick<ServiceModel<'rds'>, 'DescribeDBSubnetGroups' | 'DescribeDBParameterGroups' | 'DescribeDBParameters' | 'DescribeOptionGroups'> = {
  DescribeDBSubnetGroups: {
    accepts: ['DBSubnetGroupName', 'Marker'],
    handle(input, call) {
      const view = (name: string) => ({ DBSubnetGroupName: name, VpcId: call.state.dbGroups.vpcOf(call.region, name), SubnetGroupStatus: 'Complete', Subnets: subnetZones(call.region).map((zone) => ({ SubnetIdentifier: `subnet-${name}-${zone}`, SubnetAvailabilityZone: { Name: zone }, SubnetStatus: 'Active' })) });
      if (input.DBSubnetGroupName === undefined) {
        const { page, next } = pageOf(call.state.dbGroups.subnetGroupsIn(call.region), (name) => name, input.Marker, GROUPS_PAGE);
        return { DBSubnetGroups: page.map(view), ...(next === undefined ? {} : { Marker: next }) };
      }
      const name = named(input.DBSubnetGroupName, call);
      needSubnetGroup(name, call);
      return { DBSubnetGroups: [view(name)] };
    },
  },

  DescribeDBParameterGroups: {
    accepts: ['DBParameterGroupName', 'Marker'],
    handle(input, call) {
      const { dbGroups } = call.state;
      if (input.DBParameterGroupName === undefined) {
        const { page, next } = pageOf(dbGroups.parameterGroupsIn(call.region), (group) => group, input.Marker, GROUPS_PAGE);
        const views = page.map((group) => ({ DBParameterGroupName: group, DBParameterGroupFamily: dbGroups.familyOf(call.region, group), Description: group }));
        return { DBParameterGroups: views, ...(next === undefined ? {} : { Marker: next }) };
      }
      const name = named(input.DBParameterGroupName, call);
      const family = dbGroups.familyOf(call.region, name);
      if (family === undefined) throw call.error('DBParameterGroupNotFound', 404, `DBParameterGroup ${name} not found.`);
      return { DBParameterGroups: [{ DBParameterGroupName: name, DBParameterGroupFamily: family, Description: name }] };
    },
  },

  DescribeOptionGroups: {
    accepts: ['OptionGroupName', 'Marker'],
    handle(input, call) {
      const { dbGroups } = call.state;
      const view = (name: string) => {
        const { engine, majorVersion, vpc } = dbGroups.optionGroup(call.region, name) ?? {};
        return { OptionGroupName: name, EngineName: engine, MajorEngineVersion: majorVersion, AllowsVpcAndNonVpcInstanceMemberships: vpc === undefined, ...(vpc === undefined ? {} : { VpcId: vpc }), Options: [] };
      };
      if (input.OptionGroupName === undefined) {
        const { page, next } = pageOf(dbGroups.optionGroupsIn(call.region), (group) => group, input.Marker, GROUPS_PAGE);
        return { OptionGroupsList: page.map(view), ...(next === undefined ? {} : { Marker: next }) };
      }
      const name = input.OptionGroupName.toLowerCase();
      if (dbGroups.optionGroup(call.region, name) === undefined) throw call.error('OptionGroupNotFoundFault', 404, `Specified OptionGroupName: ${input.OptionGroupName} not found.`);
      return { OptionGroupsList: [view(name)] };
    },
  },

  DescribeDBParameters: {
    accepts: ['DBParameterGroupName', 'Source', 'MaxRecords', 'Marker'],
    handle(input, call) {
      const name = named(input.DBParameterGroupName, call);
      const family = call.state.dbGroups.familyOf(call.region, name) ?? defaultFamily(name);
      if (family === undefined) throw call.error('DBParameterGroupNotFound', 404, `DBParameterGroup ${name} not found.`);
      const size = input.MaxRecords ?? 100;
      if (size < 20 || size > 100) throw call.error('InvalidParameterValue', 400, `Invalid value ${size} for MaxRecords. Must be between 20 and 100`);
      const set = call.state.dbGroups.valuesOf(call.region, name);
      if (input.Source !== undefined && !SOURCES.includes(input.Source)) throw call.error('InvalidParameterValue', 400, `Invalid value ${input.Source} for Source`);
      const all = [...new Set([...(family.startsWith('mysql') ? MYSQL_PARAMETERS : []), ...Object.keys(set)])].sort();
      const names = all.filter((parameter) => input.Source === undefined || input.Source === parameterView(parameter, set[parameter]).Source);
      const { page, next } = pageOf(names, (parameter) => parameter, input.Marker, size);
      return { Parameters: page.map((parameter) => parameterView(parameter, set[parameter])), ...(next === undefined ? {} : { Marker: next }) };
    },
  },
};

/** Valid values of Source: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html */
const SOURCES = ['user', 'engine-default', 'system'];

/** Of the hundreds that MySQL has, those that something here asks for. */
const MYSQL_PARAMETERS = ['auto_increment_increment', 'auto_increment_offset', 'read_only'];

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

function named(name: string | undefined, call: Call): string {
  if (name === undefined) throw call.unsupported('a list of all groups');
  return name;
}
