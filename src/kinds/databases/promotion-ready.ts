import type { DbInstance } from '../../aws/rds.ts';
import { applyStatus, dbInstanceState } from '../../aws/states/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { finder, type Finding } from '../../model/finding.ts';
import { type Database, pendingChanges, rdsResource } from './instance.ts';
import { withoutSql } from './login.ts';

/* What does not stop a promotion, and should be known before one: said by the check of the promotion, and by a look at readiness. */

interface Wanted {
  /** Milliseconds since the epoch. */
  now: number;
  /** It names a login by which a written row proves that the new writer takes writes. */
  proven: boolean;
  retentionDays: number | undefined;
}

const GUIDE = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide';
const PROMOTE = `${GUIDE}/USER_ReadRepl.Promote.html`;

/** Of a certificate that is left before it is warned of. Milliseconds. */
const CERTIFICATE_MS = 30 * 86_400_000;

/** What a promotion changes nothing of, and the application may need. */
function asItIs({ region, id }: Database, instance: DbInstance, now: number): Finding[] {
  const { warning, note } = finder({ resource: rdsResource(region, id), region });
  const findings: Finding[] = [];
  if (/^(mysql|mariadb)/.test(instance.Engine ?? '')) {
    findings.push(note('scheduled-events', {
      observed: `scheduled events of the writer are disabled in ${id}, and stay so after the promotion`,
      wanted: 'events that run in the new writer, where the application has any',
      mend: 'a custom step after the promotion that makes ALTER EVENT … ENABLE of each',
      page: 'https://dev.mysql.com/doc/refman/8.4/en/replication-features-invoked.html',
    }));
  }
  const until = instance.CertificateDetails?.ValidTill?.getTime();
  if (until !== undefined && until - now < CERTIFICATE_MS) {
    findings.push(warning('certificate', {
      observed: `the certificate of ${id} ${until < now ? 'has ended' : 'ends'} on ${new Date(until).toISOString().slice(0, 10)}: clients that verify it cannot connect after that, and a promotion makes no new one`,
      wanted: `a certificate for ${formatDuration(CERTIFICATE_MS)} at least`,
      mend: `aws rds modify-db-instance --region ${region} --db-instance-identifier ${id} --ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately, once clients trust that authority`,
      page: `${GUIDE}/UsingWithRDS.SSL-certificate-rotation.html`,
    }));
  }
  return findings;
}

export function promotionFindings({ name, region, id }: Database, instance: DbInstance, { now, proven, retentionDays }: Wanted): Finding[] {
  const { warning, note } = finder({ resource: rdsResource(region, id), region });
  const findings = asItIs({ name, region, id }, instance, now);
  const state = dbInstanceState(instance.DBInstanceStatus);
  const status = state.shown;
  const noSql = withoutSql(id, instance.Engine);
  const modify = `aws rds modify-db-instance --region ${region} --db-instance-identifier ${id}`;
  if (noSql !== undefined || !proven) {
    const why = noSql ?? `the runbook names no \`canary\` for ${name}`;
    findings.push(note('write-proof', {
      observed: `nobody proves that ${id} takes writes after the promotion: ${why}`,
      wanted: 'a row that is written and read back',
      mend: noSql === undefined ? `name \`canary\` for ${name} in the runbook` : 'add a custom step that writes a row and reads it back',
    }));
  }
  if (state.promote === 'no' && state.writes === 'yes') {
    findings.push(warning('promote-later', { observed: `${id} is ${status}: the promotion waits until that has ended`, wanted: 'available', mend: 'wait until it has ended, and move the backup window out of busy hours', page: PROMOTE }));
  } else if (state.promote === 'try') {
    findings.push(warning('promote-later', { observed: `${id} is ${status}: AWS does not document whether it can be promoted then; it is tried`, wanted: 'available', mend: 'wait until it has ended', page: PROMOTE }));
  }
  const waiting = pendingChanges(instance);
  if (waiting.length > 0) {
    const window = instance.PreferredMaintenanceWindow === undefined ? '' : ` (${instance.PreferredMaintenanceWindow} UTC)`;
    findings.push(warning('pending-changes', {
      observed: `${id} has changes that wait for a restart or for its maintenance window${window}: ${waiting.join(', ')}; AWS may make them during the promotion, which does not wait for them`,
      wanted: 'no pending change',
      mend: `${modify} --apply-immediately, in a quiet hour`,
      page: `${GUIDE}/USER_ModifyInstance.ApplyImmediately.html`,
    }));
  }
  // The promotion restarts the instance: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
  for (const { DBParameterGroupName: group = '', ParameterApplyStatus: status } of instance.DBParameterGroups ?? []) {
    const { applied, needsReboot, shown } = applyStatus(status);
    if (status === undefined || applied !== 'no') continue;
    const page = `${GUIDE}/USER_WorkingWithParamGroups.html`;
    if (needsReboot === 'yes') findings.push(warning('parameter-restart', { observed: `${id} waits for a restart to use its parameter group ${group}: the promotion restarts it, and brings parameters into force that it has never run with`, wanted: 'in-sync', mend: `aws rds reboot-db-instance --region ${region} --db-instance-identifier ${id}`, page }));
    else findings.push(warning('parameter-restart', { observed: `the parameter group ${group} of ${id} is ${shown}`, wanted: 'in-sync', mend: `aws rds describe-db-parameters --region ${region} --db-parameter-group-name ${group} --source user shows what is set; correct what it cannot use`, page }));
  }
  if (instance.BackupRetentionPeriod === 0) {
    findings.push(note('replica-backups', {
      observed: `${id} keeps no backups: after the promotion AWS makes a full one, which may take hours; it takes writes meanwhile`,
      wanted: 'backups of the replica',
      mend: `${modify} --backup-retention-period 7 --apply-immediately`,
      page: PROMOTE,
    }));
  }
  if (retentionDays === undefined) {
    findings.push(warning('backup-retention', {
      observed: `AWS keeps backups of a promoted replica for one day: name \`retentionDays\` for ${name} in the runbook`,
      wanted: 'backups that are kept as long as those of the writer now',
      mend: `name \`retentionDays\` for ${name} in the runbook`,
      page: `${GUIDE.replace('UserGuide', 'APIReference')}/API_PromoteReadReplica.html`,
    }));
  }
  return findings;
}
