import type {
  AutomatedBackupSeed, AutoScalingGroupSeed, DbInstanceSeed, HealthCheckSeed, RecordSetSeed, SecurityGroupSeed,
} from '../simulator/seeds.ts';

/*
 * What a rehearsal takes from an account instead of from the runbook, in the simulator's own words. Plain JSON: it goes to threads, and
 * into a file.
 */

/** A file of another version is refused. */
export const ACCOUNT_SCHEMA = 'dr.rehearsal-account/1';

export interface SeenReplication {
  /**
   * - replicating
   * - stopped: RDS says anything else, or ReplicaLag is −1
   */
  state: 'replicating' | 'stopped';
  /** As CloudWatch last had it, milliseconds; absent: it has none. */
  lagMs?: number;
  /** Of what is stopped: how long ago it was last seen to replicate, milliseconds. */
  sinceMs?: number;
}

export interface SeenDatabase {
  seed: DbInstanceSeed;
  vpc?: string;
  replication?: SeenReplication;
}

/** Seen, or null: there is none. Keyed by region and name, see `keyIn`. */
type Seen<T> = Readonly<Record<string, T | null>>;

export interface Account {
  schema: typeof ACCOUNT_SCHEMA;
  /** Of the runbook that was read for. */
  sha256: string;
  /** Twelve digits. */
  account: string;
  at: string;
  databases: Seen<SeenDatabase>;
  groups: Seen<AutoScalingGroupSeed>;
  securityGroups: Seen<SecurityGroupSeed>;
  backups: Seen<AutomatedBackupSeed>;
  zonesGone: readonly string[];
  /** Record sets by `recordKey`; an empty list: the name has none. */
  records: Readonly<Record<string, readonly RecordSetSeed[]>>;
  /** By the id that the runbook's world has; null: no record uses one. */
  checks: Seen<HealthCheckSeed>;
  /** Names and types that Route 53 refuses to change. */
  protections: readonly { zone: string; name: string; type: string; comment?: string }[];
  /** In words, for people: what was read. */
  seen: readonly string[];
  /** In words: what the runbook's world has, and was not read. */
  assumed: readonly string[];
  /** In words: what the account has, and the simulator has not. */
  unlike: readonly string[];
}

export function keyIn(region: string, name: string): string {
  return `${region}/${name.toLowerCase()}`;
}

export function recordKey(zone: string, { name, type }: { name: string; type: string }): string {
  return `${zone} ${name.replace(/\.$/, '').toLowerCase()} ${type}`;
}
