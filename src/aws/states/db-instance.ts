import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What a DBInstanceStatus means. */
export interface DbInstanceMeaning {
  /**
   * Does the engine take writes? `yes`: it does, though a restart may be part of it. `no`: AWS documents that nobody reaches
   * it. `unknown`: it may.
   */
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
  /** AWS's reason, where it is another page than that of the table, or where it needs words. */
  note?: string;
}

export type DbInstanceState = Stated<DbInstanceMeaning>;

const serving: DbInstanceMeaning = { writes: 'yes', passing: 'yes', ask: 'try', promote: 'try' };
/** Between two states: sessions may live on, or come back. */
const between: DbInstanceMeaning = { writes: 'unknown', passing: 'yes', ask: 'try', promote: 'try' };
/** A person has to act. */
const broken: DbInstanceMeaning = { writes: 'unknown', passing: 'no', ask: 'try', promote: 'try' };
/** There is no engine that anybody could reach. */
const gone: DbInstanceMeaning = { writes: 'no', passing: 'no', ask: 'no', promote: 'no' };

const GUIDE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/';

/** Every documented value. Where AWS does not say that nobody can write, the old writer may write. */
export const DB_INSTANCE_STATES: StateTable<DbInstanceMeaning> = {
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
    'inaccessible-encryption-credentials-recoverable': { ...gone, note: `stopped until the key can be used again: ${GUIDE}Overview.Encryption.Keys.html` },
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
    stopped: { ...gone, note: `no connection, no change, no reboot: ${GUIDE}USER_StopInstance.html` },
    stopping: { ...between, note: 'AWS does not say when within it the engine stops' },
    'storage-config-upgrade': { ...between, note: `the engine is not available while it lasts: ${GUIDE}USER_PIOPS.UpgradeFileSystem.html` },
    'storage-full': { ...broken, passing: 'unknown', note: 'storage autoscaling may end it; what needs no space may still be written' },
    'storage-initialization': serving,
    'storage-optimization': { ...serving, note: 'fully operational, for hours or more than a day' },
    upgrading: { ...serving, note: 'until its restart, and after it' },
  },
  unlisted: { writes: 'unknown', passing: 'unknown', ask: 'try', promote: 'try' },
};

/** The meaning of the status of an instance as AWS wrote it. */
export function dbInstanceState(status: string | undefined): DbInstanceState {
  return stateIn(DB_INSTANCE_STATES, status);
}

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
