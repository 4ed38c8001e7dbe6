import type { DbInstance } from '../../aws/rds.ts';
import { finder, type Finding, type Severity } from '../../model/finding.ts';
import { shownSettings } from './carried.ts';
import { type Database, rdsResource } from './instance.ts';

/*
 * Would the replica serve as the writer does? A promotion changes none of this: what the replica lacks, the new writer lacks.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html
 */

const GUIDE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide';

interface Rule {
  rule: string;
  severity: Severity;
  /** The difference that counts, in words; undefined where there is none. */
  lacks: (replica: DbInstance, writer: DbInstance) => string | undefined;
  wanted: string;
  consequence: string;
  /** Flags of `aws rds modify-db-instance`. */
  flags: (writer: DbInstance) => string;
  page: string;
}

/** A setting as `shownSettings` names it, where it is worth more on the writer. */
function setting(name: string, counts: (writer: string) => boolean = () => true): Rule['lacks'] {
  return (replica, writer) => {
    const [is, was] = [shownSettings(replica)[name], shownSettings(writer)[name]];
    return is === undefined || was === undefined || is === was || !counts(was) ? undefined : `${name} is ${is}, and ${was} on the writer`;
  };
}

const less = (what: string, of: (instance: DbInstance) => number | undefined): Rule['lacks'] => (replica, writer) => {
  const [is = 0, was = 0] = [of(replica), of(writer)];
  return is < was ? `${what} is ${is}, and ${was} on the writer` : undefined;
};

const on = (was: string): boolean => was === 'true';

const RULES: readonly Rule[] = [
  {
    ...named('engine-version', 'warning'),
    lacks: (replica, writer) => (replica.EngineVersion === writer.EngineVersion ? undefined : `its engine is ${replica.EngineVersion ?? 'unknown'}, and ${writer.EngineVersion ?? 'unknown'} on the writer`),
    wanted: 'the same engine version on both sides',
    consequence: 'the application would meet another version of the engine than it is used to',
    flags: (writer) => `--engine-version ${writer.EngineVersion ?? ''}`,
    page: `${GUIDE}/USER_UpgradeDBInstance.Upgrading.html`,
  },
  {
    ...named('iam-authentication', 'error'),
    lacks: setting('IAM authentication', on),
    wanted: 'IAM authentication, as on the writer',
    consequence: 'clients that log in by IAM could not log in after the promotion',
    flags: () => '--enable-iam-database-authentication',
    page: `${GUIDE}/UsingWithRDS.IAMDBAuth.html`,
  },
  {
    ...named('option-group', 'warning'),
    lacks: setting('option group', (was) => was !== 'default'),
    wanted: 'an option group with the same options',
    consequence: 'the new writer would lack options that the application may need',
    flags: () => '--option-group-name …',
    page: `${GUIDE}/USER_WorkingWithOptionGroups.html`,
  },
  {
    ...named('multi-az', 'warning'),
    lacks: (replica, writer) => (writer.MultiAZ === true && replica.MultiAZ !== true ? 'it is in one zone, and the writer in several' : undefined),
    wanted: 'Multi-AZ, as the writer',
    consequence: 'after a promotion the loss of one zone would stop the application again',
    flags: () => '--multi-az',
    page: `${GUIDE}/Concepts.MultiAZSingleStandby.html`,
  },
  {
    ...named('storage-size', 'error'),
    lacks: less('its storage in GiB', (i) => i.AllocatedStorage),
    wanted: 'at least the storage of the writer',
    consequence: 'it would run full, and then take no writes',
    flags: (writer) => `--allocated-storage ${writer.AllocatedStorage ?? ''}`,
    page: `${GUIDE}/USER_PIOPS.ModifyingExisting.html`,
  },
  {
    ...named('storage-speed', 'warning'),
    lacks: (replica, writer) => setting('storage type')(replica, writer) ?? less('its IOPS', (i) => i.Iops)(replica, writer) ?? less('its storage throughput', (i) => i.StorageThroughput)(replica, writer),
    wanted: 'storage as fast as that of the writer',
    consequence: 'replication may fall behind, and the new writer would be slower',
    flags: (writer) => `--storage-type ${writer.StorageType ?? ''}`,
    page: `${GUIDE}/CHAP_Storage.html`,
  },
  {
    ...named('storage-growth', 'warning'),
    lacks: (replica, writer) => (writer.MaxAllocatedStorage !== undefined && replica.MaxAllocatedStorage === undefined ? 'its storage does not grow by itself, and that of the writer does' : undefined),
    wanted: 'storage autoscaling, as on the writer',
    consequence: 'replication stops when its storage is full',
    flags: (writer) => `--max-allocated-storage ${writer.MaxAllocatedStorage ?? ''}`,
    page: `${GUIDE}/USER_PIOPS.Autoscaling.html`,
  },
  {
    ...named('deletion-protection', 'warning'),
    lacks: setting('deletion protection', on),
    wanted: 'deletion protection, as on the writer',
    consequence: 'one wrong command deletes the standby, and later the writer',
    flags: () => '--deletion-protection',
    page: `${GUIDE}/USER_DeleteInstance.html`,
  },
  {
    ...named('encryption', 'warning'),
    lacks: (replica, writer) => (writer.StorageEncrypted === true && replica.StorageEncrypted === false ? 'it is not encrypted, and the writer is' : undefined),
    wanted: 'an encrypted replica of an encrypted writer',
    consequence: 'after a promotion the data would lie unencrypted',
    flags: () => '(only a new replica can be encrypted)',
    page: `${GUIDE}/Overview.Encryption.html`,
  },
];

function named(rule: string, severity: Severity): Pick<Rule, 'severity'> & { rule: string } {
  return { rule, severity };
}

/** `active`: the class that the runbook makes of it in a failover. */
export function parityFindings({ region, id }: Database, replica: DbInstance, writer: DbInstance, active: string | undefined): Finding[] {
  const find = finder({ resource: rdsResource(region, id), region });
  const modify = (flags: string) => `aws rds modify-db-instance --region ${region} --db-instance-identifier ${id} ${flags} --apply-immediately`;
  const findings = RULES.flatMap(({ rule, severity, lacks, wanted, consequence, flags, page }) => {
    const difference = lacks(replica, writer);
    return difference === undefined ? [] : [find[severity](rule, { observed: `${id}: ${difference}`, wanted, consequence, mend: modify(flags(writer)), page })];
  });
  const becomes = active ?? replica.DBInstanceClass;
  if (becomes === writer.DBInstanceClass) return findings;
  const observed = active === undefined
    ? `${id} has the class ${replica.DBInstanceClass ?? 'unknown'}, and the writer ${writer.DBInstanceClass ?? 'unknown'}`
    : `the runbook makes ${id} a ${active}, and the writer is a ${writer.DBInstanceClass ?? 'unknown class'}`;
  return [...findings, find.warning('instance-class', { observed, wanted: 'the class of the writer once it is promoted', consequence: 'it may not carry the load of all users', mend: 'name `instanceClass: { active: …, standby: … }` in the runbook, or change the class', page: `${GUIDE}/Concepts.DBInstanceClass.html` })];
}
