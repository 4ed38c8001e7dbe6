import { type AutomatedBackup, automatedBackups, dbSnapshots } from '../../aws/rds.ts';
import { automatedBackupStatus, snapshotStatus } from '../../aws/states/rds.ts';
import * as z from 'zod';
import { nameInArn, parseArn, regionOfArn } from '../../base/arn.ts';
import { formatDuration } from '../../base/duration.ts';
import type { ObserveContext } from '../../model/kind.ts';
import type { Permission, StepContext } from '../../model/step.ts';
import { allow } from '../common.ts';
import { keyUnfit } from '../keys.ts';
import { rdsArns, viaRds } from './instance.ts';

/* Recovery points: what there is to restore from, in the region that restores. Nothing else is asked: where the data came from may be dead. */

/** A point that a restore can start from; recorded as `recovery.<database>`. */
export const recoveryPointSchema = z.strictObject({
  method: z.enum(['restorable-time', 'snapshot-time']),
  /** ARN of the automated backups, or identifier of the snapshot. */
  from: z.string(),
  /** Region of the instance that it is a copy of. */
  sourceRegion: z.string(),
  /** Everything committed until then comes back. Milliseconds since the epoch. */
  at: z.number(),
  /** What the original runs with, where AWS shows it: a restore must fit it. */
  engine: z.string().optional(),
  version: z.string().optional(),
  optionGroup: z.string().optional(),
  storageGib: z.number().optional(),
  storageType: z.string().optional(),
  iops: z.number().optional(),
  /** The account that it was copied from, where nothing of this account proves that it is of the same instance. */
  account: z.string().optional(),
});
export type RecoveryPoint = z.infer<typeof recoveryPointSchema>;

interface FoundPoints {
  /** Newest first. */
  usable: readonly RecoveryPoint[];
  rejected: readonly string[];
}

type Judged = RecoveryPoint | string;

/**
 * What `region` keeps of the instances `sources` (region → identifier), newest first; of two of the same age the
 * automated backups, for they reach back too. A point counts when it is complete, and when its key stands in `region`:
 * a key of the lost region cannot be asked. `asksKeys`: one whose key cannot be used now does not count either. Last comes what was copied from
 * another account, and may be of another instance that has the same identifier there.
 * @throws AwsError
 */
export async function findPoints(
  ctx: Pick<StepContext | ObserveContext, 'effects' | 'signal'>,
  region: string,
  sources: Readonly<Record<string, string>>,
  { asksKeys = false }: { asksKeys?: boolean } = {},
): Promise<FoundPoints> {
  const { aws } = ctx.effects;
  const options = { signal: ctx.signal };
  const ids = [...new Set(Object.values(sources))];
  const [backups, ...snapshots] = await Promise.all([
    automatedBackups(aws, region, ids, options),
    ...ids.map((id) => dbSnapshots(aws, region, id, options)),
  ]);
  const keys = asksKeys ? [...new Set([...backups, ...snapshots.flat()].flatMap(({ KmsKeyId: key }) => (key !== undefined && regionOfArn(key) === region ? [key] : [])))] : [];
  const unfit = new Map(await Promise.all(keys.map(async (key) => [key, await keyUnfit(ctx, region, key)] as const)));
  const problemOf = (name: string, what: Encrypted): string | undefined => {
    const why = unfit.get(what.KmsKeyId ?? '');
    return keyProblem(name, what, region) ?? (why === undefined ? undefined : `${name}: ${why}`);
  };
  const judged: Judged[] = [];
  for (const backup of backups) {
    const original = backup.DBInstanceArn ?? '';
    const from = regionOfArn(original) ?? '';
    const id = nameInArn(original);
    if (sources[from] !== id) continue;
    const name = `automated backups of ${id} in ${from}`;
    const latest = backup.RestoreWindow?.LatestTime?.getTime();
    const arn = backup.DBInstanceAutomatedBackupsArn;
    const kept = automatedBackupStatus(backup.Status);
    if (kept.usable !== 'yes' || latest === undefined || arn === undefined) judged.push(`${name} are ${kept.shown}`);
    else if (backups.some((other) => replaces(other, backup))) judged.push(`${arn} are ${name} that another one of this name has replaced`);
    else judged.push(problemOf(name, backup) ?? { method: 'restorable-time', from: arn, sourceRegion: from, at: latest, ...runsWith(backup) });
  }
  const own = new Set([...backups, ...snapshots.flat().filter((one) => copiedFrom(one) === undefined)].flatMap(({ DbiResourceId: id }) => id ?? []));
  for (const snapshot of snapshots.flat()) {
    // A copy names the region it came from; one that does not was made here.
    const from = snapshot.SourceRegion ?? region;
    const id = snapshot.DBSnapshotIdentifier ?? '';
    if (sources[from] !== snapshot.DBInstanceIdentifier) continue;
    // The time of the data, not that of the copy.
    const at = (snapshot.SnapshotDatabaseTime ?? snapshot.OriginalSnapshotCreateTime ?? snapshot.SnapshotCreateTime)?.getTime();
    const status = snapshotStatus(snapshot.Status);
    if (status.usable !== 'yes' || at === undefined) judged.push(`snapshot ${id} is ${status.shown}`);
    else {
      const account = own.has(snapshot.DbiResourceId ?? '') ? undefined : copiedFrom(snapshot);
      judged.push(problemOf(`snapshot ${id}`, snapshot) ?? { method: 'snapshot-time', from: id, sourceRegion: from, at, ...runsWith(snapshot), ...(account === undefined ? {} : { account }) });
    }
  }
  const usable = judged.filter((j) => typeof j !== 'string');
  // Of one age the backups stay first.
  usable.sort((a, b) => Number(a.account !== undefined) - Number(b.account !== undefined) || b.at - a.at);
  return { usable, rejected: judged.filter((j) => typeof j === 'string') };
}

