import type { World } from '../../simulator/world.ts';
import { inRegion } from '../common.ts';
import type { Route53Failover } from './schema.ts';

/** Seconds: short, so that a rehearsal shows the tool and not the cache. */
const TTL = 1;

/** The address at which a region's application listens in a simulated world: 127.0.0.2, 127.0.0.3, … */
export function simulatedAddress(regions: readonly string[], region: string): string {
  return `127.0.0.${regions.indexOf(region) + 2}`;
}

export function simulateRecord(world: World, _name: string, traffic: Route53Failover, home: string): void {
  const regions = Object.keys(traffic.sets);
  const { name, type } = traffic.record;
  world.addHostedZone({
    id: traffic.zone,
    name: name.split('.').slice(-2).join('.'),
    records: regions.map((region) => ({
      name,
      type,
      ttl: TTL,
      values: [simulatedAddress(regions, region)],
      setIdentifier: inRegion(traffic.sets, region),
      failover: region === home ? ('PRIMARY' as const) : ('SECONDARY' as const),
      healthCheckId: `hc-${inRegion(traffic.sets, region)}`,
    })),
  });
  for (const region of regions) addHealthCheck(world, traffic, region, home);
}

function addHealthCheck(world: World, traffic: Route53Failover, region: string, home: string): void {
  const id = `hc-${inRegion(traffic.sets, region)}`;
  const other = Object.keys(traffic.sets).find((r) => r !== region);
  const watched = region === home && traffic.switch === 'object' && other !== undefined ? traffic.object?.[other] : undefined;
  if (watched === undefined || other === undefined) {
    // Shallow, as AWS advises: a standby that cannot write yet must not count as dead, or it is not answered after the flip.
    world.addHealthCheck({ id, watches: { kind: 'region-endpoint', region, shallow: true }, intervalSeconds: 10, failureThreshold: 3 });
    return;
  }
  world.addBucket({ region: other, name: watched.bucket });
  world.addHealthCheck({
    id,
    watches: { kind: 's3-object', region: other, bucket: watched.bucket, key: watched.key },
    inverted: true,
    intervalSeconds: 10,
    failureThreshold: 3,
  });
}
