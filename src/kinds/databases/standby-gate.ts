import { AwsError } from '../../aws/errors.ts';
import { type DbInstance, findDbInstance, findSubnetGroup } from '../../aws/rds.ts';
import { nameInArn, regionOfArn } from '../../base/arn.ts';
import { type DbInstanceState, dbInstanceState, servesOrPasses } from '../../aws/states/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import { allow, gate, type Opens } from '../common.ts';
import type { Refusal, StepContext, Warning } from '../../model/step.ts';
import { inRegionOf } from './facts.ts';
import { memberRefusal, newReplicaUnfit, replicaUnfit, type Unfit } from './refusals.ts';
import { follows, keptBefore, notShown, type Rebuild, type Settings, settingsOf, standbyFact, standbyParams, type StandbyParams } from './standby.ts';
import { offerFor, zonesOf } from './offered.ts';
import { optionGroupUnfit, parameterGroupUnfit } from './option-group.ts';
import { groupsUnfit, type Place, quarantineRefusal } from './vpc.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { rdsArns } from './instance.ts';
import { type NewInstance, quotaFor } from './quota.ts';
import { keyStateLooks, keyUnfit } from '../keys.ts';

/** May the standby be rebuilt? The active side must be a writer that keeps backups, the other side must answer, and say how it was. */
async function decide(ctx: StepContext, p: StandbyParams): Promise<Opens | Refusal> {
  const writer = await findDbInstance(ctx.effects.aws, regionOf(p.writer), nameInArn(p.writer), { signal: ctx.signal });
  if (writer === undefined) return noSource(p, NOT_THERE);
  const unfit = replicaUnfit(writer);
  if (unfit !== undefined) return noSource(p, unfit);
  let old: DbInstance | undefined;
  try {
    old = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 });
  } catch (error) {
    if (error instanceof AwsError && error.unreachable) return silentRegion(p);
    throw error;
  }
  if (old !== undefined && follows(old, p)) return { because: `${p.id} follows the writer already`, warnings: [] };
  const member = memberRefusal('rds-read-replica', p.region, old);
  if (member !== undefined) return member;
  const state = dbInstanceState(old?.DBInstanceStatus);
  if (old !== undefined && !servesOrPasses(state)) return stuck(p, state);
  const known = standbyFact.read(ctx, inRegionOf(p));
  const kept = old ?? (known === undefined ? await keptBefore(ctx, p) : undefined);
  const id = kept?.DBInstanceIdentifier ?? p.id;
  const settings = known?.settings ?? (kept === undefined ? undefined : settingsOf(kept, p));
  if (settings === undefined) return noModel(p);
  const unknown = known === undefined && kept !== undefined ? notShown(kept, p) : [];
  if (unknown.length > 0) return halfShown(p, id, unknown);
  if (settings.securityGroups.length === 0) return noGroups(p, id);
  const max = settings.carried?.MaxAllocatedStorage;
  const replica = newReplicaUnfit(writer, { region: p.region, id: p.id, kmsKeyId: settings.kmsKeyId, maxStorageGib: typeof max === 'number' ? max : undefined });
  if (replica !== undefined) return noSource(p, replica);
  const key = await wrongKey(ctx, p.region, settings.kmsKeyId);
  if (key !== undefined) return noSource(p, key);
  const warnings: Warning[] = replicaMode(p, writer);
  const refused = await wrongGroups(ctx, p, settings, { kept, writer, warnings });
  if (refused !== undefined) return refused;
  // The old instance is kept under another name.
  const { here, ofWriter } = await besides(ctx, p);
  const room = await quotaFor(ctx, { region: p.region, id: p.id, storageGib: writer.AllocatedStorage, siblings: (writer.ReadReplicaDBInstanceIdentifiers?.length ?? 0) + ofWriter }, here);
  if (room.refusal !== undefined) return room.refusal;
  const because = old === undefined ? `the name ${p.id} is free in ${p.region}` : `${p.id} in ${p.region} is ${state.shown}, and can be renamed`;
  return { because, warnings: [...warnings, ...room.warnings] };
}

