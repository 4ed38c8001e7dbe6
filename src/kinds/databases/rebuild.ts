import { AwsError } from '../../aws/errors.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { applyStatus, dbInstanceState, replicationState } from '../../aws/states/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import * as z from 'zod';
import { allow, stepKind } from '../common.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { modifyWhenFree, notReady, orRefused, whenFree } from './change.ts';
import { instanceNow, rdsArns, rdsResource, replicationStatus, replicationTrouble, viaRds } from './instance.ts';
import { notCarried } from './carried.ts';
import { sampleLag } from './lag.ts';
import { inRegionOf, protectedFact } from './facts.ts';
import { follows, type Rebuild, standbyFact, standbyParams, type StandbyParams } from './standby.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { nameInArn, arnIn } from '../../base/arn.ts';
import { partitionOf } from '../../base/regions.ts';

/*
 * Makes the new replica with the settings of the old instance, and waits until it is in sync. A parameter group cannot be
 * given at creation for PostgreSQL, so that it is set afterwards, and takes a reboot.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
 */

const ok = () => Promise.resolve({ state: 'ok', because: 'the gate has looked at it' } as const);

async function available(ctx: StepContext, p: StandbyParams): Promise<{ instance: DbInstance } | { not: Observation }> {
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return { not: { state: 'absent', because: `there is no ${p.id} in ${p.region}` } };
  if (!follows(instance, p)) return { not: { state: 'impossible', because: `${p.id} does not follow ${p.writer}` } };
  const not = notReady(p.id, dbInstanceState(instance.DBInstanceStatus));
  return not === undefined ? { instance } : { not };
}

async function create(ctx: StepContext, p: StandbyParams): Promise<void> {
  const settings = standbyFact.read(ctx, inRegionOf(p))?.settings;
  if (settings === undefined) throw new Error('the settings of the old instance are not known');
  const { instanceClass, multiAz, subnetGroup, securityGroups, kmsKeyId, publiclyAccessible, deletionProtection } = settings;
  const input = {
    ...settings.carried,
    DBInstanceIdentifier: p.id,
    SourceDBInstanceIdentifier: p.writer,
    DBInstanceClass: instanceClass,
    MultiAZ: multiAz,
    PubliclyAccessible: publiclyAccessible,
    DeletionProtection: deletionProtection,
    VpcSecurityGroupIds: securityGroups,
    ...(subnetGroup === undefined ? {} : { DBSubnetGroupName: subnetGroup }),
    ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
  };
  try {
    await whenFree(ctx, p, () => ctx.effects.aws.call({ service: 'rds', region: p.region, operation: 'CreateDBInstanceReadReplica', input, signal: ctx.signal }));
  } catch (error) {
    // Made by an earlier attempt: the looks that follow decide.
    if (error instanceof AwsError && error.code.startsWith('DBInstanceAlreadyExists')) return;
    throw error;
  }
}

export const rebuild = stepKind<StandbyParams>({
  params: standbyParams,
  check: ok,
  observe: async (ctx, p) => {
    const seen = await available(ctx, p);
    return 'not' in seen ? seen.not : { state: 'reached', because: `${p.id} is a replica of ${p.writer}` };
  },
  act: create,
});

/** The parameter group of the old instance. Where the new one has it already there is nothing to do. */
export const parameters = stepKind<StandbyParams>({
  params: standbyParams,
  check: ok,
  observe: async (ctx, p) => {
    const seen = await available(ctx, p);
    if ('not' in seen) return seen.not;
    const wanted = standbyFact.read(ctx, inRegionOf(p))?.settings.parameterGroup;
    const has = seen.instance.DBParameterGroups?.[0]?.DBParameterGroupName;
    if (wanted === undefined || has === wanted) return { state: 'reached', because: `${p.id} has the parameter group ${has ?? ''}` };
    return orRefused(ctx, p, { state: 'absent', because: `${p.id} has the parameter group ${has ?? ''}, not ${wanted}` });
  },
  act: async (ctx, p) => {
    const wanted = standbyFact.read(ctx, inRegionOf(p))?.settings.parameterGroup;
    if (wanted === undefined) throw new Error('the parameter group of the old instance is not known');
    await modifyWhenFree(ctx, p, { DBParameterGroupName: wanted, ApplyImmediately: true });
  },
});

/** A parameter group counts from the next reboot on. Nobody uses the replica yet. */
export const restart = stepKind<StandbyParams>({
  params: standbyParams,
  check: ok,
  observe: async (ctx, p) => {
    const seen = await available(ctx, p);
    if ('not' in seen) return seen.not;
    const status = applyStatus(seen.instance.DBParameterGroups?.[0]?.ParameterApplyStatus);
    if (status.needsReboot === 'yes') return orRefused(ctx, p, { state: 'absent', because: `the parameters of ${p.id} wait for a reboot` }, 'to reboot it');
    if (status.applied !== 'yes') return { state: 'pending', because: `the parameters of ${p.id} are ${status.shown}`, waitingFor: 'aws' };
    return { state: 'reached', because: `the parameters of ${p.id} are in sync` };
  },
  act: async (ctx, p) => {
    const input = { DBInstanceIdentifier: p.id };
    await whenFree(ctx, p, () => ctx.effects.aws.call({ service: 'rds', region: p.region, operation: 'RebootDBInstance', input, signal: ctx.signal }));
  },
});

const inSyncParams = standbyParams.extend({ maxLagMs: z.number().positive() });
type InSyncParams = z.infer<typeof inSyncParams>;

/** Older than two missed minutes of a one-minute metric says nothing about now. */
const RECENT_MS = 180_000;
/** A sample carries the start of its minute; one of a minute before the instance was there is of another of its name. */
const PERIOD_MS = 60_000;

