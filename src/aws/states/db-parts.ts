import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

const RDS_API = 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/';

/** What the status of a security group of a DB instance means. */
export interface MembershipMeaning {
  /** Is the group in force? */
  inForce: Answer;
  /** Will the instance keep it? */
  stays: Answer;
  note?: string;
}

export const MEMBERSHIP_STATUSES: StateTable<MembershipMeaning> = {
  field: 'VpcSecurityGroupMembership.Status',
  page: `${RDS_API}API_VpcSecurityGroupMembership.html`,
  states: {
    active: { inForce: 'yes', stays: 'yes' },
    adding: { inForce: 'no', stays: 'yes', note: 'AWS names no values but active; this one is seen while a group is added' },
    removing: { inForce: 'unknown', stays: 'no', note: 'seen while a group is removed; it may still let connections in' },
  },
  unlisted: { inForce: 'unknown', stays: 'unknown' },
};

export function membershipStatus(status: string | undefined): Stated<MembershipMeaning> {
  return stateIn(MEMBERSHIP_STATUSES, status);
}

/** What ParameterApplyStatus means. */
export interface ApplyMeaning {
  /** Does the engine run with the parameters of the group? */
  applied: Answer;
  /** Does it need a reboot for that? */
  needsReboot: Answer;
  note?: string;
}

export const APPLY_STATUSES: StateTable<ApplyMeaning> = {
  field: 'DBParameterGroupStatus.ParameterApplyStatus',
  page: `https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html`,
  states: {
    'in-sync': { applied: 'yes', needsReboot: 'no' },
    applying: { applied: 'no', needsReboot: 'no' },
    'pending-reboot': { applied: 'no', needsReboot: 'yes' },
    'failed-to-apply': { applied: 'no', needsReboot: 'unknown', note: 'a person must correct a parameter' },
  },
  unlisted: { applied: 'unknown', needsReboot: 'unknown' },
};

export function applyStatus(status: string | undefined): Stated<ApplyMeaning> {
  return stateIn(APPLY_STATUSES, status);
}

/** What the status of a DB snapshot means. */
export interface BackupMeaning {
  /** Can an instance be restored from it? */
  usable: Answer;
  /** Does it still follow its instance? */
  growing: Answer;
  note?: string;
}

export const SNAPSHOT_STATUSES: StateTable<BackupMeaning> = {
  field: 'DBSnapshot.Status',
  page: `${RDS_API}API_DBSnapshot.html`,
  states: {
    available: { usable: 'yes', growing: 'no' },
    creating: { usable: 'no', growing: 'no', note: 'it is being made or copied' },
    copying: { usable: 'no', growing: 'no' },
    deleting: { usable: 'no', growing: 'no' },
    failed: { usable: 'no', growing: 'no' },
  },
  unlisted: { usable: 'unknown', growing: 'unknown' },
};

export function snapshotStatus(status: string | undefined): Stated<BackupMeaning> {
  return stateIn(SNAPSHOT_STATUSES, status);
}

export const AUTOMATED_BACKUP_STATUSES: StateTable<BackupMeaning> = {
  field: 'DBInstanceAutomatedBackup.Status',
  page: `${RDS_API}API_DBInstanceAutomatedBackup.html`,
  states: {
    active: { usable: 'yes', growing: 'yes' },
    replicating: { usable: 'yes', growing: 'yes', note: 'copies in another region' },
    retained: { usable: 'yes', growing: 'no', note: 'the instance is deleted, or its replication was stopped' },
    creating: { usable: 'no', growing: 'yes', note: 'the first backup is not there yet' },
    pending: { usable: 'no', growing: 'unknown' },
    deleting: { usable: 'no', growing: 'no' },
  },
  unlisted: { usable: 'unknown', growing: 'unknown' },
};

export function automatedBackupStatus(status: string | undefined): Stated<BackupMeaning> {
  return stateIn(AUTOMATED_BACKUP_STATUSES, status);
}
