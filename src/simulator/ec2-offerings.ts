import { sha256 } from '../base/json.ts';
import type { Call, ServiceModel } from './call.ts';
import { vcpusOf } from './quotas.ts';

const ZONES = ['a', 'b', 'c', 'd'];

/** The snapshot of the one volume that an image has. */
export function snapshotOf(image: string): string {
  return `snap-0${sha256(image).slice(0, 16)}`;
}

/**
 * What can be launched, and into what.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeCapacityReservations.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeKeyPairs.html
 */
export const offeringOperations = {
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

  DescribeInstanceTypes: {
    accepts: ['InstanceTypes'],
    handle(input, call) {
      const types = input.InstanceTypes ?? [];
      if (types.length === 0) throw call.unsupported('all instance types');
      if (types.length > 100) throw call.error('InvalidParameterValue', 400, 'At most 100 instance types can be asked for');
      const odd = types.filter((type) => !/^[a-z][a-z0-9-]*\.[a-z0-9]+$/.test(type));
      if (odd.length > 0) throw call.error('InvalidInstanceType', 400, `The following supplied instance types do not exist: [${odd.join(', ')}]`);
      return { InstanceTypes: types.map((type) => ({ InstanceType: type, VCpuInfo: { DefaultVCpus: vcpusOf(type) } })) };
    },
  },

  DescribeKeyPairs: {
    accepts: ['KeyNames'],
    handle(input, call) {
      const names = input.KeyNames ?? [];
      if (names.length === 0) throw call.unsupported('all key pairs');
      const missing = names.filter((name) => call.state.keyPairs.get(call.region, name) === undefined);
      if (missing.length > 0) throw noKeyPair(missing, call);
      return { KeyPairs: names.map((name) => ({ KeyName: name, KeyPairId: `key-0${sha256(`${call.region}/${name}`).slice(0, 16)}`, KeyType: 'ed25519' as const })) };
    },
  },

  DescribeCapacityReservations: {
    accepts: ['CapacityReservationIds'],
    handle(input, call) {
      const ids = input.CapacityReservationIds ?? [];
      if (ids.length === 0) throw call.unsupported('all capacity reservations');
      return {
        CapacityReservations: ids.map((id) => {
          const found = call.state.reservations.get(call.region, id);
          if (found === undefined) throw call.error('InvalidCapacityReservationId.NotFound', 400, `The specified capacity reservation '${id}' does not exist`);
          const { total, available = total, state = 'active' } = found;
          return {
            CapacityReservationId: id,
            OwnerId: call.state.core.account,
            InstanceType: found.type,
            AvailabilityZone: found.zone,
            TotalInstanceCount: total,
            // Of one that is not active nothing can be had.
            AvailableInstanceCount: state === 'active' ? available : 0,
            State: state,
          };
        }),
      };
    },
  },

  DescribeSnapshots: {
    accepts: ['SnapshotIds'],
    handle(input, call) {
      const ids = input.SnapshotIds ?? [];
      if (ids.length === 0) throw call.unsupported('all snapshots');
      const images = call.state.instances.imagesIn(call.region);
      return {
        Snapshots: ids.map((id) => {
          const image = images.find((one) => snapshotOf(one.id) === id);
          if (image === undefined) throw call.error('InvalidSnapshot.NotFound', 400, `The snapshot '${id}' does not exist.`);
          return { SnapshotId: id, OwnerId: call.state.core.account, State: 'completed' as const, Encrypted: image.keyId !== undefined, ...(image.keyId === undefined ? {} : { KmsKeyId: image.keyId }) };
        }),
      };
    },
  },
} satisfies Partial<ServiceModel<'ec2'>>;

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
export function noKeyPair(names: readonly string[], call: Call): Error {
  return call.error('InvalidKeyPair.NotFound', 400, names.length === 1 ? `The key pair '${names[0] ?? ''}' does not exist` : `The key pairs '${names.join(', ')}' do not exist`);
}
