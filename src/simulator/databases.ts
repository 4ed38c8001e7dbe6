/**
 * The DB instances of the world, their replication and their commits.
 * 1. A promotion and a modification end when their time is over and, where there is a driver, its promise is fulfilled.
 * 2. Replication into an instance ends for good when its promotion begins; the loss is fixed then.
 */
import { Commits } from './commits.ts';
import { DatabaseViews } from './database-views.ts';
import { folded, refKey, rekey, sameRef, type DbEndpoint, type DbRef } from './database-driver.ts';
import { addressOf, dbArn, downAt, instanceFromSeed, isClosedStatus, openAt, shutDownAt, writableAt, type Change, type DbInstance, type Modification } from './db-instance.ts';
import { NOTHING_PENDING, together, withSettings } from './db-settings.ts';
import { Replication } from './replication.ts';
import type { DbInstanceSeed } from './seeds.ts';

export class Databases extends DatabaseViews {
  onRename: ((from: DbRef, to: DbRef) => void) | undefined;

  add(given: DbInstanceSeed): void {
    const now = this.core.now();
    const seed: DbInstanceSeed = { ...given, id: given.id.toLowerCase(), ...(given.replicaOf === undefined ? {} : { replicaOf: folded(given.replicaOf) }) };
    if (!this.core.regions.includes(seed.region)) throw new Error(`instance ${seed.id}: the world has no region ${seed.region}`);
    const row = instanceFromSeed(seed, this.core.account, now);
    const key = refKey(row.ref);
    if (this.row(row.ref) !== undefined) throw new Error(`instance ${key} exists already`);
    if (seed.replicaOf !== undefined) {
      if (this.row(seed.replicaOf) === undefined) throw new Error(`instance ${key} replicates ${refKey(seed.replicaOf)}, which is not there yet`);
      this.replicate(row.ref, seed.replicaOf, seed.lagMs, now);
    }
    this.table(seed.region).seed(seed.id, row);
    this.byEndpoint.set(`${row.endpoint.address}:${row.endpoint.port}`, row.ref);
    this.bear(row);
    // It has been in use since its creation, not since the world began.
    if (this.acceptsWrites(row.ref, now)) this.commits.get(key)?.accepting(true, row.createdAt);
  }

  setReadOnly(ref: DbRef, on: boolean, now: number): void {
    this.settings.set(refKey(this.must(ref).ref), on, now);
    this.changed(ref, now);
  }

  /** Begins a promotion. The caller has checked that it may. */
  promote(row: DbInstance, source: DbRef, backupRetentionDays: number, now: number): DbInstance {
    const link = this.links.get(refKey(row.ref));
    const upTo = link?.reached(now) ?? Number.NEGATIVE_INFINITY;
    this.promoted.set(refKey(row.ref), { source, upTo });
    this.lineage.inherit(refKey(row.ref), refKey(source), upTo);
    // What it was given to be by then stays, as part of its data.
    this.settings.set(refKey(row.ref), this.readOnly(row.ref, now), now);
    link?.change(now, 'silent');
    const driver = this.core.driver;
    const promotion = { startedAt: now, endsAt: now + this.core.timings.promotionMs, backupRetentionDays, driverDone: driver === undefined };
    const next = this.put({ ...row, promotion }, now);
    this.core.agenda.at(writableAt(promotion), (at) => this.changed(row.ref, at));
    this.core.agenda.at(promotion.endsAt, (at) => this.endPromotion(row.ref, at));
    driver?.promote(row.ref).then(
      () => this.driverPromoted(row.ref),
      () => this.fail(row.ref),
    );
    return next;
  }

