import { systemClock } from '../base/clock.ts';
import type { DatabaseDriver, DbRef } from '../simulator/database-driver.ts';
import type { DbInstanceSeed, HealthCheckSeed, HostedZoneSeed } from '../simulator/seeds.ts';
import { SharedWorld } from '../simulator/shared-world.ts';
import { World } from '../simulator/world.ts';
import { LAB_TIMINGS } from './timings.ts';

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
