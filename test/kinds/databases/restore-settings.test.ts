import { describe, expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import type { RestoreSettings } from '../../../src/kinds/databases/backup-schema.ts';
import { differences, hasGroups, notRestored, otherStorage, unfitSettings, withoutSettings } from '../../../src/kinds/databases/restore-settings.ts';
import { SEOUL } from '../context.ts';
import { awsError, type Shown, smallRds } from './small-rds.ts';

/* What a restore names: whether an instance has it, and whether a region does. */

const WANTED = { class: 'db.r6g.large', subnetGroup: 'archive', securityGroups: ['sg-1', 'sg-2'], parameterGroup: 'pg17', multiAz: true, retentionDays: 14 };
const ALL = { ...WANTED, optionGroup: 'audit', iamAuthentication: false, copyTagsToSnapshot: true };
const HAS: DbInstance = {
  DBInstanceClass: 'db.r6g.large', DBSubnetGroup: { DBSubnetGroupName: 'archive' }, DBParameterGroups: [{ DBParameterGroupName: 'pg17', ParameterApplyStatus: 'in-sync' }], MultiAZ: true, BackupRetentionPeriod: 14,
  OptionGroupMemberships: [{ OptionGroupName: 'audit' }], IAMDatabaseAuthenticationEnabled: false, CopyTagsToSnapshot: true, VpcSecurityGroups: [],
};

describe('an instance that was restored', () => {
  it.each<[string, DbInstance, string[]]>([
    ['has all of it', HAS, []],
    ['however AWS writes names', { ...HAS, DBSubnetGroup: { DBSubnetGroupName: 'Archive' }, OptionGroupMemberships: [{ OptionGroupName: 'Audit' }] }, []],
    ['has others', { ...HAS, DBInstanceClass: 'db.t4g.small', MultiAZ: false, IAMDatabaseAuthenticationEnabled: true, CopyTagsToSnapshot: false }, ['class is db.t4g.small, not db.r6g.large', 'Multi-AZ is false, not true', 'IAM authentication is true, not false', 'copying of tags to snapshots is false, not true']],
  ])('%s', (_what, instance, wrong) => {
    expect(differences(instance, ALL)).toEqual({ wrong, unknown: [], restart: false });
  });

  it.each<[string, DbInstance, string[]]>([
    ['nothing', {}, ['class', 'subnet group', 'parameter group', 'Multi-AZ', 'backup retention', 'option group', 'IAM authentication', 'copying of tags to snapshots', 'security groups']],
    ['no lists', { ...HAS, DBParameterGroups: [], OptionGroupMemberships: [] }, ['parameter group', 'option group']],
    ['no security groups', { ...HAS, VpcSecurityGroups: undefined }, ['security groups']],
  ])('of which AWS shows %s is not another one', (_what, instance, unknown) => {
    expect(differences(instance, ALL)).toEqual({ wrong: [], unknown, restart: false });
  });

  it('may wait for a restart: that is no other parameter group', () => {
    expect(differences({ ...HAS, DBParameterGroups: [{ DBParameterGroupName: 'pg17', ParameterApplyStatus: 'pending-reboot' }] }, ALL)).toEqual({ wrong: [], unknown: [], restart: true });
  });

  it('is not asked for what the runbook does not name', () => {
    expect(differences({ ...HAS, OptionGroupMemberships: [{ OptionGroupName: 'x' }], IAMDatabaseAuthenticationEnabled: true, CopyTagsToSnapshot: false }, WANTED)).toEqual({ wrong: [], unknown: [], restart: false });
  });
});

const WRITER: DbInstance = { DeletionProtection: true, EnabledCloudwatchLogsExports: ['postgresql', 'audit'], MaxAllocatedStorage: 100, PerformanceInsightsEnabled: true, MonitoringInterval: 60, DomainMemberships: [{ Domain: 'd-1' }] };
const PLAIN: DbInstance = { DeletionProtection: false };

describe('what a restore leaves out', () => {
  it('is said of an instance that does not have it; what is not shown is not said', () => {
    expect(withoutSettings(WRITER)).toBe('');
    expect(withoutSettings(PLAIN)).toBe('. Without deletion protection, log exports, storage autoscaling, Performance Insights, enhanced monitoring, domain: set what the original had');
    expect(withoutSettings({ ...WRITER, DeletionProtection: undefined, MaxAllocatedStorage: undefined })).toBe('. Without storage autoscaling: set what the original had');
  });

  it.each<[string, DbInstance, Partial<RestoreSettings>, string[]]>([
    ['all of it, where the runbook asks for nothing', WRITER, {}, ['deletion protection: true on the writer, false once it is restored', 'log exports: audit, postgresql on the writer, none once it is restored', 'largest storage: 100 on the writer, none once it is restored', 'Performance Insights: true on the writer, false once it is restored', 'monitoring interval: 60 on the writer, 0 once it is restored', 'domain: d-1 on the writer, none once it is restored']],
    ['nothing, where the writer has none of it', PLAIN, {}, []],
    ['nothing, where the writer has less than is asked for', PLAIN, { deletionProtection: true, logExports: ['audit'] }, []],
    ['nothing of what is not shown', {}, {}, []],
    ['not what the runbook asks for', { DeletionProtection: true, EnabledCloudwatchLogsExports: ['postgresql', 'audit'] }, { deletionProtection: true, logExports: ['audit', 'postgresql'] }, []],
    ['a password that RDS keeps: its secret is of the region of the writer', { DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`, MasterUserSecret: { SecretArn: 's' } }, {}, [`master password: RDS keeps it in Secrets Manager in ${SEOUL}, and does not keep that of the restored instance, which is what it was at the time of the recovery point`]],
    ['a part of the logs', { EnabledCloudwatchLogsExports: ['postgresql', 'audit'] }, { deletionProtection: false, logExports: ['upgrade', 'postgresql'] }, ['log exports: audit, postgresql on the writer, postgresql, upgrade once it is restored']],
  ])('%s', (_what, writer, wanted, lost) => {
    expect(notRestored(writer, { ...WANTED, ...wanted })).toEqual(lost);
  });
});

describe('its storage', () => {
  it.each<[string, DbInstance, { storageType?: string; iops?: number } | undefined, string]>([
    ['is as that of the original', { StorageType: 'io2', Iops: 12_000 }, { storageType: 'io2', iops: 12_000 }, ''],
    ['is of another type', { StorageType: 'gp3', Iops: 3_000 }, { storageType: 'io2', iops: 12_000 }, '. Its storage is gp3 with 3000 IOPS, and that of the original was io2 with 12000 IOPS'],
    ['is slower', { StorageType: 'io2', Iops: 1_000 }, { storageType: 'io2', iops: 12_000 }, '. Its storage is io2 with 1000 IOPS, and that of the original was io2 with 12000 IOPS'],
    ['is another one, without IOPS', { StorageType: 'gp3' }, { storageType: 'gp2' }, '. Its storage is gp3, and that of the original was gp2'],
    ['is not shown', {}, { storageType: 'io2', iops: 12_000 }, ''],
    ['is that of an original of which nothing is shown', { StorageType: 'gp3' }, {}, ''],
    ['is that of an original that is not known', { StorageType: 'gp3' }, undefined, ''],
  ])('%s', (_what, instance, original, said) => {
    expect(otherStorage(instance, original)).toBe(said);
  });
});

describe('its security groups', () => {
  const members = (...groups: [id: string | undefined, status: string | undefined][]): DbInstance => ({ VpcSecurityGroups: groups.map(([VpcSecurityGroupId, Status]) => ({ VpcSecurityGroupId, Status })) });
  it.each<[string, DbInstance, readonly string[], boolean, boolean]>([
    ['are these', members(['sg-2', 'active'], ['sg-1', 'active']), ['sg-1', 'sg-2'], true, true],
    ['are these, one named twice', members(['sg-1', 'active']), ['sg-1', 'sg-1'], true, true],
    ['are being added', members(['sg-1', 'adding'], ['sg-2', 'active']), ['sg-1', 'sg-2'], true, false],
    ['are these, while another one goes', members(['sg-1', 'active'], ['sg-3', 'removing']), ['sg-1'], true, false],
    ['are more', members(['sg-1', 'active'], ['sg-3', 'active']), ['sg-1'], false, false],
    ['are more, of which nothing is shown', members(['sg-1', 'active'], [undefined, undefined]), ['sg-1'], false, false],
    ['are less', members(['sg-1', 'active']), ['sg-1', 'sg-2'], false, false],
    ['are others in part', members(['sg-1', 'active'], ['sg-3', 'active']), ['sg-1', 'sg-2'], false, false],
    ['are others', members(['sg-3', 'active']), ['sg-1'], false, false],
    ['are not shown', {}, ['sg-1'], false, false],
  ])('%s', (_what, instance, groups, same, settled) => {
    expect(hasGroups(instance, groups)).toEqual({ same, settled });
  });
});

describe('a region', () => {
  const unfit = async (shown: Shown, closedBy?: string, wanted = WANTED) => {
    const { aws, calls } = smallRds({
      groups: { 'sg-1': { vpc: 'vpc-1' }, 'sg-2': { vpc: 'vpc-1' } },
      ...shown,
      answers: { DescribeDBSubnetGroups: { DBSubnetGroups: [{ DBSubnetGroupName: 'archive', VpcId: 'vpc-1', Subnets: [{ SubnetAvailabilityZone: { Name: 'a' } }] }] }, DescribeDBParameterGroups: { DBParameterGroups: [{ DBParameterGroupName: 'pg17', DBParameterGroupFamily: 'postgres17' }] }, ...shown.answers },
    });
    const signal = new AbortController().signal;
    const found = await unfitSettings({ effects: { aws }, signal } as never, SEOUL, wanted, closedBy, { engine: 'postgres', version: '17.5' });
    expect(calls.filter((call) => call.signal !== signal || call.region !== SEOUL)).toEqual([]);
    return found;
  };
  const none = (operation: 'DescribeDBSubnetGroups' | 'DescribeDBParameterGroups' | 'DescribeOptionGroups', name: string) => ({ [operation]: awsError(operation, `${name}NotFound`, SEOUL, 404) });

  it('has all of it', async () => {
    expect(await unfit({})).toEqual({ missing: [], unfit: [], zones: ['a'] });
  });

  it('lacks some of it: each is named once', async () => {
    const answers = { ...none('DescribeDBSubnetGroups', 'DBSubnetGroup'), ...none('DescribeDBParameterGroups', 'DBParameterGroup'), ...none('DescribeOptionGroups', 'OptionGroup') };
    expect(await unfit({ groups: { 'sg-1': {} }, answers }, 'sg-2', ALL)).toEqual({ missing: ['the subnet group archive', 'the parameter group pg17', 'the security group sg-2', 'the option group audit'], unfit: [], zones: [] });
  });

  it('has what does not fit', async () => {
    const groups = { 'sg-1': { vpc: 'vpc-1' }, 'sg-2': { vpc: 'vpc-1' }, 'sg-3': { vpc: 'vpc-3' } };
    const answers = { DescribeDBParameterGroups: { DBParameterGroups: [{ DBParameterGroupName: 'pg17', DBParameterGroupFamily: 'postgres16' }] }, DescribeOptionGroups: { OptionGroupsList: [{ OptionGroupName: 'audit', EngineName: 'postgres', MajorEngineVersion: '17', VpcId: 'vpc-2' }] } };
    expect((await unfit({ groups, answers }, 'sg-3', ALL)).unfit).toEqual([
      'the security group sg-3 is in vpc-3, and the subnet group archive is in vpc-1',
      'the parameter group pg17 is for postgres16, and the data is of postgres 17.5',
      'the option group audit is for vpc-2, and the subnet group archive is in vpc-1',
    ]);
  });
});