  /** Begins to make an instance out of a backup of `source` that holds everything up to `upTo`. The caller has checked that it may. */
  restore(seed: DbInstanceSeed, source: DbRef, upTo: number, now: number): DbInstance {
    const { driver, timings, account } = this.core;
    const creation = { startedAt: now, endsAt: now + timings.restoreMs, driverDone: driver === undefined };
    const row: DbInstance = { ...instanceFromSeed(seed, account, now), createdAt: now, creation };
    this.promoted.set(refKey(row.ref), { source, upTo });
    this.bear(row);
    this.lineage.inherit(refKey(row.ref), refKey(source), upTo);
    // The setting is part of what was backed up.
    this.settings.set(refKey(row.ref), this.settings.on(refKey(source), upTo), now);
    this.byEndpoint.set(`${row.endpoint.address}:${row.endpoint.port}`, row.ref);
    this.put(row, now);
    this.core.agenda.at(openAt(creation), (at) => this.changed(row.ref, at));
    this.core.agenda.at(creation.endsAt, (at) => this.endCreation(row.ref, at));
    const closed = this.groups.allClosed(row.ref.region, row.groups);
    driver?.restore?.(row.ref, { source, upTo, closed }).then(
      (endpoint) => this.driverRestored(row.ref, endpoint),
      () => this.fail(row.ref),
    );
    return row;
  }

  private driverRestored(ref: DbRef, endpoint: { address: string; port: number }): void {
    const now = this.core.now();
    const row = this.row(ref);
    if (row?.creation === undefined) return;
    this.byEndpoint.delete(`${row.endpoint.address}:${row.endpoint.port}`);
    this.byEndpoint.set(`${endpoint.address}:${endpoint.port}`, ref);
    this.put({ ...row, endpoint, creation: { ...row.creation, driverDone: true } }, now);
    this.endCreation(ref, now);
  }

  private endCreation(ref: DbRef, at: number): void {
    const row = this.row(ref);
    if (row?.creation === undefined || !row.creation.driverDone || row.creation.endsAt > at) return;
    this.put({ ...row, creation: undefined, busyUntil: at + this.core.timings.busyMs }, at);
    if (row.source === undefined) this.firstBackup(ref, at);
  }

  /** Whatever keeps backups from now on begins with a full one, while it takes writes. */
  private firstBackup(ref: DbRef, at: number): void {
    const row = this.row(ref);
    const { firstFullBackupMs } = this.core.timings;
    if (row === undefined || firstFullBackupMs === 0 || row.backupRetentionDays === 0 || row.status !== 'available') return;
    this.put({ ...row, status: 'backing-up' }, at);
    this.core.agenda.at(at + firstFullBackupMs, (then) => {
      const current = this.row(ref);
      if (current?.createdAt === row.createdAt && current.status === 'backing-up') this.put({ ...current, status: 'available' }, then);
    });
  }

  private driverPromoted(ref: DbRef): void {
    const now = this.core.now();
    const row = this.row(ref);
    if (row?.promotion === undefined) return;
    this.put({ ...row, promotion: { ...row.promotion, driverDone: true } }, now);
    this.endPromotion(ref, now);
  }

  private endPromotion(ref: DbRef, at: number): void {
    const row = this.row(ref);
    if (row?.promotion === undefined || !row.promotion.driverDone || row.promotion.endsAt > at) return;
    const keptNone = row.backupRetentionDays === 0;
    this.put({ ...row, promotion: undefined, source: undefined, backupRetentionDays: row.promotion.backupRetentionDays }, at);
    if (keptNone) this.firstBackup(ref, at);
  }

  private fail(ref: DbRef): void {
    const row = this.row(ref);
    if (row !== undefined) this.put({ ...row, promotion: undefined, modification: undefined, creation: undefined, status: 'failed' }, this.core.now());
  }

  /** Begins to make a replica. The caller has checked that it may. It replicates from when it is open. */
  createReplica(seed: DbInstanceSeed, source: DbRef, now: number): DbInstance {
    const { driver, timings, account } = this.core;
    const creation = { startedAt: now, endsAt: now + timings.replicaMs, driverDone: driver === undefined };
    const row: DbInstance = { ...instanceFromSeed({ ...seed, replicaOf: source }, account, now), createdAt: now, creation };
    const key = refKey(row.ref);
    this.replicate(row.ref, source, seed.lagMs, now).change(now, 'silent');
    this.promoted.delete(key);
    this.settings.forget(key);
    this.bear(row);
    this.byEndpoint.set(`${row.endpoint.address}:${row.endpoint.port}`, row.ref);
    this.put(row, now);
    this.core.agenda.at(openAt(creation), (at) => this.startReplicating(row.ref, at));
    this.core.agenda.at(creation.endsAt, (at) => this.endCreation(row.ref, at));
    driver?.createReplica?.(row.ref, { source, closed: this.groups.allClosed(row.ref.region, row.groups) }).then(
      (endpoint) => this.driverRestored(row.ref, endpoint),
      () => this.fail(row.ref),
    );
    return row;
  }

