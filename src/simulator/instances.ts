/**
 * EC2 instances that belong to no Auto Scaling group, and what they are launched from.
 * 1. A stopped instance holds no capacity: starting it takes from what its zone has left of its type.
 * 2. A launch with a client token happens once, however often it is asked for.
 */
import { createHash } from 'node:crypto';
import type { Core } from './core.ts';
import type { Ec2InstanceSeed, ImageSeed, LaunchTemplateSeed } from './seeds.ts';
import { RegionTables } from './table.ts';

export type Instance = Readonly<Required<Ec2InstanceSeed>> & {
  /** Of the last start, stop or termination. */
  readonly changedAt: number;
  /** For ever: it is also stopped then. */
  readonly terminated: boolean;
  readonly subnet: string;
  readonly clientToken: string | undefined;
};

export interface Image extends Required<Omit<ImageSeed, 'ageMs' | 'keyId'>>, Pick<ImageSeed, 'keyId'> {
  readonly createdAt: number;
}

export interface Launch {
  readonly params: string;
  readonly ids: readonly string[];
}

/** Shares of the boot, and the time that a stop takes. */
const PENDING_SHARE = 0.3;
const STOPPING_MS = 20_000;
const ZONES = ['a', 'c', 'd'];

/** Between a termination and its end, and for how long it is shown then. */
const SHUTTING_DOWN_MS = 15_000;
const SHOWN_MS = 3_600_000;
/** Of an instance whose seed names none. */
const GROUP = 'sg-0e0000000000000ec';

export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export function instanceState(instance: Instance, at: number): InstanceState {
  const since = at - instance.changedAt;
  if (instance.terminated) return since < Math.min(SHUTTING_DOWN_MS, instance.bootMs) ? 'shutting-down' : 'terminated';
  if (instance.stopped) return since < Math.min(STOPPING_MS, instance.bootMs) ? 'stopping' : 'stopped';
  return since < PENDING_SHARE * instance.bootMs ? 'pending' : 'running';
}

/** A terminated one is shown for about an hour. */
export function isShown(instance: Instance, at: number): boolean {
  return !instance.terminated || at - instance.changedAt < SHOWN_MS;
}

export function isUp(instance: Instance, at: number): boolean {
  return !instance.stopped && at - instance.changedAt >= instance.bootMs;
}

export class Instances extends RegionTables<Instance> {
  readonly launches = new Map<string, Launch>();
  private readonly core: Core;
  private readonly images = new Map<string, Image[]>();
  private readonly templates = new Map<string, LaunchTemplateSeed[]>();
  private readonly subnets = new Map<string, string>();
  /** What is left, by region, zone and type; no entry: enough. */
  private readonly left = new Map<string, number>();
  private readonly withheld = new Set<string>();

  constructor(core: Core) {
    super();
    this.core = core;
  }

  add(seed: Ec2InstanceSeed): void {
    const { region, id, zone = `${region}a` } = seed;
    this.table(region).seed(id, this.made({ ...seed, zone }, { subnet: this.defaultSubnet(region, zone), clientToken: undefined, changedAt: this.core.now() - 3_600_000 }));
  }

  private made(seed: Ec2InstanceSeed & { zone: string }, rest: Pick<Instance, 'subnet' | 'clientToken' | 'changedAt'>): Instance {
    const { instanceWarmUpMs: bootMs } = this.core.timings;
    return { type: 'm6g.large', imageId: 'ami-00000000000000000', stopped: false, protected: false, bootMs, securityGroups: [GROUP], tags: {}, terminated: false, ...seed, ...rest };
  }

  /** The one of a zone that is there before anybody makes another. */
  private defaultSubnet(region: string, zone: string): string {
    const id = `subnet-0${createHash('sha256').update(zone).digest('hex').slice(0, 16)}`;
    this.subnets.set(`${region}/${id}`, zone);
    return id;
  }

  /** Groups that an instance of the region has, besides those that were seeded. */
  hasSecurityGroup(region: string, id: string): boolean {
    return id === GROUP || [...this.table(region).values()].some(({ securityGroups }) => securityGroups.includes(id));
  }

  addImage(seed: ImageSeed): void {
    const { ageMs, ...rest } = seed;
    const image: Image = { state: 'available', tags: {}, devices: [], ...rest, createdAt: this.core.now() - ageMs };
    this.images.set(seed.region, [...this.imagesIn(seed.region), image]);
  }

  addTemplate(seed: LaunchTemplateSeed): void {
    this.templates.set(seed.region, [...(this.templates.get(seed.region) ?? []), seed]);
  }

