import { DrError } from '../base/errors.ts';
import { freePort } from './ports.ts';
import { Site, type Tenant } from './site.ts';

const TRIES = 50;

/** The web servers of all regions, all on the same port: DNS gives addresses only. */
export interface Fleet {
  readonly port: number;
  running(region: string): boolean;
  kill(region: string): Promise<void>;
  restart(region: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startFleet(places: readonly { region: string; address: string; tenants: readonly Tenant[] }[]): Promise<Fleet> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = await freePort('127.0.0.1');
    const sites = places.map((place) => new Site({ ...place, port }));
    const started = await Promise.allSettled(sites.map((site) => site.start()));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return fleetOf(port, sites);
    await Promise.all(sites.map((site) => site.kill()));
    const reason = failed.reason as NodeJS.ErrnoException;
    if (reason.code !== 'EADDRINUSE') throw reason;
  }
  throw new DrError({ code: 'LAB_PORT', exit: 'lab', title: `No port is free at every region's address, after ${TRIES} tries.` });
}

function fleetOf(port: number, sites: readonly Site[]): Fleet {
  const each = async (of: readonly Site[], what: 'start' | 'kill'): Promise<void> => {
    await Promise.all(of.map((site) => site[what]()));
  };
  const within = (region: string) => sites.filter((site) => site.region === region);
  return {
    port,
    running: (region) => within(region).some((site) => site.running),
    kill: (region) => each(within(region), 'kill'),
    restart: (region) => each(within(region), 'start'),
    stop: () => each(sites, 'kill'),
  };
}