  private replicate(ref: DbRef, source: DbRef, lagMs: number | undefined, now: number): Replication {
    const link = new Replication(lagMs ?? 1000, now);
    this.links.set(refKey(ref), link);
    this.replicas.set(refKey(source), [...(this.replicas.get(refKey(source)) ?? []), ref]);
    this.samples.follow(ref, (at) => this.row(ref)?.promotion === undefined && this.links.get(refKey(ref))?.mode(at) === 'replicating');
    return link;
  }

  private startReplicating(ref: DbRef, at: number): void {
    const row = this.row(ref);
    if (row?.source === undefined) return;
    const lives = this.core.alive(ref.region) && this.core.alive(row.source.region);
    this.links.get(refKey(ref))?.change(at, lives ? 'replicating' : 'silent');
    this.changed(ref, at);
  }

  /** Begins a change. The caller has checked that it may. `immediately`: with everything that waits for the maintenance window. */
  modify(row: DbInstance, asked: Change, immediately: boolean, now: number): DbInstance {
    const { timings, agenda } = this.core;
    const change: Change = immediately ? { ...asked, ...together(row.pending, asked) } : asked;
    const lasts = change.newId !== undefined ? timings.renameMs : restarts(change) ? timings.classMs : timings.modifyMs;
    const modification = { ...change, startedAt: now, endsAt: now + lasts };
    const next = this.put({ ...row, modification, ...(immediately ? { pending: NOTHING_PENDING } : {}) }, now);
    const down = downAt(modification);
    if (down !== undefined) agenda.at(down, (at) => this.changed(row.ref, at));
    const work = this.driverWork(row.ref, change);
    let endpoint: DbEndpoint | undefined;
    let waiting = work === undefined ? 1 : 2;
    const oneDone = (at: number): void => {
      waiting -= 1;
      if (waiting === 0) this.endModification(row.ref, endpoint, at);
    };
    agenda.at(modification.endsAt, oneDone);
    const done = (moved: DbEndpoint | undefined): void => {
      endpoint = moved ?? undefined;
      oneDone(this.core.now());
    };
    work?.then(done, () => this.fail(row.ref));
    return next;
  }

  private driverWork(ref: DbRef, { groups, newId }: Change): Promise<DbEndpoint | undefined> | undefined {
    const { driver } = this.core;
    if (newId !== undefined) return driver?.rename?.(ref, { region: ref.region, id: newId });
    return groups === undefined ? undefined : driver?.quarantine(ref, this.groups.allClosed(ref.region, groups)).then(() => undefined);
  }

  private endModification(ref: DbRef, endpoint: DbEndpoint | undefined, at: number): void {
    const row = this.row(ref);
    if (row?.modification === undefined) return;
    const { modification } = row;
    const { instanceClass = row.instanceClass, multiAz = row.multiAz, backupRetentionDays = row.backupRetentionDays, parameterGroup, newId } = modification;
    const next: DbInstance = {
      ...row,
      modification: undefined,
      groups: modification.groups ?? row.groups,
      instanceClass,
      multiAz,
      backupRetentionDays,
      deletionProtection: modification.deletionProtection ?? row.deletionProtection,
      settings: withSettings(row.settings, modification.settings),
      oldSessions: this.sessionsOutlive(row, modification),
      ...(parameterGroup === undefined ? {} : { parameterGroup, pendingReboot: true }),
      // A change that takes the engine down reboots it.
      ...(restarts(modification) ? { pendingReboot: false } : {}),
    };
    if (newId === undefined) this.put(next, at);
    else this.rename(next, newId, endpoint, at);
  }

