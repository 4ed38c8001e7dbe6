import type { Timings } from '../simulator/timings.ts';

/**
 * Shorter than on AWS, so that a failover can be watched; in the same order and with the same states.
 * On AWS: promotion minutes, a security group change under a minute, INSYNC up to 60 s, an instance minutes, ReplicaLag
 * once a minute.
 */
export const LAB_TIMINGS: Partial<Timings> = {
  callMs: 10,
  promotionMs: 1_500,
  modifyMs: 500,
  renameMs: 500,
  classMs: 1_000,
  rebootMs: 500,
  replicaMs: 2_000,
  deleteMs: 500,
  restoreMs: 3_000,
  backupPeriodMs: 1_000,
  backupDelayMs: 500,
  firstBackupMs: 1_000,
  targetMs: 200,
  insyncMs: 400,
  instanceWarmUpMs: 1_000,
  metricPeriodMs: 1_000,
  minuteMs: 1_000,
};
