import type { Core } from './core.ts';
import { folded } from './database-driver.ts';
import type { Databases } from './databases.ts';
import type { Groups } from './groups.ts';
import type { ApplicationSeed } from './seeds.ts';
import type { TargetGroups } from './target-groups.ts';

/** What listens where users go. */
export class Applications {
  private readonly core: Core;
  private readonly databases: Databases;
  private readonly groups: Groups;
  private readonly targetGroups: TargetGroups;
  private readonly byAddress = new Map<string, readonly ApplicationSeed[]>();
  private readonly byRegion = new Map<string, ApplicationSeed[]>();
  /** Regions whose applications use a database of a region. */
  private readonly users = new Map<string, Set<string>>();
  /** What those that are stopped answer: 0 is no answer. */
  private readonly down = new Map<string, 0 | 503>();

  constructor(core: Core, databases: Databases, groups: Groups, targetGroups: TargetGroups) {
    this.core = core;
    this.databases = databases;
    this.groups = groups;
    this.targetGroups = targetGroups;
  }

  add(given: ApplicationSeed): void {
    const seed: ApplicationSeed = given.database === undefined ? given : { ...given, database: folded(given.database) };
    const there = this.byAddress.get(seed.address) ?? [];
    if (there.some(({ host }) => host === undefined || seed.host === undefined || host === seed.host)) throw new Error(`an application listens at ${seed.address} already`);
    this.byAddress.set(seed.address, [...there, seed]);
    this.byRegion.set(seed.region, [...(this.byRegion.get(seed.region) ?? []), seed]);
    if (seed.database !== undefined) {
      const users = this.users.get(seed.database.region) ?? new Set<string>();
      this.users.set(seed.database.region, users.add(seed.region));
    }
  }

  /** Regions whose applications may answer otherwise when something in `region` changes. */
  affectedBy(region: string): ReadonlySet<string> {
    return new Set([region, ...(this.users.get(region) ?? [])]);
  }

  at(address: string): ApplicationSeed | undefined {
    return this.byAddress.get(address)?.[0];
  }

  all(): Iterable<ApplicationSeed> {
    return [...this.byAddress.values()].flat();
  }

  /** All of a region, or those at an address. An address where nobody listens is no application: it never answers. */
  in(region: string, address?: string): readonly ApplicationSeed[] {
    if (address === undefined) return this.byRegion.get(region) ?? [];
    return this.byAddress.get(address) ?? [{ region, address }];
  }

  /** Stops or starts the application itself, its region and database left alone. `silent`: what stands before it gives no answer either. */
  setUp(address: string, up: boolean, now: number, silent = false): void {
    const app = this.at(address);
    if (app === undefined) throw new Error(`no application listens at ${address}`);
    if (up) this.down.delete(address);
    else this.down.set(address, silent ? 0 : 503);
    this.core.touch(app.region, now);
  }

  /** HTTP status of its pages; 0 when it gives no answer. */
  status(app: ApplicationSeed, now: number): number {
    if (!this.byAddress.has(app.address) || !this.core.alive(app.region)) return 0;
    const down = this.down.get(app.address);
    if (down !== undefined) return down;
    if (app.group !== undefined) {
      const group = this.groups.get(app.region, app.group);
      if (group === undefined || this.groups.healthyCount(group, now) === 0) return 503;
    }
    if (app.targetGroup !== undefined && this.targetGroups.healthy(app.targetGroup, app.region, now) === 0) return 503;
    return app.database === undefined || this.databases.acceptsWrites(app.database, now) ? 200 : 503;
  }
}