  /** A change of groups ends no session that is there, a restart ends all. */
  private sessionsOutlive(row: DbInstance, change: Modification): boolean {
    const closed = (ids: readonly string[]) => this.groups.allClosed(row.ref.region, ids);
    if (downAt(change) !== undefined || !closed(change.groups ?? row.groups)) return false;
    return row.oldSessions || !closed(row.groups);
  }

  /** Leaves a change to the maintenance window, which does not come while the world runs. */
  queue(row: DbInstance, change: Change, now: number): DbInstance {
    return this.put({ ...row, pending: together(row.pending, change) }, now);
  }

  /** Everything that knew it by its old name knows it by the new one; the old name is free. */
  private rename(row: DbInstance, id: string, endpoint: DbEndpoint | undefined, at: number): void {
    const { account } = this.core;
    const to = { region: row.ref.region, id };
    const [oldKey, newKey] = [refKey(row.ref), refKey(to)];
    const isIt = (ref: DbRef) => refKey(ref) === oldKey;
    const moved = endpoint ?? { address: addressOf(to, account), port: row.endpoint.port };
    this.byEndpoint.delete(`${row.endpoint.address}:${row.endpoint.port}`);
    this.byEndpoint.set(`${moved.address}:${moved.port}`, to);
    for (const map of [this.links, this.commits, this.replicas, this.promoted, this.knownAs]) rekey(map, oldKey, newKey);
    for (const [key, refs] of this.replicas) this.replicas.set(key, refs.map((ref) => (isIt(ref) ? to : ref)));
    for (const [key, { source, upTo }] of this.promoted) if (isIt(source)) this.promoted.set(key, { source: to, upTo });
    this.settings.rename(oldKey, newKey);
    this.lineage.rename(oldKey, newKey);
    this.samples.forget(row.ref);
    this.onRename?.(row.ref, to);
    this.table(to.region).delete(row.ref.id, at);
    this.put({ ...row, ref: to, arn: dbArn(to, account), endpoint: moved, pendingReboot: false }, at);
    for (const other of [...this.all()]) if (other.source !== undefined && isIt(other.source)) this.put({ ...other, source: to }, at);
  }

  /**
   * Begins to delete an instance: `deleting` until its time is over, then its name is free. It takes no writes from the request on: our reading.
   * The caller has checked that it may. Replicas in its region are promoted then.
   */
  remove(row: DbInstance, now: number): DbInstance {
    const { driver, timings, agenda } = this.core;
    for (const replica of this.replicasOf(row.ref, now)) this.detach(replica, now);
    this.links.get(refKey(row.ref))?.change(now, 'silent');
    const next = this.put({ ...row, deletion: { startedAt: now } }, now);
    // What a real server says at its end changes nothing any more.
    driver?.remove?.(row.ref).catch(() => undefined);
    agenda.at(now + timings.deleteMs, (at) => {
      const current = this.row(row.ref);
      if (current?.deletion?.startedAt === now) this.forget(current, at);
    });
    return next;
  }

  private forget({ ref, endpoint }: DbInstance, at: number): void {
    this.byEndpoint.delete(`${endpoint.address}:${endpoint.port}`);
    for (const map of [this.links, this.commits, this.replicas, this.promoted, this.knownAs]) map.delete(refKey(ref));
    this.samples.forget(ref);
    this.table(ref.region).delete(ref.id, at);
    this.core.touch(ref.region, at);
  }

  /** Begins to restart the engine. The caller has checked that it may. Whatever was connected is not any more; changes that waited for it hold. */
  reboot(row: DbInstance, now: number): DbInstance {
    const { driver, timings, agenda } = this.core;
    const work = driver?.reboot?.(row.ref);
    const reboot = { startedAt: now, endsAt: now + timings.rebootMs, driverDone: work === undefined };
    const next = this.put({ ...row, reboot }, now);
    agenda.at(shutDownAt(reboot), (at) => {
      const current = this.row(row.ref);
      if (current?.reboot !== undefined) this.put({ ...current, oldSessions: false }, at);
    });
    agenda.at(reboot.endsAt, (at) => this.endReboot(row.ref, at));
    const done = (): void => {
      const current = this.row(row.ref);
      if (current?.reboot === undefined) return;
      this.put({ ...current, reboot: { ...current.reboot, driverDone: true } }, this.core.now());
      this.endReboot(row.ref, this.core.now());
    };
    work?.then(done, () => this.fail(row.ref));
    return next;
  }

