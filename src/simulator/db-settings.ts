/** What a DB instance is set to, besides what the model acts on; and what waits for its maintenance window. Never changed in place. */
import { sha256 } from '../base/json.ts';
import type { OutputOf } from '../aws/operations.ts';
import { defaultKey } from './keys.ts';

type DbInstanceView = NonNullable<OutputOf<'rds', 'DescribeDBInstances'>['DBInstances']>[number];

export type DbSettings = Readonly<ReturnType<typeof defaultsOf>>;

export interface Pending {
  readonly instanceClass?: string | undefined;
  readonly newId?: string | undefined;
  readonly multiAz?: boolean | undefined;
  readonly backupRetentionDays?: number | undefined;
  readonly settings?: Partial<DbSettings> | undefined;
}

export const NOTHING_PENDING: Pending = {};

export type Engine = 'postgres' | 'mysql';

export function defaultOptionGroup(engine: Engine): string {
  return engine === 'postgres' ? 'default:postgres-17' : 'default:mysql-8-4';
}

/** AWS's own default groups are there without having been made. */
export function isDefaultGroup(name: string): boolean {
  return /^default[.:]/.test(name);
}

const DEFAULTS: Readonly<Record<Engine, DbSettings>> = { postgres: defaultsOf('postgres'), mysql: defaultsOf('mysql') };

function defaultsOf(engine: Engine) {
  return {
    engineVersion: engine === 'postgres' ? '17.5' : '8.4.5',
    /** GiB. */
    allocatedStorage: 100,
    storageType: 'gp3',
    iops: 3000 as number | undefined,
    storageThroughput: 125 as number | undefined,
    maxAllocatedStorage: undefined as number | undefined,
    /** `default:…` is AWS's own, in every region. */
    optionGroup: defaultOptionGroup(engine),
    iamAuthentication: false,
    logExports: [] as readonly string[],
    performanceInsights: false,
    performanceInsightsDays: undefined as number | undefined,
    /** Seconds; 0 is off. */
    monitoringInterval: 0,
    monitoringRole: undefined as string | undefined,
    caCertificate: 'rds-ca-rsa2048-g1',
    networkType: 'IPV4',
    copyTagsToSnapshot: false,
    autoMinorVersionUpgrade: true,
    backupWindow: '17:00-17:30',
    maintenanceWindow: 'sun:18:00-sun:18:30',
    /** Secrets Manager keeps the password of the master user. */
    managedPassword: false,
  };
}

/** AWS's defaults with some of them changed. */
/** The engines that are simulated. */
export function isEngine(name: string): name is Engine {
  return Object.hasOwn(DEFAULTS, name);
}

export function settingsOf(engine: Engine, changed: Partial<DbSettings> | undefined): DbSettings {
  return changed === undefined ? DEFAULTS[engine] : { ...DEFAULTS[engine], ...defined(changed) };
}

export function withSettings(settings: DbSettings, changed: Partial<DbSettings> | undefined): DbSettings {
  return changed === undefined ? settings : { ...settings, ...defined(changed) };
}

/** Without what was not given. */
export function defined<T extends object>(from: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** The later of two wins, setting by setting. */
export function together(before: Pending, now: Pending): Pending {
  const settings = { ...before.settings, ...now.settings };
  return { ...before, ...defined(now), ...(Object.keys(settings).length === 0 ? {} : { settings }) };
}

/** Members that only a change shows, by settings that are shared by all looks. */
const shown = new WeakMap<DbSettings, Map<string, Partial<DbInstanceView>>>();

/** What DescribeDBInstances shows of them. `place`: region and account. */
export function settingsView(s: DbSettings, { region, account, arn }: { region: string; account: string; arn: string }): Partial<DbInstanceView> {
  const views = shown.get(s) ?? new Map<string, Partial<DbInstanceView>>();
  shown.set(s, views);
  const view = views.get(arn) ?? viewOf(s, region, account, arn);
  views.set(arn, view);
  return view;
}

function viewOf(s: DbSettings, region: string, account: string, arn: string): Partial<DbInstanceView> {
  const key = defaultKey(region, account);
  return {
    EngineVersion: s.engineVersion,
    AllocatedStorage: s.allocatedStorage,
    StorageType: s.storageType,
    ...defined({ Iops: s.iops, StorageThroughput: s.storageThroughput, MaxAllocatedStorage: s.maxAllocatedStorage, MonitoringRoleArn: s.monitoringRole }),
    OptionGroupMemberships: [{ OptionGroupName: s.optionGroup, Status: 'in-sync' }],
    IAMDatabaseAuthenticationEnabled: s.iamAuthentication,
    ...(s.logExports.length === 0 ? {} : { EnabledCloudwatchLogsExports: [...s.logExports] }),
    PerformanceInsightsEnabled: s.performanceInsights,
    ...(s.performanceInsights ? { PerformanceInsightsRetentionPeriod: s.performanceInsightsDays ?? 7, PerformanceInsightsKMSKeyId: key } : {}),
    MonitoringInterval: s.monitoringInterval,
    CACertificateIdentifier: s.caCertificate,
    NetworkType: s.networkType,
    CopyTagsToSnapshot: s.copyTagsToSnapshot,
    AutoMinorVersionUpgrade: s.autoMinorVersionUpgrade,
    PreferredBackupWindow: s.backupWindow,
    PreferredMaintenanceWindow: s.maintenanceWindow,
    ...(s.managedPassword ? { MasterUserSecret: { SecretArn: `arn:aws:secretsmanager:${region}:${account}:secret:rds!db-${sha256(arn).slice(0, 8)}`, SecretStatus: 'active', KmsKeyId: key } } : {}),
    DBSecurityGroups: [],
    DomainMemberships: [],
    AssociatedRoles: [],
    LicenseModel: s.engineVersion.startsWith('8.') ? 'general-public-license' : 'postgresql-license',
    DbInstancePort: 0,
    BackupTarget: 'region',
    CustomerOwnedIpEnabled: false,
    ActivityStreamStatus: 'stopped',
    DedicatedLogVolume: false,
  };
}

export function pendingView({ instanceClass, newId, multiAz, backupRetentionDays, settings = {} }: Pending): NonNullable<DbInstanceView['PendingModifiedValues']> {
  return defined({
    DBInstanceClass: instanceClass,
    DBInstanceIdentifier: newId,
    MultiAZ: multiAz,
    BackupRetentionPeriod: backupRetentionDays,
    AllocatedStorage: settings.allocatedStorage,
    StorageType: settings.storageType,
    Iops: settings.iops,
    StorageThroughput: settings.storageThroughput,
    EngineVersion: settings.engineVersion,
    CACertificateIdentifier: settings.caCertificate,
    IAMDatabaseAuthenticationEnabled: settings.iamAuthentication,
  });
}
