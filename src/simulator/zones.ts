/**
 * Hosted zones: what the control plane holds, and what the DNS servers answer.
 * A change is in the control plane at once, and at the servers when it is INSYNC.
 */
import type { OutputOf } from '../aws/operations.ts';
import type { Core } from './core.ts';
import { fromSeed, groupKey, nameKey, normalName, setKey, toView, type RecordSet } from './record-set.ts';
import type { HostedZoneSeed } from './seeds.ts';
import { Table } from './table.ts';
import { validateSet, wrongFields, wrongSchema } from './zone-rules.ts';

export interface Zone {
  readonly id: string;
  /** With the final dot. */
  readonly name: string;
  readonly records: Table<RecordSet>;
  /** What the servers answer: sets by name and type. */
  readonly edge: Map<string, readonly RecordSet[]>;
  /** How many groups of the edge a name has: for NXDOMAIN and wildcards. */
  readonly edgeNames: Map<string, number>;
  /** Names and types that must not be changed, with the comment of each; keys as of groups of records. */
  readonly protections: Table<Protection>;
  busyUntil: number;
  /** Another service of AWS that made it. */
  managedBy?: string;
  /** The status of its accelerated recovery. */
  recovery?: NonNullable<NonNullable<OutputOf<'route53', 'GetHostedZone'>['HostedZone']>['Features']>['AcceleratedRecoveryStatus'];
}

export interface Protection {
  /** With the final dot. */
  readonly name: string;
  readonly type: string;
  readonly comment: string | undefined;
}

export interface Change {
  readonly id: string;
  readonly submittedAt: number;
  readonly insyncAt: number;
  readonly comment: string | undefined;
}

const CHANGES_MAX = 1000;
const NAME_SERVERS = [1, 2, 3, 4].map((n) => `ns-${n}.dr-lab.example.`);

export class Zones {
  private readonly core: Core;
  private readonly byId = new Map<string, Zone>();
  private readonly byName = new Map<string, Zone>();
  private readonly changes = new Map<string, Change>();

  constructor(core: Core) {
    this.core = core;
  }

  add(seed: HostedZoneSeed): void {
    const name = normalName(seed.name);
    const known = this.byId.get(seed.id);
    if (known !== undefined && known.name !== name) throw new Error(`hosted zone ${seed.id} exists already, for ${known.name}`);
    if (known !== undefined) return this.seedRecords(seed.id, seed.records);
    if (this.byName.has(name)) throw new Error(`another hosted zone for ${name} exists already`);
    const zone: Zone = { id: seed.id, name, records: new Table(), edge: new Map(), edgeNames: new Map(), protections: new Table(), busyUntil: 0 };
    this.byId.set(seed.id, zone);
    this.byName.set(name, zone);
    const soa = { name, type: 'SOA', ttl: 900, values: [`${NAME_SERVERS[0] ?? ''} hostmaster.${name} 1 7200 900 1209600 86400`] };
    const ns = { name, type: 'NS', ttl: 172_800, values: NAME_SERVERS };
    this.seedRecords(seed.id, [soa, ns, ...seed.records]);
  }

  seedRecords(zoneId: string, records: HostedZoneSeed['records']): void {
    const zone = this.byId.get(zoneId);
    if (zone === undefined) throw new Error(`the world has no hosted zone ${zoneId}`);
    const groups = new Map<string, RecordSet[]>();
    for (const set of records.map(fromSeed)) {
      const view = toView(set);
      const wrong = wrongFields(view) ?? wrongSchema(view) ?? validateSet(zone, set);
      if (wrong !== undefined) throw new Error(`${set.name} ${set.type}: ${wrong}`);
      if (zone.records.get(setKey(set)) !== undefined) throw new Error(`record set ${set.name} ${set.type} ${set.setIdentifier ?? ''} stands twice`);
      zone.records.seed(setKey(set), set);
      const key = groupKey(set.name, set.type);
      groups.set(key, [...(groups.get(key) ?? zone.edge.get(key) ?? []), set]);
    }
    for (const [key, sets] of groups) putEdge(zone, key, sets);
  }

