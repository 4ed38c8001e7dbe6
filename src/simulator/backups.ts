/**
 * Automated backups, replicated ones too, and snapshots.
 * 1. The newest restorable time moves in steps of `backupPeriodMs`, and is never younger than `backupDelayMs`.
 * 2. It stands still while the region of its source is dead, and when its replication has been stopped.
 */
import { sha256 } from '../base/json.ts';
import type { Core } from './core.ts';
import { folded, refKey, sameRef, type DbRef } from './database-driver.ts';
import { dbArn } from './db-instance.ts';
import { defaultKey } from './keys.ts';
import type { AutomatedBackupSeed, DbSnapshotSeed } from './seeds.ts';

export interface AutomatedBackup {
  readonly region: string;
  readonly source: DbRef;
  readonly sourceArn: string;
  readonly arn: string;
  readonly kmsKeyId: string;
  readonly retentionDays: number;
  /** The first snapshot is there from then on. */
  readonly readyAt: number;
  readonly createdAt: number;
  /** When its replication was stopped: what is there stays. */
  readonly stoppedAt: number | undefined;
}

export interface Snapshot {
  readonly region: string;
  readonly id: string;
  readonly source: DbRef;
  /** The time whose data it holds. */
  readonly takenAt: number;
  readonly status: string;
  readonly kmsKeyId: string;
  readonly optionGroup: string | undefined;
}

export class Backups {
  private readonly core: Core;
  private readonly kept = new Map<string, AutomatedBackup[]>();
  private readonly snapshots = new Map<string, Snapshot[]>();
  /** When a region was dead, oldest first. */
  private readonly outages = new Map<string, { from: number; to: number }[]>();

  constructor(core: Core) {
    this.core = core;
  }

  /** Replicated since long ago, unless the seed says that it begins now. */
  add(seed: AutomatedBackupSeed): AutomatedBackup {
    const now = this.core.now();
    const { region } = seed;
    const source = folded(seed.source);
    const { account } = this.core;
    const day = 86_400_000;
    const known = this.in(region).length;
    const backup: AutomatedBackup = {
      region,
      source,
      sourceArn: dbArn(source, account),
      arn: `arn:aws:rds:${region}:${account}:auto-backup:ab-${sha256(`${region} ${refKey(source)} ${known}`).slice(0, 26)}`,
      kmsKeyId: seed.kmsKeyId ?? defaultKey(region, account),
      retentionDays: seed.retentionDays ?? 7,
      createdAt: seed.fresh === true ? now : now - 2 * day,
      readyAt: seed.fresh === true ? now + this.core.timings.firstBackupMs : now - 2 * day,
      stoppedAt: seed.stopped === true ? now - day : undefined,
    };
    this.kept.set(region, [...this.in(region).filter((b) => !sameRef(b.source, source)), backup]);
    this.core.driver?.keepBackups?.(source);
    return backup;
  }

  /** Somebody has deleted all that a region keeps. */
  removeFrom(region: string): void {
    this.kept.delete(region);
    this.snapshots.delete(region);
  }

  addSnapshot(seed: DbSnapshotSeed): void {
    const snapshot: Snapshot = {
      region: seed.region,
      id: seed.id,
      source: folded(seed.source),
      optionGroup: seed.optionGroup,
      takenAt: this.core.now() - seed.ageMs,
      status: seed.status ?? 'available',
      kmsKeyId: seed.kmsKeyId ?? defaultKey(seed.region, this.core.account),
    };
    this.snapshots.set(seed.region, [...this.snapshotsIn(seed.region), snapshot]);
    this.core.driver?.keepBackups?.(snapshot.source);
  }

  in(region: string): readonly AutomatedBackup[] {
    return this.kept.get(region) ?? [];
  }

  snapshotsIn(region: string): readonly Snapshot[] {
    return this.snapshots.get(region) ?? [];
  }

  regionChanged(region: string, alive: boolean, now: number): void {
    const list = this.outages.get(region) ?? [];
    const last = list.at(-1);
    if (!alive) this.outages.set(region, [...list, { from: now, to: Number.POSITIVE_INFINITY }]);
    else if (last !== undefined) last.to = now;
  }

  /** Backups belong to the instance, whatever it is called. */
  rename(from: DbRef, to: DbRef): void {
    for (const [region, list] of this.kept) {
      this.kept.set(region, list.map((b) => (sameRef(b.source, from) ? { ...b, source: to, sourceArn: dbArn(to, this.core.account) } : b)));
    }
  }

  /** Everything committed up to then can be restored; undefined while there is nothing to restore from. */
  latestTime(backup: Pick<AutomatedBackup, 'region' | 'source' | 'readyAt' | 'stoppedAt'>, now: number): number | undefined {
    const at = Math.min(now, backup.stoppedAt ?? now);
    const { backupPeriodMs, backupDelayMs } = this.core.timings;
    const seen = (this.outages.get(backup.source.region) ?? []).reduce((t, o) => (t >= o.from && t < o.to ? o.from : t), at);
    const latest = Math.floor((seen - backupDelayMs) / backupPeriodMs) * backupPeriodMs;
    if (at < backup.readyAt) return undefined;
    const modelled = Math.max(latest, backup.readyAt - backupDelayMs);
    const driver = this.core.driver;
    if (driver?.restorableUpTo === undefined || backup.region === backup.source.region) return modelled;
    const real = driver.restorableUpTo(backup.source);
    return real === undefined ? undefined : Math.min(modelled, real);
  }
}
