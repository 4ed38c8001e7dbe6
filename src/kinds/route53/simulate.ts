import { normalName } from '../../simulator/record-set.ts';
import type { RecordSetSeed } from '../../simulator/seeds.ts';
import type { World } from '../../simulator/world.ts';
import { edgeSets } from '../../simulator/zones.ts';
import { inRegion } from '../common.ts';
import type { RecordKey } from '../../aws/route53.ts';
import { answerFor, answersOf } from './aim.ts';
import { recordsOf, type RegionAnswer, type Route53Failover, type Route53Simple, type SharedTraffic } from './schema.ts';

/** Seconds: short, so that a rehearsal shows the tool and not the cache. */
const TTL = 1;

/** The address at which a region's application listens in a simulated world: 127.0.0.2, 127.0.0.3, … */
export function simulatedAddress(regions: readonly string[], region: string): string {
  return `127.0.0.${regions.indexOf(region) + 2}`;
}

/** What a region's sets answer in a simulated world: what the runbook says, where it says it. */
export function simulatedAnswer(said: RegionAnswer | undefined, type: RecordKey['type'], regions: readonly string[], region: string): Pick<RecordSetSeed, 'ttl' | 'values' | 'alias'> {
  const answer = said === undefined ? undefined : answerFor(said, type);
  const address = simulatedAddress(regions, region);
  if (answer === undefined && type === 'CNAME') return { ttl: TTL, values: [`app.${region}.dr-lab.example`] };
  // Mapped: anyone who connects there by IPv6 reaches the same listener. https://datatracker.ietf.org/doc/html/rfc4291#section-2.5.5.2
  if (answer === undefined) return { ttl: TTL, values: [type === 'AAAA' ? `::ffff:${address}` : address] };
  if ('values' in answer) return { ttl: answer.ttl, values: answer.values };
  const { zone, name, evaluateTargetHealth } = answer.alias;
  return { ttl: 0, values: [], alias: { zoneId: zone, name, evaluateTargetHealth } };
}

/** The zone that a name is taken to lie in: its last two labels. */
function zoneName(name: string): string {
  return name.replace(/\.$/, '').split('.').slice(-2).join('.');
}

/** Makes the names that CNAMEs lead to, e.g. of a load balancer: at each the application of its region answers. A name that the world has already stays as it is. */
function addTargets(world: World, records: readonly RecordKey[], said: Readonly<Record<string, RegionAnswer>> | undefined, regions: readonly string[]): void {
  if (!records.some(({ type }) => type === 'CNAME')) return;
  for (const region of regions) {
    for (const value of simulatedAnswer(said?.[region], 'CNAME', regions, region).values) {
      const name = normalName(value);
      const record = { name, type: 'A', ttl: TTL, values: [simulatedAddress(regions, region)] };
      const zone = world.state.zones.forName(name);
      const parent = name.slice(name.indexOf('.') + 1);
      if (zone === undefined) world.addHostedZone({ id: `Z${parent.replaceAll('.', '').toUpperCase()}`, name: parent, records: [record] });
      else if (edgeSets(zone, name, 'A') === undefined) world.addRecordSets(zone.id, [record]);
    }
  }
}

export function simulateRecord(world: World, _name: string, traffic: Route53Failover, home: string): void {
  const regions = Object.keys(traffic.sets);
  const records = recordsOf(traffic);
  world.addHostedZone({
    id: traffic.zone,
    name: zoneName(records[0]?.name ?? ''),
    records: records.flatMap(({ name, type }) =>
      regions.map((region) => ({
        name,
        type,
        ...simulatedAnswer(traffic.answers?.[region], type, regions, region),
        setIdentifier: inRegion(traffic.sets, region),
        failover: region === home ? ('PRIMARY' as const) : ('SECONDARY' as const),
        healthCheckId: `hc-${inRegion(traffic.sets, region)}`,
      })),
    ),
  });
  addTargets(world, records, traffic.answers, regions);
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
  watchObject(world, id, { ...watched, region: other });
}

function watchObject(world: World, id: string, object: { region: string; bucket: string; key: string }): void {
  const { region, bucket, key } = object;
  world.addBucket({ region, name: bucket });
  world.addHealthCheck({ id, watches: { kind: 's3-object', region, bucket, key }, inverted: true, intervalSeconds: 10, failureThreshold: 3 });
}

/** One plain record for each name, which answers what the home region answers. */
export function simulateSimple(world: World, traffic: Route53Simple, home: string): void {
  const records = recordsOf(traffic);
  const regions = Object.keys(traffic.answers);
  world.addHostedZone({
    id: traffic.zone,
    name: zoneName(records[0]?.name ?? ''),
    records: records.map(({ name, type }) => ({ name, type, ...simulatedAnswer(traffic.answers[home], type, regions, home) })),
  });
  addTargets(world, records, traffic.answers, regions);
}

/** The records of a resource by which several regions answer, with the health check of each region. */
export function simulateShared(
  world: World,
  resource: string,
  traffic: SharedTraffic,
  regions: readonly string[],
  setsOf: (record: RecordKey & Pick<RecordSetSeed, 'healthCheckId'>, region: string) => RecordSetSeed[],
): void {
  const records = recordsOf(traffic);
  // Where sets are made again from the runbook, they have the health check that it names, or none.
  const own = (region: string) => (traffic.kind === 'route53-weighted' ? `hc-${resource}-${region}` : undefined);
  const checks = new Map(regions.map((region) => [region, namedCheck(traffic.answers?.[region]) ?? own(region)]));
  world.addHostedZone({
    id: traffic.zone,
    name: zoneName(records[0]?.name ?? ''),
    records: records.flatMap((record) => regions.flatMap((region) => {
        const id = checks.get(region);
        return setsOf({ ...record, ...(id === undefined ? {} : { healthCheckId: id }) }, region);
      }),
    ),
  });
  addTargets(world, records, traffic.answers, regions);
  for (const [region, id] of checks) {
    // Two resources may share a region's health check.
    if (id === undefined || world.state.healthChecks.get(id) !== undefined) continue;
    const object = traffic.switch === 'object' ? traffic.object?.[region] : undefined;
    if (object === undefined) world.addHealthCheck({ id, watches: { kind: 'region-endpoint', region, shallow: true }, intervalSeconds: 10, failureThreshold: 3 });
    else watchObject(world, id, { region: object.in, bucket: object.bucket, key: object.key });
  }
}

/** The health check that the runbook names for a region: the same for all types here. */
function namedCheck(answer: RegionAnswer | undefined): string | undefined {
  return answer === undefined ? undefined : answersOf(answer).map((one) => one.answer.healthCheck).find((id) => id !== undefined);
}
