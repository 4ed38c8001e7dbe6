import type { Core } from './core.ts';

type Row<S> = S & { readonly seededAt: number };

/** What only seeds change, by region and name. */
export class Seeded<S extends { readonly region: string }> {
  private readonly core: Core;
  private readonly nameOf: (seed: S) => string;
  private readonly byRegion = new Map<string, Map<string, Row<S>>>();

  constructor(core: Core, nameOf: (seed: S) => string) {
    this.core = core;
    this.nameOf = nameOf;
  }

  /** Takes the place of one of that name. */
  add(seed: S): void {
    const rows = this.byRegion.get(seed.region) ?? new Map<string, Row<S>>();
    rows.set(this.nameOf(seed), { ...seed, seededAt: this.core.clock.now() });
    this.byRegion.set(seed.region, rows);
  }

  remove(region: string, name: string): void {
    this.byRegion.get(region)?.delete(name);
  }

  get(region: string, name: string): Row<S> | undefined {
    return this.byRegion.get(region)?.get(name);
  }

  /** In the order of names. */
  in(region: string): Row<S>[] {
    return [...(this.byRegion.get(region) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }
}
