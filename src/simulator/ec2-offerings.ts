import type { ServiceModel } from './call.ts';

/** Zones of every simulated region. */
const ZONES = ['a', 'b', 'c', 'd'];

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html */
export const offeringOperations: Pick<ServiceModel<'ec2'>, 'DescribeInstanceTypeOfferings'> = {
  DescribeInstanceTypeOfferings: {
    accepts: ['LocationType', 'Filters'],
    handle(input, call) {
      if (input.LocationType !== 'availability-zone') throw call.unsupported('another location than availability-zone');
      const [filter, ...others] = input.Filters ?? [];
      if (filter?.Name !== 'instance-type' || others.length > 0) throw call.unsupported('offerings without exactly one filter, of instance-type');
      const { region } = call;
      const types = (filter.Values ?? []) as 'm6g.large'[];
      const zones = ZONES.map((letter) => `${region}${letter}`);
      return {
        InstanceTypeOfferings: types.flatMap((type) =>
          zones.filter((zone) => call.state.instances.offers({ region, zone, type })).map((zone) => ({ InstanceType: type, LocationType: 'availability-zone' as const, Location: zone })),
        ),
      };
    },
  },
};
