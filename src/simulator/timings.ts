/** How long things take in the world, milliseconds. */
export interface Timings {
  /** One AWS call, there and back. */
  callMs: number;
  promotionMs: number;
  modifyMs: number;
  /** From NewDBInstanceIdentifier to the new name. */
  renameMs: number;
  /** From a new class to `available`. */
  classMs: number;
  rebootMs: number;
  /** So long after its creation an instance is `available`, and neither rebooted nor modified. */
  busyMs: number;
  /** From the first moment at which an instance keeps backups, after a promotion or a restore, to the end of its first full one. */
  firstFullBackupMs: number;
  /** From CreateDBInstanceReadReplica to `available`. */
  replicaMs: number;
  /** From DeleteDBInstance to its end. */
  deleteMs: number;
  /** From a restore to `available`. */
  restoreMs: number;
  /** The newest restorable time moves in steps of that, and is older by at least the delay. */
  backupPeriodMs: number;
  backupDelayMs: number;
  /** From the start of a replication of backups to its first usable one. */
  firstBackupMs: number;
  /** From registration to a healthy target, once the instance has booted. */
  targetMs: number;
  /** From an accepted record change to INSYNC. */
  insyncMs: number;
  /** From launch to InService and healthy, where the group's seed does not say. */
  instanceWarmUpMs: number;
  /** Period of the ReplicaLag metric. */
  metricPeriodMs: number;
  /** How long a minute of CloudWatch lasts: periods of a minute and longer are made of these. */
  minuteMs: number;
  /** One HTTP request of a user, there and back. */
  httpMs: number;
}

/** Roughly AWS's own, on the fast side. */
export const DEFAULT_TIMINGS: Timings = {
  callMs: 20,
  promotionMs: 240_000,
  modifyMs: 30_000,
  renameMs: 60_000,
  classMs: 300_000,
  rebootMs: 30_000,
  busyMs: 0,
  firstFullBackupMs: 0,
  replicaMs: 900_000,
  deleteMs: 180_000,
  restoreMs: 900_000,
  backupPeriodMs: 300_000,
  backupDelayMs: 60_000,
  firstBackupMs: 600_000,
  targetMs: 20_000,
  insyncMs: 30_000,
  instanceWarmUpMs: 120_000,
  metricPeriodMs: 60_000,
  minuteMs: 60_000,
  httpMs: 5,
};