  withhold(at: { region: string; zone: string; type: string }): void {
    this.withheld.add(`${at.region}/${at.zone}/${at.type}`);
  }

  offers(at: { region: string; zone: string; type: string }): boolean {
    return !this.withheld.has(`${at.region}/${at.zone}/${at.type}`);
  }

  /** Somebody has deleted it; a group that names it cannot launch any more. */
  removeTemplate(region: string, id: string): void {
    this.templates.set(region, (this.templates.get(region) ?? []).filter((template) => template.id !== id));
  }

  removeImage(region: string, id: string): void {
    this.images.set(region, this.imagesIn(region).filter((image) => image.id !== id));
  }

  addSubnet(seed: { region: string; id: string; zone: string }): void {
    this.subnets.set(`${seed.region}/${seed.id}`, seed.zone);
  }

  zoneOf(region: string, subnet: string): string | undefined {
    return this.subnets.get(`${region}/${subnet}`);
  }

  imagesIn(region: string): readonly Image[] {
    return this.images.get(region) ?? [];
  }

  templatesIn(region: string): readonly LaunchTemplateSeed[] {
    return this.templates.get(region) ?? [];
  }

  template(region: string, idOrName: string): LaunchTemplateSeed | undefined {
    return this.templates.get(region)?.find((t) => t.id === idOrName || t.name === idOrName);
  }

  setCapacity(at: { region: string; zone: string; type: string }, left: number): void {
    this.left.set(`${at.region}/${at.zone}/${at.type}`, left);
  }

  private take(wanted: readonly { region: string; zone: string; type: string }[]): { zone: string; type: string } | undefined {
    const counts = Map.groupBy(wanted, (w) => `${w.region}/${w.zone}/${w.type}`);
    for (const [key, list] of counts) {
      if ((this.left.get(key) ?? Number.POSITIVE_INFINITY) < list.length) return list[0];
    }
    for (const [key, list] of counts) {
      const left = this.left.get(key);
      if (left !== undefined) this.left.set(key, left - list.length);
    }
    return undefined;
  }

  start(instances: readonly Instance[], now: number): { zone: string; type: string } | undefined {
    const stopped = instances.filter((i) => i.stopped && !i.terminated);
    const shortage = this.take(stopped);
    if (shortage !== undefined) return shortage;
    for (const instance of stopped) this.put({ ...instance, stopped: false, changedAt: now }, now);
    return undefined;
  }

  stop(instances: readonly Instance[], now: number): void {
    for (const instance of instances) {
      if (instance.stopped) continue;
      const key = `${instance.region}/${instance.zone}/${instance.type}`;
      const left = this.left.get(key);
      if (left !== undefined) this.left.set(key, left + 1);
      this.put({ ...instance, stopped: true, changedAt: now }, now);
    }
  }

  /** For ever. One that is terminated stays so. */
  terminate(instances: readonly Instance[], now: number): void {
    this.stop(instances, now);
    for (const { region, id } of instances) {
      const instance = this.get(region, id);
      if (instance !== undefined && !instance.terminated) this.put({ ...instance, terminated: true, changedAt: now }, now);
    }
  }

  /** Launches instances, or says what there is too little of. Without a zone it spreads over the region's. */
  run(
    wish: Pick<Instance, 'region' | 'type' | 'imageId' | 'protected' | 'tags'> & { zone: string | undefined; subnet: string | undefined; securityGroups: readonly string[] | undefined; count: number; token: string | undefined },
    now: number,
  ): Instance[] | { zone: string; type: string } {
    const { region, type, imageId, tags, token: clientToken, securityGroups = [GROUP] } = wish;
    const fresh = Array.from({ length: wish.count }, (_, i): Instance => {
      const zone = wish.zone ?? `${region}${ZONES[i % ZONES.length] ?? 'a'}`;
      const seed = { region, id: `i-0${this.core.ids.hex(8)}`, type, zone, imageId, protected: wish.protected, securityGroups, tags };
      return this.made(seed, { subnet: wish.subnet ?? this.defaultSubnet(region, zone), clientToken, changedAt: now });
    });
    const shortage = this.take(fresh);
    if (shortage !== undefined) return shortage;
    for (const instance of fresh) this.put(instance, now);
    return fresh;
  }

  put(instance: Instance, now: number): void {
    this.table(instance.region).set(instance.id, instance, now);
    this.core.touch(instance.region, now);
    if (!instance.stopped) this.core.agenda.at(now + instance.bootMs, (at) => this.core.touch(instance.region, at));
  }
}
