import { DrError } from '../base/errors.ts';
import { freePort } from './ports.ts';
import { Site, type Tenant } from './site.ts';

const TRIES = 50;

/** The web servers of all regions, all on the same port: DNS gives addresses only. */
export class Fleet {
  readonly port: number;
  readonly #sites: readonly Site[];

  private constructor(port: number, sites: readonly Site[]) {
    this.port = port;
    this.#sites = sites;
  }

  static async start(places: readonly { region: string; address: string; tenants: readonly Tenant[] }[]): Promise<Fleet> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const port = await freePort('127.0.0.1');
      const sites = places.map((place) => new Site({ ...place, port }));
      const started = await Promise.allSettled(sites.map((site) => site.start()));
      const failed = started.find((result) => result.status === 'rejected');
      if (failed === undefined) return new Fleet(port, sites);
      await Promise.all(sites.map((site) => site.kill()));
      const reason = failed.reason as NodeJS.ErrnoException;
      if (reason.code !== 'EADDRINUSE') throw reason;
    }
    throw new DrError({ code: 'LAB_PORT', exit: 'lab', title: `No port is free at every region's address, after ${TRIES} tries.` });
  }

  running(region: string): boolean {
    return this.#sites.some((site) => site.region === region && site.running);
  }

  async kill(region: string): Promise<void> {
    await Promise.all(this.#in(region).map((site) => site.kill()));
  }

  async restart(region: string): Promise<void> {
    await Promise.all(this.#in(region).map((site) => site.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sites.map((site) => site.kill()));
  }

  #in(region: string): Site[] {
    return this.#sites.filter((site) => site.region === region);
  }
}
