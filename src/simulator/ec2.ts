import type { OutputOf } from '../aws/operations.ts';
import { offeringOperations } from './ec2-offerings.ts';
import { type Call, type ServiceModel } from './call.ts';
import { instanceOperations, instanceView, noInstance, passesFilters, refuseUnknownFilters } from './ec2-instances.ts';
import { INSTANCE_TYPE, stageOf, type Group, type GroupInstance } from './groups.ts';
import { type Instance, isShown } from './instances.ts';
import { networkPathOperations } from './ec2-network-paths.ts';
import { VPC } from './security-groups.ts';
import type { SecurityGroupSeed } from './seeds.ts';

type Reservation = NonNullable<OutputOf<'ec2', 'DescribeInstances'>['Reservations']>[number];
type GroupView = NonNullable<OutputOf<'ec2', 'DescribeSecurityGroups'>['SecurityGroups']>[number];

/** EC2: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html */
export const ec2: ServiceModel<'ec2'> = {
  ...instanceOperations,
  ...offeringOperations,
  ...networkPathOperations,

  DescribeInstances: {
    accepts: ['InstanceIds', 'Filters', 'MaxResults', 'NextToken'],
    handle(input, call) {
      refuseUnknownFilters(input.Filters, call);
      const table = call.state.groups.table(call.region);
      const found = new Map<string, Reservation>();
      for (const name of table.keys(call.at)) {
        const group = table.get(name, call.at);
        for (const instance of group?.instances ?? []) {
          if (group !== undefined) found.set(instance.id, reservation(group, instance, call));
        }
      }
      const own = call.state.instances.table(call.region);
      for (const id of own.keys(call.at)) {
        const instance = own.get(id, call.at);
        if (instance !== undefined && isShown(instance, call.at)) found.set(id, ownReservation(instance, call));
      }
      const ids = input.InstanceIds ?? [];
      const missing = ids.find((id) => !found.has(id));
      if (missing !== undefined) throw noInstance(ids.filter((id) => !found.has(id)), call);
      if (ids.length > 0 && input.MaxResults !== undefined) throw call.error('InvalidParameterCombination', 400, 'The parameter instancesSet cannot be used with the parameter maxResults');
      const chosen = (ids.length === 0 ? [...found.keys()] : [...new Set(ids)]).filter((id) => matches(id, found.get(id), input.Filters, call)).sort();
      const { page, next } = ids.length > 0 ? whole(chosen) : call.pageOf(chosen, (id) => id, input.NextToken, sizeOf(input.MaxResults, call));
      const shown = page.map((id) => found.get(id)).filter((entry) => entry !== undefined);
      // Instances of one request share a reservation.
      const Reservations = [...Map.groupBy(shown, ({ ReservationId }) => ReservationId).values()].map((same) => ({ ...same[0], Instances: same.flatMap(({ Instances }) => Instances ?? []) }));
      return { Reservations, ...(next === undefined ? {} : { NextToken: next }) };
    },
  },

  DescribeSecurityGroups: {
    accepts: ['GroupIds', 'GroupNames', 'MaxResults', 'NextToken'],
    handle(input, call) {
      const all = [...call.state.securityGroups.in(call.region)];
      const chosen = new Set<SecurityGroupSeed>();
      for (const id of input.GroupIds ?? []) chosen.add(must(all.find((group) => group.id === id), id, call));
      for (const name of input.GroupNames ?? []) chosen.add(must(all.find((group) => group.name === name), name, call));
      const asked = (input.GroupIds?.length ?? 0) + (input.GroupNames?.length ?? 0) > 0;
      const sorted = [...(asked ? chosen : all)].sort((a, b) => (a.id < b.id ? -1 : 1));
      const { page, next } = asked ? whole(sorted) : call.pageOf(sorted, (group) => group.id, input.NextToken, sizeOf(input.MaxResults, call));
      return { SecurityGroups: page.map((group) => groupView(group, call)), ...(next === undefined ? {} : { NextToken: next }) };
    },
  },
};

/** What is asked for by its ids comes at once: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html */
function whole<T>(all: readonly T[]): { page: readonly T[]; next: undefined } {
  return { page: all, next: undefined };
}

/**
 * Filters see what the answer shows, of instances of groups too.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
function matches(id: string, view: Reservation | undefined, filters: Parameters<typeof passesFilters>[0], call: Call): boolean {
  const shown = view?.Instances?.[0];
  const valueOf = (name: string): string | undefined => {
    if (name === 'instance-id') return id;
    if (name === 'instance-state-name') return shown?.State?.Name;
    if (name === 'client-token') return call.state.instances.get(call.region, id, call.at)?.clientToken;
    if (name.startsWith('tag:')) return shown?.Tags?.find(({ Key }) => Key === name.slice(4))?.Value;
    // Those of images.
    throw call.error('InvalidParameterValue', 400, `The filter '${name}' is invalid`);
  };
  return passesFilters(filters, valueOf, call);
}

function ownReservation(instance: Instance, call: Call): Reservation {
  const first = call.state.instances.launches.get(`${call.region}/${instance.clientToken ?? ''}`)?.ids[0] ?? instance.id;
  return { ReservationId: first.replace('i-', 'r-'), OwnerId: call.state.core.account, Instances: [instanceView(instance, call.at)] };
}

function sizeOf(maxResults: number | undefined, call: Call): number {
  const size = maxResults ?? 1000;
  if (size < 5 || size > 1000) throw call.error('InvalidParameterValue', 400, `Value (${size}) for parameter maxResults is invalid. Expecting a value between 5 and 1000.`);
  return size;
}

function must(group: SecurityGroupSeed | undefined, name: string, call: Call): SecurityGroupSeed {
  if (group === undefined) throw call.error('InvalidGroup.NotFound', 400, `The security group '${name}' does not exist`);
  return group;
}

function reservation(group: Group, instance: GroupInstance, call: Call): Reservation {
  const pending = stageOf(instance, call.at) === 'pending';
  return {
    ReservationId: instance.id.replace('i-', 'r-'),
    OwnerId: call.state.core.account,
    Instances: [
      {
        InstanceId: instance.id,
        InstanceType: INSTANCE_TYPE,
        State: pending ? { Code: 0, Name: 'pending' } : { Code: 16, Name: 'running' },
        LaunchTime: new Date(instance.launchedAt),
        Placement: { AvailabilityZone: instance.zone },
        Tags: [{ Key: 'aws:autoscaling:groupName', Value: group.name }],
      },
    ],
  };
}

function groupView(group: SecurityGroupSeed, call: Call): GroupView {
  return {
    GroupId: group.id,
    GroupName: group.name,
    Description: group.closed ? 'lets nothing in' : 'lets the application in',
    OwnerId: call.state.core.account,
    SecurityGroupArn: `arn:aws:ec2:${group.region}:${call.state.core.account}:security-group/${group.id}`,
    VpcId: group.vpc ?? VPC,
    IpPermissions: group.closed
      ? []
      : [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/8' }], Ipv6Ranges: [], PrefixListIds: [], UserIdGroupPairs: [] }],
    IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }], Ipv6Ranges: [], PrefixListIds: [], UserIdGroupPairs: [] }],
    Tags: [],
  };
}
