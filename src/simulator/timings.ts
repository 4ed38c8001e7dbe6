/** How long things take in the world, milliseconds: roughly AWS's own, on the fast side. */
export const DEFAULT_TIMINGS = {
  /** One AWS call, there and back. */
  callMs: 20,
  promotionMs: 240_000,
  modifyMs: 30_000,
  /** From NewDBInstanceIdentifier to the new name. */
  renameMs: 60_000,
  /** From a new class to `available`. */
  classMs: 300_000,
  rebootMs: 30_000,
  /** So long after its creation an instance is `available`, and neither rebooted nor modified. */
  busyMs: 0,
  /** From the first moment at which an instance keeps backups, after a promotion or a restore, to the end of its first full one. */
  firstFullBackupMs: 0,
  /** From CreateDBInstanceReadReplica to `available`. */
  replicaMs: 900_000,
  deleteMs: 180_000,
  /** From a restore to `available`. */
  restoreMs: 900_000,
  /** The newest restorable time moves in steps of that, and is older by at least the delay. */
  backupPeriodMs: 300_000,
  backupDelayMs: 60_000,
  /** From the start of a replication of backups to its first usable one. */
  firstBackupMs: 600_000,
  /** From registration to a healthy target, once the instance has booted. */
  targetMs: 20_000,
  insyncMs: 30_000,
  /** From launch to InService and healthy, where the group's seed does not say. */
  instanceWarmUpMs: 120_000,
  metricPeriodMs: 60_000,
  /** How long a minute of CloudWatch lasts: periods of a minute and longer are made of these. */
  minuteMs: 60_000,
  /** One HTTP request of a user, there and back. */
  httpMs: 5,
};

export type Timings = typeof DEFAULT_TIMINGS;
