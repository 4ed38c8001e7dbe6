import { type Commits, type Loss, lossAfter } from './commits.ts';
import type { Core } from './core.ts';
import { refKey, type DbRef } from './database-driver.ts';
import { isWriter, namedSource, type DbInstance } from './db-instance.ts';
import { LagSamples } from './lag-samples.ts';
import { Lineage, type LedgerEntry } from './lineage.ts';
import type { Replication } from './replication.ts';
import type { SecurityGroups } from './security-groups.ts';
import { ReadOnlySettings } from './settings.ts';
import { RegionTables } from './table.ts';

/** What is kept of the DB instances of the world, and what is seen of them. */
export class DatabaseViews extends RegionTables<DbInstance> {
  readonly samples: LagSamples;
  protected readonly core: Core;
  protected readonly groups: SecurityGroups;
  protected readonly byEndpoint = new Map<string, DbRef>();
  protected readonly links = new Map<string, Replication>();
  protected readonly commits = new Map<string, Commits>();
  protected readonly settings = new ReadOnlySettings();
  protected readonly lineage = new Lineage();
  /** The name under which its users know an instance: its first. */
  protected readonly knownAs = new Map<string, string>();
  protected readonly replicas = new Map<string, DbRef[]>();
  protected readonly promoted = new Map<string, { source: DbRef; upTo: number }>();

  constructor(core: Core, groups: SecurityGroups) {
    super();
    this.core = core;
    this.groups = groups;
    this.samples = new LagSamples(core);
  }

  row(ref: DbRef, at?: number): DbInstance | undefined {
    return this.get(ref.region, ref.id, at);
  }

  atEndpoint(host: string, port: number): DbRef | undefined {
    return this.byEndpoint.get(`${host}:${port}`);
  }

  /** Replication into an instance that is still a replica at that time. */
  link(ref: DbRef, at: number): Replication | undefined {
    const row = this.row(ref, at);
    return row?.source === undefined ? undefined : this.links.get(refKey(ref));
  }

  /** Replication into an instance that is or was a replica. */
  linkEver(ref: DbRef): Replication | undefined {
    return this.links.get(refKey(ref));
  }

  lagNow(ref: DbRef, now: number): number | undefined {
    const link = this.link(ref, now);
    if (link === undefined || link.mode(now) !== 'replicating') return undefined;
    return this.core.driver === undefined ? link.metric(now) : this.core.driver.lagMs(ref);
  }

  replicasOf(ref: DbRef, at: number): DbRef[] {
    const ever = this.replicas.get(refKey(ref)) ?? [];
    return ever.filter((replica) => {
      const row = this.row(replica, at);
      return row !== undefined && namedSource(row, at) !== undefined;
    });
  }

  /** Its groups let somebody new in and its region lives. */
  reachable(row: DbInstance): boolean {
    return this.core.alive(row.ref.region) && !this.groups.allClosed(row.ref.region, row.groups);
  }

  acceptsWrites(ref: DbRef, at: number): boolean {
    const row = this.row(ref);
    const used = row !== undefined && (this.reachable(row) || (row.oldSessions && this.core.alive(row.ref.region)));
    return used && isWriter(row, at) && !this.readOnly(ref, at);
  }

  /** What a session inside the database sees: in recovery or not. */
  sqlRole(ref: DbRef, at: number): 'writer' | 'replica' {
    return isWriter(this.must(ref), at) ? 'writer' : 'replica';
  }

  /** Sessions that begin then only read. A replica has the setting that its source had when what it holds was written. */
  readOnly(ref: DbRef, at: number): boolean {
    const link = this.link(ref, at);
    const row = this.row(ref, at);
    if (row?.source === undefined || row.promotion !== undefined || link === undefined) return this.settings.on(refKey(ref), at);
    return this.readOnly(row.source, link.reached(at));
  }

  /** Where the log stands: the time of the last change that the instance holds. */
  position(ref: DbRef, at: number): number {
    const link = this.link(ref, at);
    const row = this.row(ref);
    if (row?.source !== undefined && row.promotion === undefined && link !== undefined) return this.position(row.source, link.reached(at));
    // Until it is out of recovery it has no log of its own.
    const promoted = this.promoted.get(refKey(ref));
    if (row?.promotion !== undefined && promoted !== undefined && !isWriter(row, at)) return this.position(promoted.source, promoted.upTo);
    const own = [this.commits.get(refKey(ref))?.lastBefore(at), this.settings.lastChange(refKey(ref), at), this.promoted.get(refKey(ref))?.upTo];
    return Math.max(0, ...own.filter((time) => time !== undefined));
  }

  lossOf(ref: DbRef, now: number): Loss | undefined {
    const promoted = this.promoted.get(refKey(ref));
    return promoted === undefined ? undefined : lossAfter(this.commits.get(refKey(promoted.source)), promoted.upTo, now);
  }

  ledgerOf(ref: DbRef, now: number): LedgerEntry[] {
    return this.lineage.ledger(refKey(this.must(ref).ref), now);
  }

  protected must(ref: DbRef): DbInstance {
    const row = this.row(ref);
    if (row !== undefined) return row;
    throw new Error(`the world has no instance ${refKey(ref)}`);
  }
}