/** Why the key of the old instance, which the new replica gets, cannot be used. */
async function wrongKey(ctx: StepContext, region: string, key: string | undefined): Promise<Unfit | undefined> {
  if (key === undefined) return undefined;
  const why = await keyUnfit(ctx, region, key, { held: true });
  return why === undefined ? undefined : { why: `encrypted, and of the old instance, from which the key is taken, ${why}`, mend: `aws kms describe-key --region ${region} --key-id ${key}; one that is disabled: aws kms enable-key` };
}

/** What else the plan rebuilds and is not there yet: in that region, and of the same writer anywhere. */
async function besides(ctx: StepContext, { region, id, writer }: StandbyParams): Promise<{ here: NewInstance[]; ofWriter: number }> {
  const planned = (ctx.planned ?? []).flatMap((step) => (step.kind === 'rds-read-replica.standbyGate' ? (standbyParams.safeParse(step.params).data ?? []) : []));
  const others = planned.filter((other) => (other.region === region ? other.id !== id : other.writer === writer));
  const open = await Promise.all(others.map(async (other) => {
    const old = await findDbInstance(ctx.effects.aws, other.region, other.id, { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 }).catch(unlessSilent);
    return old !== undefined && follows(old, other) ? [] : [other];
  }));
  const left = open.flat();
  const here = await Promise.all(left.filter((other) => other.region === region).map(async (other) => ({ region, id: other.id, storageGib: (await findDbInstance(ctx.effects.aws, regionOf(other.writer), nameInArn(other.writer), { signal: ctx.signal }))?.AllocatedStorage })));
  return { here, ofWriter: left.filter((other) => other.writer === writer).length };
}

/** What is not seen is counted as still to be made. */
function unlessSilent(error: unknown): undefined {
  if (!(error instanceof AwsError)) throw error;
}

/** The groups of the new replica, and the quarantine of the old instance: they are there, and fit the instance that gets them. */
async function wrongGroups(ctx: StepContext, p: StandbyParams, settings: Settings, { kept, writer, warnings }: { kept: DbInstance | undefined; writer: DbInstance; warnings: Warning[] }): Promise<Refusal | undefined> {
  const { subnetGroup } = settings;
  const subnets = subnetGroup === undefined ? undefined : await findSubnetGroup(ctx.effects.aws, p.region, subnetGroup, { signal: ctx.signal });
  const place = subnetGroup === undefined ? { name: p.id, vpc: kept?.DBSubnetGroup?.VpcId } : { name: `the subnet group ${subnetGroup}`, vpc: subnets?.VpcId };
  const missing = subnetGroup !== undefined && subnets === undefined ? [`the subnet group ${subnetGroup} does not exist in ${p.region}`] : [];
  const wrong = [...missing, ...(await groupsUnfit(ctx, p.region, place, settings.securityGroups))];
  if (wrong.length === 0) return (await wrongOptions(ctx, p, settings, { writer, place })) ?? (await notOffered(ctx, p, settings, { writer, zones: zonesOf(subnets), warnings })) ?? closing(ctx, p, kept);
  return {
    rule: 'standby-settings',
    observed: wrong.join('; '),
    threshold: 'a subnet group, and security groups of its VPC',
    consequence: `AWS refuses the new replica ${p.id}`,
    override: `none: correct the security groups of the database in the runbook: securityGroups: { ${p.region}: [sg-…] }`,
  };
}

