import type { Place } from '../../src/simulator/places.ts';
import { simulatedAddress } from '../../src/kinds/route53/simulate.ts';
import { instanceOf, NAME, regionsOf, SEOUL, TOKYO } from './shapes.ts';
import type { Stage } from './stage.ts';

/** Where users are; only a geolocation or a latency record tells them apart. */
const PLACES: readonly Place[] = [
  { country: 'KR', continent: 'AS', region: SEOUL },
  { country: 'JP', continent: 'AS', region: TOKYO },
  { country: 'DE', continent: 'EU', region: SEOUL },
];

/** Looks into the world, which the tool cannot. */
export class Eyes {
  readonly #stage: Stage;
  readonly #places: readonly (Place | undefined)[];
  readonly #regions: readonly string[];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#regions = regionsOf(stage.scenario.shape);
    const { traffic } = stage.scenario.shape;
    this.#places = traffic === 'route53-latency' || traffic === 'route53-geolocation' ? PLACES : [undefined];
  }

  ref(database: string, region: string): { region: string; id: string } {
    return { region, id: instanceOf(database, region) };
  }

  takesWrites(database: string, region: string): boolean {
    return this.#stage.world.acceptsWrites(this.ref(database, region));
  }

  /** Somebody is connected from before it was closed, wherever the name leads by now. */
  hasOldSessions(database: string, region: string): boolean {
    return this.#stage.world.state.databases.row(this.ref(database, region))?.oldSessions === true;
  }

  /** True when the name answers nobody, or somebody not. */
  silent(): boolean {
    return this.#places.some((place) => this.#resolve(place).length === 0);
  }

  /** Regions that the name leads anybody to; `draws`: asked so often, where Route 53 draws lots. */
  answers(draws = 1): Set<string> {
    const seen = new Set<string>();
    const often = this.#stage.scenario.shape.traffic === 'route53-weighted' ? draws : 1;
    for (let i = 0; i < often; i++) {
      for (const place of this.#places) {
        const address = this.#resolve(place)[0];
        const region = this.#regions.find((r) => simulatedAddress(this.#regions, r) === address);
        if (region !== undefined) seen.add(region);
      }
    }
    return seen;
  }

  /** HTTP status of a region's application; 0 when it gives no answer. */
  status(region: string): number {
    const { world, clock } = this.#stage;
    const app = world.state.applications.at(simulatedAddress(this.#regions, region));
    return app === undefined ? 0 : world.state.applications.status(app, clock.now());
  }

  /** What going over the line at this moment loses of a database, milliseconds; undefined when there is nothing to lose. */
  lossNow(database: string): number | undefined {
    const { world, clock, chapter, scenario } = this.#stage;
    const now = clock.now();
    const { databases } = world.state;
    const target = this.ref(database, chapter.target);
    if (scenario.shape.strategy === 'backup-restore') return databases.lossOf(target, now)?.ms;
    const link = databases.link(target, now);
    if (link === undefined) return undefined;
    return Math.max(0, databases.position(this.ref(database, chapter.source), now) - link.reached(now));
  }

  #resolve(place: Place | undefined): readonly string[] {
    return place === undefined ? this.#stage.world.resolve(NAME, 'A').values : this.#stage.world.resolve(NAME, 'A', place).values;
  }
}
