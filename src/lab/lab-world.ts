import { systemClock } from '../base/clock.ts';
import { canonicalJson } from '../base/json.ts';
import type { DatabaseDriver, DbRef } from '../simulator/database-driver.ts';
import type { DbInstanceSeed, HealthCheckSeed, HostedZoneSeed } from '../simulator/seeds.ts';
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
export class LabWorld extends World {
  readonly #endpointOf: (ref: DbRef) => { address: string; port: number };
  readonly #checks = new Map<string, string>();
  readonly #zones = new Map<string, string>();

  constructor(regions: readonly string[], driver: DatabaseDriver, endpointOf: (ref: DbRef) => { address: string; port: number }) {
    super({ clock: systemClock, seed: Date.now() % 2 ** 31, regions, databases: driver, timings: LAB_TIMINGS });
    this.#endpointOf = endpointOf;
  }

  override addDbInstance(seed: DbInstanceSeed): void {
    // Of a standby a drill makes a replica, which AWS does only where it keeps backups.
    const backups = seed.replicaOf === undefined ? {} : { backupRetentionDays: 1 };
    super.addDbInstance({ ...backups, ...seed, endpoint: this.#endpointOf(seed) });
  }

  /** Two applications may name a check of the same thing alike: then it is one. */
  override addHealthCheck(seed: HealthCheckSeed): void {
    const text = canonicalJson(seed);
    if (this.#checks.get(seed.id) === text) return;
    this.#checks.set(seed.id, text);
    super.addHealthCheck(seed);
  }

  /** A second zone for a domain is one for the names that lie in it, as if they were delegated to it. */
  override addHostedZone(seed: HostedZoneSeed): void {
    const owner = this.#zones.get(seed.name);
    const name = owner === undefined || owner === seed.id ? seed.name : commonDomain(seed.records.map((record) => record.name));
    const known = [...this.#zones].find(([, id]) => id === seed.id)?.[0];
    if (known === undefined) this.#zones.set(name, seed.id);
    super.addHostedZone({ ...seed, name: known ?? name });
  }
}

/** The longest domain that all names lie in. */
function commonDomain(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.replace(/\.$/, '').split('.').reverse());
  const same = first.findIndex((label, i) => others.some((other) => other[i] !== label));
  return (same < 0 ? first : first.slice(0, same)).toReversed().join('.');
}