/**
 * Usable backups of an instance that was made later with the same identifier: the other one was deleted, or has another name by now.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
 */
function replaces(later: AutomatedBackup, earlier: AutomatedBackup): boolean {
  if (later.DBInstanceArn !== earlier.DBInstanceArn || later.DbiResourceId === earlier.DbiResourceId) return false;
  const usable = automatedBackupStatus(later.Status).usable === 'yes' && later.RestoreWindow?.LatestTime !== undefined;
  const [then, since] = [earlier.InstanceCreateTime?.getTime(), later.InstanceCreateTime?.getTime()];
  return usable && then !== undefined && since !== undefined && since > then;
}

/** Another account, from which a snapshot was copied. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSnapshot.html */
function copiedFrom({ DBSnapshotArn: arn, SourceDBSnapshotIdentifier: source }: { DBSnapshotArn?: string | undefined; SourceDBSnapshotIdentifier?: string | undefined }): string | undefined {
  const [here, there] = [arn, source].map((one) => parseArn(one)?.account);
  return here === undefined || there === here ? undefined : there;
}

interface Original {
  Engine?: string | undefined;
  EngineVersion?: string | undefined;
  OptionGroupName?: string | undefined;
  AllocatedStorage?: number | undefined;
  StorageType?: string | undefined;
  Iops?: number | undefined;
}

function runsWith({ Engine: engine, EngineVersion: version, OptionGroupName: optionGroup, AllocatedStorage: storageGib, StorageType: storageType, Iops: iops }: Original) {
  const storage = { ...(storageType === undefined ? {} : { storageType }), ...(iops === undefined ? {} : { iops }) };
  return { ...storage, ...(storageGib === undefined ? {} : { storageGib }), ...(engine === undefined || engine === '' ? {} : { engine }), ...(version === undefined ? {} : { version }), ...(optionGroup === undefined ? {} : { optionGroup }) };
}

interface Encrypted {
  Encrypted?: boolean | undefined;
  KmsKeyId?: string | undefined;
}

function keyProblem(name: string, what: Encrypted, region: string): string | undefined {
  // What names a key is encrypted, if AWS says so or not.
  if (what.Encrypted !== true && what.KmsKeyId === undefined) return undefined;
  const keyRegion = regionOfArn(what.KmsKeyId);
  return keyRegion === region ? undefined : `${name}: its key is in ${keyRegion ?? 'an unknown region'}, not in ${region}`;
}

export function describePoint(point: RecoveryPoint, now: number): string {
  const copied = point.account === undefined ? '' : `, copied from the account ${point.account},`;
  const what = point.method === 'restorable-time' ? 'automated backups' : `snapshot ${point.from}${copied}`;
  return `${what} of ${point.sourceRegion}, ${formatDuration(now - point.at)} old`;
}

/** Backups are listed by a filter, so that AWS asks for the right to list them all; these are reads. */
export function listBackups(region: string, account: string): Permission {
  return allow(['rds:DescribeDBInstanceAutomatedBackups', 'rds:DescribeDBSnapshots'], rdsArns(region, account, 'auto-backup:*', 'db:*', 'snapshot:*'));
}

/** RDS takes the caller's own right to the key. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html */
export function keyRights(region: string, key: string | undefined): Permission[] {
  return key === undefined ? [] : [allow(['kms:DescribeKey', 'kms:CreateGrant'], [key], viaRds(region))];
}
