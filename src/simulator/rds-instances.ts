import type { InputOf } from '../aws/operations.ts';
import type { Call, ServiceModel } from './call.ts';
import type { Change, DbInstance } from './db-instance.ts';
import { defined, type Pending, together } from './db-settings.ts';
import { needAuthority, needOffer } from './rds-offers.ts';
import { newId, replicaOperation } from './rds-replica.ts';
import { find, needOptionGroup, needParameterGroup, needSecurityGroups, refuseDeletion, refuseUnlessAvailable, refuseWhileBusy, retention, settingsIn, storageOf, view } from './rds-rows.ts';

/** What is changed of a DB instance, and how a replica is made: README.md says which part of AWS it follows. */
export const instanceOperations = {
  ModifyDBInstance: {
    accepts: [
      'DBInstanceIdentifier', 'ApplyImmediately', 'NewDBInstanceIdentifier', 'DBInstanceClass', 'VpcSecurityGroupIds', 'DBParameterGroupName', 'OptionGroupName',
      'MultiAZ', 'BackupRetentionPeriod', 'DeletionProtection', 'CopyTagsToSnapshot', 'EnableIAMDatabaseAuthentication', 'CloudwatchLogsExportConfiguration',
      'EnablePerformanceInsights', 'PerformanceInsightsRetentionPeriod', 'MonitoringInterval', 'MonitoringRoleArn', 'CACertificateIdentifier', 'NetworkType',
      'AllocatedStorage', 'StorageType', 'Iops', 'StorageThroughput', 'MaxAllocatedStorage', 'AutoMinorVersionUpgrade',
    ],
    handle(input, call) {
      const row = find(input.DBInstanceIdentifier, call);
      const { now, later } = changeOf(input, row, call);
      const asked = { ...together(later, now), ...now };
      if (Object.keys(asked).length === 0) throw call.error('InvalidParameterCombination', 400, 'No modifications were requested');
      refuseUnlessAvailable(row, call, 'modified');
      refuseWhileBusy(row, call, 'modified');
      const { databases } = call.state;
      if (input.ApplyImmediately === true) return { DBInstance: view(databases.modify(row, { ...asked, settings: together(later, now).settings }, true, call.now), call) };
      const waiting = Object.keys(later).length === 0 ? row : databases.queue(row, later, call.now);
      return { DBInstance: view(Object.keys(now).length === 0 ? waiting : databases.modify(waiting, now, false, call.now), call) };
    },
  },

  ...replicaOperation,

  DeleteDBInstance: {
    accepts: ['DBInstanceIdentifier', 'SkipFinalSnapshot', 'FinalDBSnapshotIdentifier', 'DeleteAutomatedBackups'],
    handle(input, call) {
      const row = find(input.DBInstanceIdentifier, call);
      if (input.SkipFinalSnapshot !== true) {
        if (input.FinalDBSnapshotIdentifier !== undefined) throw call.unsupported('a final snapshot');
        throw call.error('InvalidParameterCombination', 400, 'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.');
      }
      if (input.FinalDBSnapshotIdentifier !== undefined) throw call.error('InvalidParameterCombination', 400, 'FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is specified.');
      if (row.deletionProtection) throw call.error('InvalidParameterCombination', 400, 'Cannot delete protected DB Instance, please disable deletion protection and try again.');
      refuseDeletion(row, call);
      return { DBInstance: view(call.state.databases.remove(row, call.now), call) };
    },
  },

  RebootDBInstance: {
    accepts: ['DBInstanceIdentifier'],
    handle(input, call) {
      const row = find(input.DBInstanceIdentifier, call);
      refuseUnlessAvailable(row, call, 'rebooted');
      refuseWhileBusy(row, call, 'rebooted');
      return { DBInstance: view(call.state.databases.reboot(row, call.now), call) };
    },
  },
} satisfies Partial<ServiceModel<'rds'>>;

/** Members that change at once, whatever ApplyImmediately says, and those that wait for the window without it. */
interface Asked {
  now: Change;
  later: Pending;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html#USER_ModifyInstance.Settings */
function changeOf(input: InputOf<'rds', 'ModifyDBInstance'>, row: DbInstance, call: Call): Asked {
  const { VpcSecurityGroupIds: groups = [], DBParameterGroupName: parameterGroup, OptionGroupName: optionGroup, CloudwatchLogsExportConfiguration: logs, BackupRetentionPeriod: days } = input;
  needSecurityGroups(groups, row.subnetGroup, call);
  if (input.DBInstanceClass !== undefined) needOffer({ engine: row.engine, version: row.settings.engineVersion, instanceClass: input.DBInstanceClass, multiAz: input.MultiAZ ?? row.multiAz }, call);
  needAuthority(input.CACertificateIdentifier, call);
  if (parameterGroup !== undefined) needParameterGroup(parameterGroup, call);
  if (optionGroup !== undefined) needOptionGroup(optionGroup, { engine: row.engine, version: row.settings.engineVersion, subnetGroup: row.subnetGroup }, call);
  const disabled = new Set(logs?.DisableLogTypes ?? []);
  const { iamAuthentication, caCertificate, networkType, ...others } = settingsIn(input);
  const logExports = logs === undefined ? undefined : [...new Set([...row.settings.logExports.filter((log) => !disabled.has(log)), ...(logs.EnableLogTypes ?? [])])];
  const atOnce = { ...others, ...defined({ logExports }) };
  const inWindow = defined({ ...storageOf(input, row.settings, row.engine, call), optionGroup, iamAuthentication, caCertificate, networkType });
  return {
    now: {
      ...(groups.length === 0 ? {} : { groups: [...new Set(groups)] }),
      ...defined({ parameterGroup, deletionProtection: input.DeletionProtection }),
      ...(Object.keys(atOnce).length === 0 ? {} : { settings: atOnce }),
    },
    later: {
      ...defined({ instanceClass: instanceClassOf(input.DBInstanceClass, call), newId: renamedTo(input, row, call), multiAz: input.MultiAZ, backupRetentionDays: days === undefined ? undefined : retention(days, call) }),
      ...(Object.keys(inWindow).length === 0 ? {} : { settings: inWindow }),
    },
  };
}

function renamedTo({ NewDBInstanceIdentifier: name }: InputOf<'rds', 'ModifyDBInstance'>, row: DbInstance, call: Call): string | undefined {
  if (name === undefined) return undefined;
  const { driver } = call.state.core;
  if (driver !== undefined && driver.rename === undefined) throw call.unsupported('a new name with these databases behind the model');
  if (name.toLowerCase() === row.ref.id) throw call.error('InvalidParameterCombination', 400, 'No modifications were requested');
  return newId(name, call);
}

function instanceClassOf(name: string | undefined, call: Call): string | undefined {
  if (name !== undefined && !/^db\.[a-z0-9]+\.[a-z0-9]+$/.test(name)) throw call.error('InvalidParameterValue', 400, `Invalid DB Instance class: ${name}`);
  return name;
}
