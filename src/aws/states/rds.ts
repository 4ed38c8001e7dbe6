import { type Answer, statesOf } from './table.ts';

interface DbInstanceMeaning {
  /** Does the engine take writes? `yes`: it does, though a restart may be part of it. `no`: AWS documents that nobody reaches it. `unknown`: it may. */
  writes: Answer;
  /** Does the status end by itself, in `available` or in the end of the instance? */
  passing: Answer;
  /** May AWS be asked for a change or a reboot? `try`: not documented, AWS's refusal is the answer. */
  ask: 'yes' | 'no' | 'try';
  /** The same for a promotion. */
  promote: 'yes' | 'no' | 'try';
  /** The engine is being restarted. */
  rebooting?: true;
  /** A backup is being made. */
  backingUp?: true;
  /** A change or a promotion that somebody asked for is under way. */
  changing?: true;
  /** It is being deleted, and that cannot be taken back. */
  going?: true;
  /** When it takes writes again although nobody asks for it, for people. */
  returns?: string;
  /** The command of `aws rds` by which a person brings it to `available`, where there is one. */
  mend?: string;
}

const serving: DbInstanceMeaning = { writes: 'yes', passing: 'yes', ask: 'try', promote: 'try' };
/** Between two states: sessions may live on, or come back. */
const between: DbInstanceMeaning = { writes: 'unknown', passing: 'yes', ask: 'try', promote: 'try' };
/** A person has to act. */
const broken: DbInstanceMeaning = { writes: 'unknown', passing: 'no', ask: 'try', promote: 'try' };
/** There is no engine that anybody could reach. */
const gone: DbInstanceMeaning = { writes: 'no', passing: 'no', ask: 'no', promote: 'no' };

const GUIDE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/';

/** Every documented value. Where AWS does not say that nobody can write, the old writer may write. */
export const dbInstanceState = statesOf<DbInstanceMeaning>({
  field: 'DBInstanceStatus',
  page: `${GUIDE}accessing-monitoring.html`,
  states: {
    available: { writes: 'yes', passing: 'no', ask: 'yes', promote: 'yes' },
    'backing-up': { ...serving, promote: 'no', backingUp: true, note: `promotion: ${GUIDE}USER_ReadRepl.Promote.html` },
    backtracking: { ...between, note: 'Aurora MySQL only' },
    'configuring-enhanced-monitoring': serving,
    'configuring-iam-database-auth': serving,
    'configuring-log-exports': serving,
    'converting-to-vpc': between,
    creating: { writes: 'no', passing: 'yes', ask: 'no', promote: 'no', note: 'not accessible while it is created' },
    'delete-precheck': { ...between, note: 'AWS checks whether it may be deleted: it serves until then' },
    deleting: { ...between, ask: 'no', promote: 'no', going: true, note: 'AWS does not say when the engine stops' },
    failed: gone,
    'inaccessible-encryption-credentials': { ...gone, note: `stopped for good, the key cannot be used: ${GUIDE}Overview.Encryption.Keys.html` },
    'inaccessible-encryption-credentials-recoverable': { ...gone, returns: 'it can be started once its key can be used again', note: `stopped until the key can be used again: ${GUIDE}Overview.Encryption.Keys.html` },
    'incompatible-create': gone,
    'incompatible-network': { ...broken, note: 'a recovery is not possible; AWS does not say that the engine is stopped' },
    'incompatible-option-group': broken,
    'incompatible-parameters': { ...broken, note: 'the engine cannot start with its parameters; AWS does not say that it was stopped before' },
    'incompatible-restore': gone,
    'insufficient-capacity': { ...gone, note: 'it was not created' },
    maintenance: serving,
    modifying: { ...serving, changing: true },
    'moving-to-vpc': between,
    rebooting: { ...between, rebooting: true },
    renaming: serving,
    'resetting-master-credentials': serving,
    'restore-error': broken,
    starting: { ...between, note: 'it takes writes as soon as it is available' },
    stopped: { ...gone, mend: 'start-db-instance', returns: 'AWS starts it by itself after seven days', note: `no connection, no change, no reboot: ${GUIDE}USER_StopInstance.html` },
    stopping: { ...between, note: 'AWS does not say when within it the engine stops' },
    'storage-config-upgrade': { ...between, note: `the engine is not available while it lasts: ${GUIDE}USER_PIOPS.UpgradeFileSystem.html` },
    'storage-full': { ...broken, mend: 'modify-db-instance --allocated-storage …', passing: 'unknown', note: 'storage autoscaling may end it; what needs no space may still be written' },
    'storage-initialization': serving,
    'storage-optimization': { ...serving, note: 'fully operational, for hours or more than a day' },
    upgrading: { ...serving, note: 'until its restart, and after it' },
  },
  unlisted: { writes: 'unknown', passing: 'unknown', ask: 'try', promote: 'try' },
});

export type DbInstanceState = ReturnType<typeof dbInstanceState>;

