import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { automatedBackups } from '../../aws/rds.ts';
import { automatedBackupStatus } from '../../aws/states/rds.ts';
import { nameInArn, regionOfArn } from '../../base/arn.ts';
import { formatDuration } from '../../base/duration.ts';
import { allow, instanceSchema, refused, regionName, stepKind } from '../common.ts';
import { inRegionOf, protectedFact } from './facts.ts';
import { stillWriter } from './writer.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { backupsUnfit } from './refusals.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { keyUnfit } from '../keys.ts';
import { type Database, dbArn, instanceNow, lookRights, rdsArns, rdsResource } from './instance.ts';
import { keyRights } from './recovery-points.ts';

/*
 * Of reprotect: the backups of the active instance are replicated into the region that waits. Done when its newest
 * restorable time is there and moves; a replication that was only accepted protects nobody.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
 */

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  active: instanceSchema,
  retentionDays: z.int().min(1).max(35),
  kmsKey: z.string().optional(),
});
type Params = z.infer<typeof params>;

/** AWS moves it about every five minutes, and a copy arrives later. */
const FRESH_MS = 1_800_000;

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const kept = await automatedBackups(ctx.effects.aws, p.region, [p.active.id], { signal: ctx.signal });
  const mine = kept.find(({ DBInstanceArn = '', Status }) => regionOfArn(DBInstanceArn) === p.active.region && nameInArn(DBInstanceArn) === p.active.id && automatedBackupStatus(Status).growing !== 'no');
  if (mine === undefined) return { state: 'absent', because: `${p.region} keeps no backups of ${p.active.id}` };
  const latest = mine.RestoreWindow?.LatestTime?.getTime();
  if (latest === undefined) return { state: 'pending', because: `the first backup of ${p.active.id} is on its way to ${p.region}`, waitingFor: 'aws' };
  const age = ctx.effects.clock.now() - latest;
  if (age > FRESH_MS) return { state: 'pending', because: `the newest restorable time in ${p.region} stands still, ${formatDuration(age)} old`, waitingFor: 'aws' };
  protectedFact.record(ctx, inRegionOf(p), { id: p.active.id, lagMs: age, sampledAt: latest + age, by: 'backups' });
  return { state: 'reached', because: `${p.active.id} can be restored in ${p.region} as of ${formatDuration(age)} ago` };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const active = await instanceNow(ctx, p.active);
  const SourceDBInstanceArn = active?.DBInstanceArn;
  if (SourceDBInstanceArn === undefined) throw new Error(`${p.active.id} is not in ${p.active.region}`);
  const input = { SourceDBInstanceArn, BackupRetentionPeriod: p.retentionDays, ...(p.kmsKey === undefined ? {} : { KmsKeyId: p.kmsKey }) };
  try {
    await ctx.effects.aws.call({ service: 'rds', region: p.region, operation: 'StartDBInstanceAutomatedBackupsReplication', input, signal: ctx.signal });
  } catch (error) {
    // It is replicated already, maybe by an attempt of ours without an answer: the looks that follow decide.
    if (error instanceof AwsError && error.code.startsWith('InvalidDBInstanceAutomatedBackupState')) return;
    throw error;
  }
}

export const replicate = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const active = await instanceNow(ctx, p.active);
    const key = p.kmsKey === undefined || active?.StorageEncrypted === false ? undefined : await keyUnfit(ctx, p.region, p.kmsKey);
    const unfit = active === undefined ? 'not there' : (backupsUnfit(active, p.region, p.kmsKey) ?? (key === undefined ? undefined : `encrypted, and of the copy ${key}`));
    const problem = unfit === undefined ? undefined : `${p.active.id} in ${p.active.region} is ${unfit}`;
    if (problem === undefined) return { state: 'ok', because: `${p.active.id} keeps backups for ${active?.BackupRetentionPeriod ?? 0} days` };
    return refused({
      rule: 'replicate-backups',
      observed: problem,
      threshold: `an instance with backups, and a key of ${p.region} under \`kmsKeys\` where it is encrypted`,
      consequence: `${p.name} would stay without a copy in another region`,
      override: 'none: turn on its backups, or name the key in the runbook',
    });
  },
  observe,
  act,
  holds: async (ctx, p) => {
    const active = await stillWriter(ctx, p.active);
    return active.state === 'reached' ? observe(ctx, p) : active;
  },
});

export function replicateStep(ctx: PlanContext, active: Database, { name, region }: Database, retentionDays: number, kmsKey: string | undefined): StepDraft {
  const arn = dbArn(active.region, ctx.account, active.id);
  return {
    step: 'replicate',
    phase: 'data',
    reversibility: 'compensable',
    title: `Replicate the backups of ${active.id} to ${region}, until they arrive`,
    params: { name, region, active: { region: active.region, id: active.id }, retentionDays, ...(kmsKey === undefined ? {} : { kmsKey }) } satisfies Params,
    controlPlanes: [`rds@${region}`],
    permissions: [
      lookRights(ctx, active),
      allow(['rds:StartDBInstanceAutomatedBackupsReplication'], [arn, ...rdsArns(region, ctx.account, 'auto-backup:*')]),
      allow(['rds:DescribeDBInstanceAutomatedBackups'], rdsArns(region, ctx.account, 'auto-backup:*', 'db:*')),
      ...keyRights(region, kmsKey),
      ...(kmsKey === undefined ? [] : [allow(['kms:DescribeKey'], [kmsKey])]),
    ],
    estimate: { p50: 1200, p95: 7200, basis: 'the first snapshot and its copy; grows with the volume' },
    limitMs: 24 * 3_600_000,
    changes: [{ resource: rdsResource(region, active.id), field: 'replicated backups', before: 'none', after: `${retentionDays} days` }],
  };
}
