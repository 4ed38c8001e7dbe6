import type { Clock } from '../base/clock.ts';
import { Agenda } from './agenda.ts';
import type { DatabaseDriver } from './database-driver.ts';
import { Random, SeededIds } from './random.ts';
import { DEFAULT_TIMINGS, type Timings } from './timings.ts';

/** Where Route 53 acts, whether the world has this region or not. */
export const GLOBAL_REGION = 'us-east-1';
/** Where AWS Health answers, too: https://docs.aws.amazon.com/health/latest/ug/health-api.html */
const HEALTH_REGION = 'us-east-2';

export interface WorldOptions {
  clock: Clock;
  seed: number;
  regions: readonly string[];
  account?: string;
  timings?: Partial<Timings>;
  /**
   * What anyone gets who connects to an application of a dead region. Default: silent, until their own time is up. `refuses`: a closed port,
   * as where the machine lives and the program is gone. The endpoints of AWS are silent in either case.
   */
  lostApplications?: 'silent' | 'refuses';
  databases?: DatabaseDriver;
}

export class Core {
  readonly clock: Clock;
  readonly account: string;
  readonly regions: readonly string[];
  readonly timings: Timings;
  readonly driver: DatabaseDriver | undefined;
  readonly agenda = new Agenda();
  readonly ids: SeededIds;
  /** A stream of its own, so that looking names up does not change ids. */
  readonly dnsRandom: Random;
  readonly startedAt: number;
  /** Where lists come in smaller pages than AWS's own: so many items, or keys of a bucket. */
  pages: { readonly items: number; readonly keys: number } | undefined;
  private readonly known: ReadonlySet<string>;
  private readonly dead = new Set<string>();
  /** Told whenever something in a region may have changed what users see there. */
  touch: (region: string, now: number) => void = () => undefined;
  private latest: number;

  constructor(options: WorldOptions) {
    this.clock = options.clock;
    this.account = options.account ?? '000000000000';
    this.regions = [...options.regions];
    this.known = new Set([...options.regions, GLOBAL_REGION, HEALTH_REGION]);
    this.timings = { ...DEFAULT_TIMINGS, ...options.timings };
    this.driver = options.databases;
    this.ids = new SeededIds(options.seed);
    this.dnsRandom = new Random(options.seed ^ 0x5bd1e995);
    this.latest = options.clock.now();
    this.startedAt = this.latest;
  }

  /** The time, after everything due by now has happened. Never goes back, even if the clock does. */
  now(): number {
    this.latest = Math.max(this.latest, this.clock.now());
    this.agenda.advance(this.latest);
    return this.latest;
  }

  has(region: string): boolean {
    return this.known.has(region);
  }

  alive(region: string): boolean {
    return !this.dead.has(region);
  }

  /** False if it was so already. */
  setAlive(region: string, alive: boolean): boolean {
    if (!this.has(region)) throw new Error(`the world has no region ${region}; it has ${[...this.known].join(', ')}`);
    if (alive === this.alive(region)) return false;
    if (alive) this.dead.delete(region);
    else this.dead.add(region);
    return true;
  }
}