/** Nobody writes to it, and it does not become writable by itself: the only states in which an old writer counts as out. */
export function cannotWrite(state: DbInstanceState): boolean {
  return state.writes === 'no' && state.passing === 'no';
}

/** A change or a reboot is worth asking for: it serves, or it is in a state that does not end by itself. What is between two states is waited for. */
export function mayBeAsked(state: DbInstanceState): boolean {
  return state.ask !== 'no' && (state.writes === 'yes' || state.passing !== 'yes');
}

/** It does not serve, and no wait changes that: a person has to act. */
export function needsPerson(state: DbInstanceState): boolean {
  return state.listed && state.writes !== 'yes' && state.passing !== 'yes';
}

/** It serves, or its state ends by itself. What AWS does not list is neither. */
export function servesOrPasses(state: DbInstanceState): boolean {
  return state.writes === 'yes' || state.passing === 'yes';
}

interface ReplicationMeaning {
  /** Does the replica receive from its source? */
  receives: Answer;
  /** Does a `no` tell anything of the source? What a person stopped does not. */
  byTrouble: boolean;
  /** Nothing to mention. */
  normal?: true;
}

const receives: ReplicationMeaning = { receives: 'yes', byTrouble: false };
const stopped: ReplicationMeaning = { receives: 'no', byTrouble: false };

/** Status of the status info whose type is `read replication`. */
export const replicationState = statesOf<ReplicationMeaning>({
  field: 'DBInstanceStatusInfo.Status',
  page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html',
  states: {
    replicating: { ...receives, normal: true },
    'replication degraded': receives,
    'replication stop point set': receives,
    error: { receives: 'no', byTrouble: true },
    'replication stop point reached': stopped,
    stopped,
    terminated: stopped,
  },
  unlisted: { receives: 'unknown', byTrouble: false },
});

const RDS_API = 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/';

/** What the status of a security group of a DB instance means. */
export const membershipStatus = statesOf<{
  /** Is the group in force? */
  inForce: Answer;
  /** Will the instance keep it? */
  stays: Answer;
}>({
  field: 'VpcSecurityGroupMembership.Status',
  page: `${RDS_API}API_VpcSecurityGroupMembership.html`,
  states: {
    active: { inForce: 'yes', stays: 'yes' },
    adding: { inForce: 'no', stays: 'yes', note: 'AWS names no values but active; this one is seen while a group is added' },
    removing: { inForce: 'unknown', stays: 'no', note: 'seen while a group is removed; it may still let connections in' },
  },
  unlisted: { inForce: 'unknown', stays: 'unknown' },
});

export const applyStatus = statesOf<{
  /** Does the engine run with the parameters of the group? */
  applied: Answer;
  /** Does it need a reboot for that? */
  needsReboot: Answer;
}>({
  field: 'DBParameterGroupStatus.ParameterApplyStatus',
  page: `https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html`,
  states: {
    'in-sync': { applied: 'yes', needsReboot: 'no' },
    applying: { applied: 'no', needsReboot: 'no' },
    'pending-reboot': { applied: 'no', needsReboot: 'yes' },
    'failed-to-apply': { applied: 'no', needsReboot: 'unknown', note: 'a person must correct a parameter' },
  },
  unlisted: { applied: 'unknown', needsReboot: 'unknown' },
});

interface BackupMeaning {
  /** Can an instance be restored from it? */
  usable: Answer;
  /** Does it still follow its instance? */
  growing: Answer;
}

export const snapshotStatus = statesOf<BackupMeaning>({
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
});

export const automatedBackupStatus = statesOf<BackupMeaning>({
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
});

/** What the status of a proxy of RDS, or of its target, means. */
interface ProxyMeaning {
  /** Does it take connections? */
  usable: Answer;
}

export const proxyStatus = statesOf<ProxyMeaning>({
  field: 'DBProxy.Status',
  page: 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxy.html',
  states: {
    available: { usable: 'yes' },
    modifying: { usable: 'unknown', note: 'AWS does not say whether it takes connections meanwhile' },
    creating: { usable: 'no' },
    deleting: { usable: 'no' },
    'incompatible-network': { usable: 'no', note: 'its subnets or addresses must be mended' },
    'insufficient-resource-limits': { usable: 'no' },
    reactivating: { usable: 'no' },
    suspending: { usable: 'no' },
    suspended: { usable: 'no' },
  },
  unlisted: { usable: 'unknown' },
});

export const proxyTargetState = statesOf<ProxyMeaning>({
  field: 'DBProxyTarget.TargetHealth.State',
  page: 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html',
  states: {
    AVAILABLE: { usable: 'yes' },
    REGISTERING: { usable: 'no' },
    UNAVAILABLE: { usable: 'no' },
    UNUSED: { usable: 'unknown', note: 'AWS names this value and does not explain it' },
  },
  unlisted: { usable: 'unknown' },
});