  /** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/rrset-protection.html */
  protect(zoneId: string, record: { name: string; type: string; comment?: string }): void {
    const zone = this.byId.get(zoneId);
    if (zone === undefined) throw new Error(`the world has no hosted zone ${zoneId}`);
    const name = normalName(record.name);
    zone.protections.seed(groupKey(name, record.type), { name, type: record.type, comment: record.comment });
  }

  get(id: string | undefined): Zone | undefined {
    return this.byId.get((id ?? '').replace(/^\/?hostedzone\//, ''));
  }

  all(): Iterable<Zone> {
    return this.byId.values();
  }

  /** The zone that answers for a name: the longest that contains it. */
  forName(name: string): Zone | undefined {
    for (let rest = name; rest !== ''; rest = rest.slice(rest.indexOf('.') + 1)) {
      const zone = this.byName.get(rest);
      if (zone !== undefined) return zone;
    }
    return undefined;
  }

  nameServers(): string[] {
    return NAME_SERVERS.map((name) => name.slice(0, -1));
  }

  change(id: string): Change | undefined {
    return this.changes.get(id.replace(/^\/?change\//, ''));
  }

  /** Makes a checked batch: `sets` by key, undefined to delete. */
  commit(zone: Zone, sets: ReadonlyMap<string, RecordSet | undefined>, touched: ReadonlySet<string>, comment: string | undefined, now: number): Change {
    for (const [key, set] of sets) {
      if (set === undefined) zone.records.delete(key, now);
      else zone.records.set(key, set, now);
    }
    const { insyncMs, callMs } = this.core.timings;
    zone.busyUntil = now + callMs / 2;
    const change = { id: `C${this.core.ids.hex(10).toUpperCase()}`, submittedAt: now, insyncAt: now + insyncMs, comment };
    this.changes.set(change.id, change);
    const oldest = this.changes.keys().next().value;
    if (this.changes.size > CHANGES_MAX && oldest !== undefined) this.changes.delete(oldest);
    const answers = [...touched].map((key) => [key, zone.records.startingWith(key).map(([, set]) => set)] as const);
    this.core.agenda.at(change.insyncAt, () => {
      for (const [key, group] of answers) putEdge(zone, key, group);
    });
    return change;
  }
}

function putEdge(zone: Zone, key: string, sets: readonly RecordSet[]): void {
  const name = key.slice(0, key.indexOf('\u0000') + 1);
  const had = zone.edge.has(key);
  if (sets.length > 0) zone.edge.set(key, sets);
  else zone.edge.delete(key);
  const count = (zone.edgeNames.get(name) ?? 0) + (sets.length > 0 ? 1 : 0) - (had ? 1 : 0);
  if (count > 0) zone.edgeNames.set(name, count);
  else zone.edgeNames.delete(name);
}

/** The sets that the servers have for a name and type, wildcards followed; undefined when there is no such name. */
export function edgeSets(zone: Zone, name: string, type: string): readonly RecordSet[] | undefined {
  if (zone.edgeNames.has(nameKey(name))) return zone.edge.get(groupKey(name, type)) ?? [];
  for (let rest = name.slice(name.indexOf('.') + 1); rest.length >= zone.name.length; rest = rest.slice(rest.indexOf('.') + 1)) {
    const wild = `*.${rest}`;
    if (zone.edgeNames.has(nameKey(wild))) return zone.edge.get(groupKey(wild, type)) ?? [];
    if (zone.edgeNames.has(nameKey(rest))) return undefined;
  }
  return undefined;
}

/** An NS record below the apex gives a name, and all names below it, to other servers. */
export function isDelegated(zone: Zone, name: string): boolean {
  for (let at = name; at.length > zone.name.length; at = at.slice(at.indexOf('.') + 1)) {
    if (zone.edge.has(groupKey(at, 'NS'))) return true;
  }
  return false;
}