/** Protected again: available, replicating, and a recent sample says that the lag is small. */
export const inSync = stepKind<InSyncParams>({
  params: inSyncParams,
  check: ok,
  observe: async (ctx, p) => {
    const seen = await available(ctx, p);
    if ('not' in seen) return seen.not;
    const wait = (because: string, reason?: string): Observation => ({ state: 'pending', because, waitingFor: 'database', reason });
    const replication = replicationStatus(seen.instance);
    if (replicationState(replication).receives !== 'yes') return wait(`replication of ${p.id} is ${replication ?? 'not shown yet'}${replicationTrouble(seen.instance)}`, replication);
    const { newest } = await sampleLag(ctx, p.region, p.id);
    // Without it a lag may be that of the old instance of this name.
    const createdAt = seen.instance.InstanceCreateTime?.getTime();
    if (createdAt === undefined) return wait(`AWS does not show since when ${p.id} is there`);
    const now = ctx.effects.clock.now();
    if (newest === undefined || now - newest.sampledAt > RECENT_MS || newest.sampledAt + PERIOD_MS < createdAt) return wait(`no recent lag of ${p.id} is known yet`);
    if (newest.lagMs < 0) return wait(`${p.id} reports that it is not replicating`);
    const lag = `${p.id} lags ${formatDuration(newest.lagMs)} behind, ${formatDuration(now - newest.sampledAt)} ago`;
    if (newest.lagMs > p.maxLagMs) return wait(`${lag}: more than ${formatDuration(p.maxLagMs)}`);
    const { differences, login } = notCarried(standbyFact.read(ctx, inRegionOf(p))?.settings.shown ?? {}, seen.instance);
    if (login) {
      const modify = `aws rds modify-db-instance --region ${p.region} --db-instance-identifier ${p.id} --apply-immediately …, then: dr resume`;
      return { state: 'impossible', because: `clients of the old ${p.id} may not be able to log in to the new one: ${differences.join('; ')}`, next: [modify] };
    }
    protectedFact.record(ctx, inRegionOf(p), { id: p.id, lagMs: newest.lagMs, sampledAt: newest.sampledAt });
    return { state: 'reached', because: differences.length === 0 ? lag : `${lag}. Not carried over from the old instance: ${differences.join('; ')}` };
  },
  // How far it lags at the moment is no matter of the run any more.
  holds: async (ctx, p) => {
    const seen = await available(ctx, p);
    if ('not' in seen) return seen.not;
    const status = replicationStatus(seen.instance) ?? 'not shown';
    if (replicationState(status).receives !== 'yes') return { state: 'pending', because: `replication of ${p.id} is ${status}`, waitingFor: 'database' };
    return { state: 'reached', because: `${p.id} replicates` };
  },
});

export function rebuildStep(ctx: PlanContext, { params, mine, look, shared }: Rebuild): StepDraft {
  const { region, id, writer } = params;
  return {
    ...shared,
    step: 'rebuild',
    title: `Recreate ${id}, as a replica of ${nameInArn(writer)}`,
    permissions: [
      look,
      // Groups and key are those of the old instance, which only AWS knows. Copying encrypted data needs the key's grants.
      allow(['rds:CreateDBInstanceReadReplica'], [mine[0] ?? '', writer, ...rdsArns(region, ctx.account, 'pg:*', 'og:*', 'subgrp:*')]),
      allow(['rds:AddTagsToResource'], mine.slice(0, 1)),
      // Enhanced monitoring, where the old instance has it: its role is known to AWS only.
      allow(['iam:PassRole'], [`arn:${partitionOf(region)}:iam::${ctx.account}:role/*`], { StringEquals: { 'iam:PassedToService': ['monitoring.rds.amazonaws.com'] } }),
      allow(['kms:CreateGrant', 'kms:DescribeKey'], [arnIn(region, 'kms', ctx.account, 'key/*')], viaRds(region)),
    ],
    estimate: { p50: 1800, p95: 7200, basis: 'a snapshot is taken and copied between the regions: grows with the data' },
    limitMs: 24 * 3_600_000,
    changes: [{ resource: rdsResource(region, id), field: 'instance', before: 'none', after: 'replica' }],
  };
}

export function parametersStep({ params, look, change, shared }: Rebuild): StepDraft {
  return {
    ...shared,
    step: 'parameters',
    after: ['rebuild'],
    title: `Give ${params.id} the parameter group of the old one`,
    permissions: [look, change],
    estimate: { p50: 5, p95: 120, basis: 'one change, where it is another than the default' },
    limitMs: 1_800_000,
  };
}

export function restartStep({ params, mine, look, shared }: Rebuild): StepDraft {
  return {
    ...shared,
    step: 'restart',
    after: ['parameters'],
    title: `Restart ${params.id} if its parameters wait for it`,
    permissions: [look, allow(['rds:RebootDBInstance'], mine.slice(0, 1))],
    estimate: { p50: 30, p95: 300, basis: 'one restart, where the parameter group was changed' },
    limitMs: 1_800_000,
  };
}

export function inSyncStep(ctx: PlanContext, { params, look, shared }: Rebuild): StepDraft {
  return {
    ...shared,
    step: 'inSync',
    after: ['restart'],
    title: `${params.id} is in sync`,
    params: { ...params, maxLagMs: ctx.objectives.rpoMs } satisfies InSyncParams,
    controlPlanes: [],
    permissions: [look, allow(['cloudwatch:GetMetricData'], ['*'])],
    estimate: { p50: 180, p95: 1800, basis: 'the log since the snapshot, then a lag sample a minute' },
    limitMs: 24 * 3_600_000,
  };
}
