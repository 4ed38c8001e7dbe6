import { automatedBackups, type DbInstance, dbSnapshots, findSubnetGroup } from '../../aws/rds.ts';
import { securityGroupsOf } from '../../aws/ec2.ts';
import { inRegion } from '../common.ts';
import { lookedAll, peek } from '../inspect.ts';
import { keyFindings } from '../keys.ts';
import { finder, findingOf, type Finding } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';
import type { RdsBackup } from './backup-schema.ts';
import { type Database, instanceNow, rdsResource } from './instance.ts';
import { proxyFindings } from './proxy-ready.ts';
import { findPoints } from './recovery-points.ts';
import { aboutSide, goneFinding, writerFindings } from './sides.ts';
import { backupsUnfit } from './refusals.ts';
import { notRestored } from './restore-settings.ts';
import { openQuarantine, quarantineRefusal } from './vpc.ts';

/* Would a restore give back what runs now? What is too old, or cannot be restored with the runbook's settings, a run refuses itself. */

const GUIDE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide';

export async function inspectBackups(ctx: InspectContext, name: string, db: RdsBackup): Promise<Finding[]> {
  const main = { name, region: ctx.source, id: inRegion(db.instances, ctx.source) };
  const copy = { name, region: ctx.target, id: inRegion(db.instances, ctx.target) };
  const seen = await peek(aboutSide(main), () => instanceNow(ctx, main));
  const writer = seen.value;
  const missing = writer === undefined && seen.findings.length === 0 ? [goneFinding(main)] : [];
  return [
    ...seen.findings,
    ...missing,
    ...(await lookedAll(aboutSide(copy), [() => points(ctx, copy, db), () => keys(ctx, copy, db), () => quarantine(ctx, copy, db), () => proxy(ctx, copy, db, writer?.Engine)])),
    ...(writer === undefined ? [] : await lookedAll(aboutSide(main), [
      () => Promise.resolve([...writerFindings(main, writer, backupsUnfit(writer, ctx.target, db.kmsKeys?.[ctx.target])), ...settings(copy, writer, db)]),
      () => closing(ctx, main, writer, db),
    ])),
  ];
}

async function points(ctx: InspectContext, copy: Database, db: RdsBackup): Promise<Finding[]> {
  const { warning } = finder(aboutSide(copy));
  const others = Object.fromEntries(Object.entries(db.instances).filter(([region]) => region !== copy.region));
  const { usable, rejected } = await findPoints(ctx, copy.region, others);
  const findings = rejected.map((why) => warning('recovery-point-unusable', { observed: why, wanted: 'recovery points that can be restored', consequence: 'an older one would be taken, or none', mend: `aws rds describe-db-instance-automated-backups --region ${copy.region}`, page: `${GUIDE}/USER_ReplicateBackups.html` }));
  if (usable.length === 0 || usable.some(({ method }) => method === 'restorable-time')) return findings;
  return [...findings, warning('continuous-backups', { observed: `${copy.region} keeps snapshots of ${copy.name}, and no automated backups`, wanted: 'replicated automated backups: they are a few minutes behind', consequence: 'everything since the newest snapshot would be lost, and a switchover is refused', mend: `dr reprotect --standby ${copy.region}, or: aws rds start-db-instance-automated-backups-replication --region ${copy.region} …`, page: `${GUIDE}/USER_ReplicateBackups.html` })];
}

/** More keys than a database has had for its backups. */
const KEYS_MAX = 5;

/** The keys of what could be restored: that of the newest point is needed, others only for a time before. */
async function keys(ctx: InspectContext, copy: Database, db: RdsBackup): Promise<Finding[]> {
  const others = Object.fromEntries(Object.entries(db.instances).filter(([region]) => region !== copy.region));
  const options = { signal: ctx.signal };
  const ids = [...new Set(Object.values(others))];
  const [{ usable }, backups, ...snapshots] = await Promise.all([findPoints(ctx, copy.region, others), automatedBackups(ctx.effects.aws, copy.region, ids, options), ...ids.map((id) => dbSnapshots(ctx.effects.aws, copy.region, id, options))]);
  const keyOf = new Map([...backups.map((one) => [one.DBInstanceAutomatedBackupsArn, one.KmsKeyId] as const), ...snapshots.flat().map((one) => [one.DBSnapshotIdentifier, one.KmsKeyId] as const)]);
  const inOrder = [...new Set(usable.flatMap(({ from }) => keyOf.get(from) ?? []))].slice(0, KEYS_MAX);
  const found = await Promise.all(inOrder.map((key) => keyFindings(ctx, aboutSide(copy), key, `backups of ${copy.name}`)));
  return found.flatMap((each, i) => (i === 0 ? each : each.map((one): Finding => (one.severity === 'error' ? { ...one, severity: 'warning' } : one))));
}