/** What RDS does not offer in that region, and in `warnings` what it does not tell: the class of the old instance for what the writer runs now, or its certificate authority. */
async function notOffered(ctx: StepContext, p: StandbyParams, { instanceClass, multiAz, carried = {} }: Settings, { writer, zones, warnings }: { writer: DbInstance; zones: readonly string[]; warnings: Warning[] }): Promise<Refusal | undefined> {
  const text = (name: string): string | undefined => (typeof carried[name] === 'string' ? carried[name] : undefined);
  const offer = await offerFor(ctx, {
    region: p.region,
    id: p.id,
    engine: writer.Engine,
    version: writer.EngineVersion,
    instanceClass,
    multiAz,
    zones,
    storageType: text('StorageType'),
    iamAuthentication: carried.EnableIAMDatabaseAuthentication === true,
    performanceInsights: carried.EnablePerformanceInsights === true,
    authority: text('CACertificateIdentifier'),
  });
  warnings.push(...offer.warnings);
  if (offer.unfit.length === 0) return undefined;
  return {
    rule: 'standby-settings',
    observed: offer.unfit.join('; '),
    threshold: `what RDS offers in ${p.region} for what ${nameInArn(p.writer)} runs`,
    consequence: `AWS refuses the new replica ${p.id}, after the old instance is closed and renamed`,
    override: `none: name a class that is offered (instanceClass: { standby: … } of ${p.name} in the runbook), or change the old instance, from which the settings are taken: aws rds modify-db-instance --region ${p.region} --db-instance-identifier ${p.id} …. aws rds describe-orderable-db-instance-options --region ${p.region} --engine ${writer.Engine ?? ''} shows what there is`,
  };
}

async function closing(ctx: StepContext, p: StandbyParams, kept: DbInstance | undefined): Promise<Refusal | undefined> {
  return p.quarantine === undefined || kept === undefined ? undefined : quarantineRefusal(ctx, p.region, kept, p.quarantine);
}

/** A replica runs what the writer runs, which may have been upgraded since the old instance got its option group and its parameter group. */
async function wrongOptions(ctx: StepContext, p: StandbyParams, { carried, parameterGroup }: Settings, { writer, place }: { writer: DbInstance; place: Place }): Promise<Refusal | undefined> {
  const runs = { engine: writer.Engine, version: writer.EngineVersion };
  const name = carried?.OptionGroupName;
  const looks = await Promise.all([
    optionGroupUnfit(ctx, p.region, typeof name === 'string' ? name : undefined, { ...runs, place }),
    ...(parameterGroup === undefined ? [] : [parameterGroupUnfit(ctx, p.region, parameterGroup, runs)]),
  ]);
  const wrong = looks.flatMap(({ missing, unfit }) => [...missing.map((what) => `${what} does not exist in ${p.region}`), ...unfit]);
  if (wrong.length === 0) return undefined;
  return {
    rule: 'standby-settings',
    observed: wrong.join('; '),
    threshold: `option group and parameter group of the old ${p.id} for what ${nameInArn(p.writer)} runs`,
    consequence: `AWS refuses the new replica ${p.id}, after the old instance is closed and renamed`,
    override: `none: make a group that fits (aws rds create-option-group or create-db-parameter-group --region ${p.region} …), upgrade the old instance, and give it the group: aws rds modify-db-instance --region ${p.region} --db-instance-identifier ${p.id} …`,
  };
}

/**
 * AWS shows the mode of a replica, and the old instance was a primary: how the standby was before the failover is not shown any more.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/oracle-read-replicas.overview.html
 */
function replicaMode({ id, region }: StandbyParams, { Engine: engine = '' }: DbInstance): Warning[] {
  if (!/^(oracle|db2)/.test(engine)) return [];
  return [{
    rule: 'replica-mode',
    observed: `the new ${id} is made open for reading, AWS's default for ${engine}; whether the standby before was mounted, AWS does not show any more`,
    wanted: engine.startsWith('oracle') ? 'a licence of Active Data Guard, or a mounted replica' : 'the mode that the standby had',
    mend: `where it was mounted, once it is there: aws rds modify-db-instance --region ${region} --db-instance-identifier ${id} --replica-mode mounted`,
    page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/oracle-read-replicas.overview.html',
  }];
}

function regionOf(arn: string): string {
  return regionOfArn(arn) ?? '';
}

const NOT_THERE: Unfit = { why: 'not there', mend: 'correct `instances` in the runbook: it names what AWS does not have' };

