import { ALARM_STATES } from './alarm.ts';
import { CERTIFICATE_STATUSES } from './acm.ts';
import { ACTIVITY_STATUSES, HEALTH_STATUSES, LIFECYCLE_STATES } from './autoscaling.ts';
import { DB_INSTANCE_STATES } from './db-instance.ts';
import { APPLY_STATUSES, AUTOMATED_BACKUP_STATUSES, MEMBERSHIP_STATUSES, SNAPSHOT_STATUSES } from './db-parts.ts';
import { EC2_INSTANCE_STATES, IMAGE_STATES, RESERVATION_STATES, STATUS_CHECKS } from './ec2.ts';
import { EVENT_STATUSES } from './health.ts';
import { KEY_STATES } from './kms.ts';
import { ANALYSIS_STATUSES } from './reachability.ts';
import { PROXY_STATUSES, PROXY_TARGET_STATES } from './rds-proxy.ts';
import { REPLICATION_STATES } from './replication.ts';
import { CHANGE_STATUSES } from './route53-change.ts';
import type { StateTable } from './table.ts';
import { TARGET_HEALTH_STATES } from './target-health.ts';

/** Every table of states, in the order of `docs/aws-states.md`. */
export const STATE_TABLES: readonly StateTable<object>[] = [
  DB_INSTANCE_STATES,
  REPLICATION_STATES,
  MEMBERSHIP_STATUSES,
  APPLY_STATUSES,
  SNAPSHOT_STATUSES,
  AUTOMATED_BACKUP_STATUSES,
  EC2_INSTANCE_STATES,
  STATUS_CHECKS,
  IMAGE_STATES,
  RESERVATION_STATES,
  LIFECYCLE_STATES,
  HEALTH_STATUSES,
  ACTIVITY_STATUSES,
  TARGET_HEALTH_STATES,
  CHANGE_STATUSES,
  KEY_STATES,
  CERTIFICATE_STATUSES,
  PROXY_STATUSES,
  PROXY_TARGET_STATES,
  ANALYSIS_STATUSES,
  ALARM_STATES,
  EVENT_STATUSES,
];