/** The group that keeps users out of a restored instance until it is to be opened. */
async function quarantine(ctx: InspectContext, copy: Database, db: RdsBackup): Promise<Finding[]> {
  const group = db.fence?.quarantine[copy.region];
  if (group === undefined) return [];
  const open = openQuarantine(group, await securityGroupsOf(ctx.effects.aws, copy.region, [group], { signal: ctx.signal }));
  return open.map((observed) => finder(aboutSide(copy)).error('quarantine-open', { observed, wanted: 'a security group without inbound rules', consequence: 'a restored instance is open before the point of no return', mend: `aws ec2 revoke-security-group-ingress --region ${copy.region} --group-id ${group} …`, page: `${GUIDE}/Overview.RDSSecurityGroups.html` }));
}

/** The one that will stand before the restored instance. */
async function proxy(ctx: InspectContext, copy: Database, db: RdsBackup, engine: string | undefined): Promise<Finding[]> {
  const name = db.proxy?.[copy.region];
  if (name === undefined) return [];
  const group = await findSubnetGroup(ctx.effects.aws, copy.region, inRegion(db.restore, copy.region).subnetGroup, { signal: ctx.signal });
  return proxyFindings(ctx, name, { side: copy, writer: false, engine, vpc: group?.VpcId });
}

async function closing(ctx: InspectContext, main: Database, writer: DbInstance, db: RdsBackup): Promise<Finding[]> {
  const group = db.fence?.quarantine[main.region];
  const refusal = group === undefined ? undefined : await quarantineRefusal(ctx, main.region, writer, group);
  return refusal === undefined ? [] : [{ ...findingOf(refusal, aboutSide(main)), page: `${GUIDE}/Overview.RDSSecurityGroups.html` }];
}

function settings(copy: Database, writer: DbInstance, db: RdsBackup): Finding[] {
  const wanted = inRegion(db.restore, copy.region);
  const find = finder({ resource: rdsResource(copy.region, copy.id), region: copy.region });
  const page = `${GUIDE}/USER_PIT.html`;
  const mend = (key: string): string => `correct restore: { ${copy.region}: { ${key} } } of ${copy.name} in the runbook`;
  const findings: Finding[] = [];
  if (writer.DBInstanceClass !== undefined && writer.DBInstanceClass !== wanted.class) {
    findings.push(find.warning('instance-class', { observed: `${copy.id} would be restored as ${wanted.class}, and the writer is ${writer.DBInstanceClass}`, wanted: 'the class of the writer', consequence: 'it may not carry the load of all users', mend: mend(`class: ${writer.DBInstanceClass}`), page }));
  }
  if (writer.MultiAZ === true && !wanted.multiAz) {
    findings.push(find.warning('multi-az', { observed: `${copy.id} would be restored in one zone, and the writer is in several`, wanted: 'Multi-AZ, as the writer', consequence: 'the loss of one zone would stop the application again', mend: mend('multiAz: true'), page }));
  }
  if (writer.IAMDatabaseAuthenticationEnabled === true && wanted.iamAuthentication !== true) {
    findings.push(find.error('iam-authentication', { observed: `${copy.id} would be restored without IAM authentication, and the writer has it`, wanted: 'IAM authentication, as on the writer', consequence: 'clients that log in by IAM could not log in', mend: mend('iamAuthentication: true'), page }));
  }
  if ((writer.BackupRetentionPeriod ?? 0) > wanted.retentionDays) {
    findings.push(find.note('backup-retention', { observed: `backups of ${copy.id} would be kept for ${wanted.retentionDays} days, and those of the writer for ${writer.BackupRetentionPeriod ?? 0}`, wanted: 'backups that are kept as long', mend: mend(`retentionDays: ${writer.BackupRetentionPeriod ?? 0}`), page }));
  }
  const lost = notRestored(writer, wanted);
  if (lost.length > 0) {
    const consequence = 'a restore has AWS\'s defaults for what the runbook does not say, and the new writer would lack it';
    findings.push(find.warning('restore-defaults', { observed: lost.join('; '), wanted: 'the settings of the writer', consequence, mend: `${mend('deletionProtection: …, logExports: …')}; set the rest after a restore: aws rds modify-db-instance --region ${copy.region} --db-instance-identifier ${copy.id} …`, page }));
  }
  return findings;
}
