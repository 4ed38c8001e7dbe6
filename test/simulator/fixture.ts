import { AwsError } from '../../src/aws/errors.ts';
import type { InputOf, OperationOf, OutputOf, Service } from '../../src/aws/operations.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World, type WorldOptions } from '../../src/simulator/world.ts';

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';
export const ZONE = 'Z0000000000000000SHOP';
export const START = Date.UTC(2026, 10, 20, 10, 0, 0);
export const WRITER = { region: SEOUL, id: 'orders' };
export const REPLICA = { region: TOKYO, id: 'orders-tokyo' };

export interface Fixture {
  clock: VirtualClock;
  world: World;
  /** One call in simulated time. */
  call<S extends Service, O extends OperationOf<S>>(service: S, region: string, operation: O, input: InputOf<S, O>): Promise<OutputOf<S, O>>;
  /** The AwsError of a call that must fail. */
  refused<S extends Service, O extends OperationOf<S>>(service: S, region: string, operation: O, input: InputOf<S, O>): Promise<AwsError>;
  wait(ms: number): Promise<void>;
}

/** An empty world. */
export function makeWorld(options: Partial<WorldOptions> = {}): Fixture {
  const clock = new VirtualClock(START);
  const world = new World({ clock, seed: 7, regions: [SEOUL, TOKYO], ...options });
  const call: Fixture['call'] = async (service, region, operation, input) => {
    const { output } = await clock.run(() => world.call({ service, region, operation, input }));
    return output;
  };
  return {
    clock,
    world,
    call,
    refused: async (service, region, operation, input) => {
      const error: unknown = await call(service, region, operation, input).then(
        () => new Error(`${service}.${operation} was not refused`),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof AwsError)) throw error;
      return error;
    },
    wait: (ms) => clock.run(() => clock.sleep(ms)),
  };
}

/** The shop: a writer in Seoul, its replica, groups and storefronts in both, a failover pair. */
export function makeShop(options: Partial<WorldOptions> = {}): Fixture {
  const fixture = makeWorld(options);
  const { world } = fixture;
  for (const region of [SEOUL, TOKYO]) {
    world.addSecurityGroup({ region, id: 'sg-app', name: 'app', closed: false });
    world.addSecurityGroup({ region, id: 'sg-quarantine', name: 'quarantine', closed: true });
  }
  world.addDbInstance({ ...WRITER, securityGroups: ['sg-app'], endpoint: { address: 'orders.seoul.example', port: 5432 } });
  world.addDbInstance({ ...REPLICA, replicaOf: WRITER, lagMs: 2000, securityGroups: ['sg-app'], endpoint: { address: 'orders.tokyo.example', port: 5432 } });
  world.addAutoScalingGroup({ region: SEOUL, name: 'api', min: 2, max: 6, desired: 4, targetGroups: ['web'] });
  world.addAutoScalingGroup({ region: TOKYO, name: 'api', min: 1, max: 4, desired: 1, targetGroups: ['web'], warmUpMs: 100_000 });
  world.addApplication({ region: SEOUL, address: '192.0.2.2', database: WRITER, group: 'api' });
  world.addApplication({ region: TOKYO, address: '192.0.2.1', database: REPLICA, group: 'api' });
  world.addHealthCheck({ id: 'hc-seoul', watches: { kind: 'region-endpoint', region: SEOUL }, intervalSeconds: 10, failureThreshold: 3 });
  world.addHealthCheck({ id: 'hc-tokyo', watches: { kind: 'region-endpoint', region: TOKYO }, intervalSeconds: 30, failureThreshold: 2 });
  const record = { name: 'shop.example.com', type: 'A', ttl: 60 };
  world.addHostedZone({
    id: ZONE,
    name: 'example.com',
    records: [
      { ...record, values: ['192.0.2.2'], setIdentifier: 'seoul', failover: 'PRIMARY', healthCheckId: 'hc-seoul' },
      { ...record, values: ['192.0.2.1'], setIdentifier: 'tokyo', failover: 'SECONDARY', healthCheckId: 'hc-tokyo' },
    ],
  });
  world.addBucket({ region: TOKYO, name: 'dr-tokyo' });
  world.addTopic({ region: TOKYO, arn: `arn:aws:sns:${TOKYO}:000000000000:dr` });
  return fixture;
}

export async function instance(fixture: Fixture, ref: { region: string; id: string }) {
  const { DBInstances } = await fixture.call('rds', ref.region, 'DescribeDBInstances', { DBInstanceIdentifier: ref.id });
  const [found] = DBInstances ?? [];
  if (found === undefined) throw new Error('no instance');
  return found;
}