function noSource(p: StandbyParams, { why, mend }: Unfit): Refusal {
  return {
    rule: 'standby-source',
    observed: `${nameInArn(p.writer)} in ${regionOf(p.writer)} is ${why}`,
    threshold: 'a writer that RDS can make a replica of, and that keeps automated backups',
    consequence: 'there is nothing that a standby could follow',
    override: `none: ${mend}`,
  };
}

function silentRegion(p: StandbyParams): Refusal {
  return {
    rule: 'standby-region',
    observed: `the RDS API of ${p.region} gives no answer`,
    threshold: 'a region that answers',
    consequence: `no standby can be made in ${p.region}`,
    override: `none: wait until ${p.region} is back, then: dr reprotect. With a third region: dr reprotect --standby REGION`,
  };
}

function stuck(p: StandbyParams, { shown, mend = 'describe-db-instances' }: DbInstanceState): Refusal {
  return {
    rule: 'standby-settings',
    observed: `${p.id} in ${p.region} is ${shown}`,
    threshold: 'an instance that is available: only such a one can be renamed',
    consequence: 'its name would not become free for the new replica',
    override: `none: bring it to available, or rename it by hand. aws rds ${mend} --region ${p.region} --db-instance-identifier ${p.id}`,
  };
}

function noModel(p: StandbyParams): Refusal {
  return {
    rule: 'standby-settings',
    observed: `there is neither ${p.id} nor a kept ${p.id}-old-… in ${p.region}`,
    threshold: 'an old instance, from which class, subnet group, parameter group, security groups and key are taken',
    consequence: 'the new replica would get AWS’s defaults, and nobody could connect to it',
    override: `make it once by hand: aws rds create-db-instance-read-replica --region ${p.region} --db-instance-identifier ${p.id} --source-db-instance-identifier ${p.writer} --source-region ${regionOf(p.writer)} --db-subnet-group-name … --vpc-security-group-ids … --kms-key-id …`,
  };
}

function halfShown(p: StandbyParams, id: string, unknown: readonly string[]): Refusal {
  return {
    rule: 'standby-settings',
    observed: `AWS does not show ${unknown.join(', ')} of ${id} in ${p.region}`,
    threshold: 'an old instance that is shown as a whole: the new replica gets its settings',
    consequence: 'the new replica would get others, and nobody would notice before the next failover',
    override: `none: try again. aws rds describe-db-instances --region ${p.region} --db-instance-identifier ${id} shows what there is`,
  };
}

function noGroups(p: StandbyParams, id: string): Refusal {
  return {
    rule: 'standby-settings',
    observed: `${id} has no security group but the quarantine, so that its own are not known`,
    threshold: 'the security groups of the new replica',
    consequence: 'nobody could connect to it',
    override: `add to the database in the runbook: securityGroups: { ${p.region}: [sg-…] }`,
  };
}

export const standbyGate = gate<StandbyParams>(standbyParams, decide);

export function standbyGateStep(ctx: PlanContext, { params, look, shared }: Rebuild): StepDraft {
  return {
    ...shared,
    step: 'standbyGate',
    phase: 'assess',
    gate: true,
    title: `Can ${params.id} in ${params.region} be rebuilt as a replica?`,
    // These groups are those of the old instance.
    permissions: [
      look,
      keyStateLooks(params.region, ctx.account),
      allow(['rds:DescribeDBSubnetGroups'], rdsArns(params.region, ctx.account, 'subgrp:*')),
      allow(['rds:DescribeOptionGroups'], rdsArns(params.region, ctx.account, 'og:*')),
      allow(['rds:DescribeDBParameterGroups'], rdsArns(params.region, ctx.account, 'pg:*')),
      allow(['ec2:DescribeSecurityGroups', 'rds:DescribeAccountAttributes', 'rds:DescribeOrderableDBInstanceOptions', 'rds:DescribeCertificates'], ['*']),
    ],
    estimate: { p50: 1, p95: 5, basis: 'a few API calls' },
    limitMs: 60_000,
  };
}
