import { systemClock } from '../base/clock.ts';
import type { DatabaseDriver, DbRef } from '../simulator/database-driver.ts';
import type { Place } from '../simulator/places.ts';
import { normalName } from '../simulator/record-set.ts';
import type { DbInstanceSeed, HealthCheckSeed, HostedZoneSeed } from '../simulator/seeds.ts';
import { SharedWorld } from '../simulator/shared-world.ts';
import type { Timings } from '../simulator/timings.ts';
import { World } from '../simulator/world.ts';
import type { ZoneSource } from './dns-server.ts';

/**
 * Shorter than on AWS, so that a failover can be watched; in the same order and with the same states.
 * On AWS: promotion minutes, a security group change under a minute, INSYNC up to 60 s, an instance minutes, ReplicaLag
 * once a minute.
 */
export const LAB_TIMINGS: Partial<Timings> = {
  callMs: 10,
  promotionMs: 1_500,
  modifyMs: 500,
  renameMs: 500,
  classMs: 1_000,
  rebootMs: 500,
  replicaMs: 2_000,
  deleteMs: 500,
  restoreMs: 3_000,
  backupPeriodMs: 1_000,
  backupDelayMs: 500,
  firstBackupMs: 1_000,
  targetMs: 200,
  insyncMs: 400,
  instanceWarmUpMs: 1_000,
  metricPeriodMs: 1_000,
  minuteMs: 1_000,
};

/** A world that nobody enters: it notes what the kinds put into one. */
export class SeedRecorder extends World {
  #seeds: DbInstanceSeed[] = [];
  #zones: HostedZoneSeed[] = [];

  constructor(regions: readonly string[]) {
    super({ clock: systemClock, seed: 1, regions });
  }

  seedsOf(simulate: (world: World) => void): { instances: DbInstanceSeed[]; zones: HostedZoneSeed[] } {
    this.#seeds = [];
    this.#zones = [];
    simulate(this);
    return { instances: this.#seeds, zones: this.#zones };
  }

  override addDbInstance(seed: DbInstanceSeed): void {
    this.#seeds.push(seed);
    super.addDbInstance(seed);
  }

  override addHostedZone(seed: HostedZoneSeed): void {
    this.#zones.push(seed);
  }

  // Several applications may name the same ones; here only what is new is of interest.
  override addHealthCheck(seed: HealthCheckSeed): void {
    if (this.state.healthChecks.get(seed.id) === undefined) super.addHealthCheck(seed);
  }
}

/** The world of the lab: several applications in it, and the endpoints of the real databases instead of invented ones. */
export class LabWorld extends SharedWorld {
  readonly #endpointOf: (ref: DbRef) => { address: string; port: number };

  constructor(regions: readonly string[], driver: DatabaseDriver, endpointOf: (ref: DbRef) => { address: string; port: number }) {
    super({ clock: systemClock, seed: Date.now() % 2 ** 31, regions, databases: driver, timings: LAB_TIMINGS });
    this.#endpointOf = endpointOf;
  }

  override addDbInstance(seed: DbInstanceSeed): void {
    // Of a standby a drill makes a replica, which AWS does only where it keeps backups.
    const backups = seed.replicaOf === undefined ? {} : { backupRetentionDays: 1 };
    super.addDbInstance({ ...backups, ...seed, endpoint: this.#endpointOf(seed) });
  }
}

/** The edge of the simulated Route 53, for a DNS server that users in one place ask. */
export function zoneSource(world: World, from: Place): ZoneSource {
  return {
    zoneOf: (name) => world.state.zones.forName(normalName(name))?.name.replace(/\.$/, ''),
    lookup: (name, type) => {
      let at = name;
      return world.resolve(name, type, from).chain.map((set) => {
        // The name that was asked for: a wildcard answers for many.
        const answer = { name: at, type: set.type, ttl: set.ttl, values: set.values };
        at = set.type === 'CNAME' ? (set.values[0] ?? '').replace(/\.$/, '') : at;
        return answer;
      });
    },
    exists: (name) => !world.resolve(name, 'A', from).nxdomain,
  };
}