  private endReboot(ref: DbRef, at: number): void {
    const row = this.row(ref);
    if (row?.reboot === undefined || !row.reboot.driverDone || row.reboot.endsAt > at) return;
    this.put({ ...row, reboot: undefined, pendingReboot: false }, at);
  }

  /** Sets the status shown while nothing is under way, e.g. `backing-up`, `stopped`. Where the engine does not run in it, nobody replicates from or to it. */
  setStatus(ref: DbRef, status: string, now: number): void {
    const row = this.must(ref);
    const closed = isClosedStatus(status);
    this.put({ ...row, status, oldSessions: row.oldSessions && !closed }, now);
    if (closed !== isClosedStatus(row.status)) this.relink(now, (replica) => sameRef(replica.ref, row.ref) || sameRef(replica.source, row.ref));
  }

  /** Somebody made a replica a writer of its own, at that moment: nobody follows it, and its users stay where they are. */
  detach(ref: DbRef, now: number): void {
    const row = this.must(ref);
    if (row.source === undefined) throw new Error(`instance ${refKey(ref)} is no replica`);
    const link = this.links.get(refKey(row.ref));
    const upTo = link?.reached(now) ?? now;
    this.promoted.set(refKey(row.ref), { source: row.source, upTo });
    this.lineage.inherit(refKey(row.ref), refKey(row.source), upTo);
    link?.change(now, 'silent');
    this.put({ ...row, source: undefined, backupRetentionDays: 1 }, now);
  }

  /** Replication goes where both sides live and run. */
  private relink(now: number, which: (replica: DbInstance) => boolean): void {
    for (const row of this.all()) {
      const { source } = row;
      if (source === undefined || row.promotion !== undefined || (row.creation !== undefined && openAt(row.creation) > now) || !which(row)) continue;
      const origin = this.row(source);
      const runs = this.core.alive(row.ref.region) && this.core.alive(source.region) && !isClosedStatus(row.status) && origin !== undefined && !isClosedStatus(origin.status);
      this.links.get(refKey(row.ref))?.change(now, runs ? 'replicating' : 'silent');
    }
  }

  setReplication(ref: DbRef, mode: 'replicating' | 'stopped', lagMs: number | undefined, now: number): void {
    const row = this.must(ref);
    const link = row.source === undefined || row.promotion !== undefined ? undefined : this.link(row.ref, now);
    if (link === undefined) throw new Error(`instance ${refKey(ref)} is no replica`);
    link.change(now, mode, lagMs);
  }

  regionChanged(region: string, now: number): void {
    this.relink(now, ({ ref, source }) => ref.region === region || source?.region === region);
    for (const row of this.all()) if (row.ref.region === region) this.countCommits(row.ref, now);
  }

  /** Users write where they can, under the name they know. */
  private countCommits(ref: DbRef, now: number): void {
    const used = this.knownAs.get(refKey(ref)) === ref.id && this.acceptsWrites(ref, now);
    this.commits.get(refKey(ref))?.accepting(used, now);
  }

  private bear({ ref }: DbInstance): void {
    const key = refKey(ref);
    this.knownAs.set(key, ref.id);
    const commits = new Commits();
    this.commits.set(key, commits);
    this.lineage.born(key, commits);
  }

  private put(row: DbInstance, now: number): DbInstance {
    this.table(row.ref.region).set(row.ref.id, row, now);
    this.changed(row.ref, now);
    return row;
  }

  private changed(ref: DbRef, now: number): void {
    this.countCommits(ref, now);
    this.core.touch(ref.region, now);
  }
}

/** A change that takes the engine down for a while. */
function restarts({ instanceClass, settings }: Change): boolean {
  return instanceClass !== undefined || settings?.engineVersion !== undefined;
}
