/** What a simulated world is made of. Times in milliseconds, sizes in counts. */
import type { OutputOf } from '../aws/operations.ts';
import type { DbSettings, Pending } from './db-settings.ts';
import type { Place } from './places.ts';

type TemplateData = NonNullable<NonNullable<OutputOf<'ec2', 'DescribeLaunchTemplateVersions'>['LaunchTemplateVersions']>[number]['LaunchTemplateData']>;
type ProxyView = NonNullable<OutputOf<'rds', 'DescribeDBProxies'>['DBProxies']>[number];
type ProxyTargetView = NonNullable<OutputOf<'rds', 'DescribeDBProxyTargets'>['Targets']>[number];
type BlockDeviceMapping = NonNullable<NonNullable<OutputOf<'ec2', 'DescribeImages'>['Images']>[number]['BlockDeviceMappings']>[number];

export interface DbInstanceSeed {
  region: string;
  id: string;
  engine?: 'postgres' | 'mysql';
  instanceClass?: string;
  multiAz?: boolean;
  backupRetentionDays?: number;
  securityGroups?: readonly string[];
  endpoint?: { address: string; port: number };
  replicaOf?: { region: string; id: string };
  publiclyAccessible?: boolean;
  deletionProtection?: boolean;
  /** Steady lag behind the source while replicating. */
  lagMs?: number;
  subnetGroup?: string;
  parameterGroup?: string;
  kmsKeyId?: string;
  tags?: Readonly<Record<string, string>>;
  /** Default: `available`. */
  status?: string;
  /** Where they are not AWS's defaults. */
  settings?: Partial<DbSettings>;
  /** What waits for the maintenance window, which does not come while the world runs. */
  pending?: Pending;
}

/** Automated backups of an instance, kept in another region. */
export interface AutomatedBackupSeed {
  region: string;
  source: { region: string; id: string };
  /** Default: a key of `region`. */
  kmsKeyId?: string;
  retentionDays?: number;
  /** Its replication was stopped: what is there stays. */
  stopped?: boolean;
  /** Begins now: not usable until its first snapshot has arrived. Default: there since long ago. */
  fresh?: boolean;
}

/** A snapshot, or the copy of one. */
export interface DbSnapshotSeed {
  region: string;
  id: string;
  source: { region: string; id: string };
  ageMs: number;
  /** Default: available. */
  status?: string;
  kmsKeyId?: string;
  /** With persistent or permanent options, unless it is AWS's own. Default: that of the source. */
  optionGroup?: string;
}

export interface SubnetGroupSeed {
  region: string;
  name: string;
  /** Default: the VPC that everything is in. */
  vpc?: string;
}

export interface ParameterGroupSeed {
  region: string;
  name: string;
  /** Default: postgres17. */
  family?: string;
  /** What people have set in it. */
  parameters?: Readonly<Record<string, string>>;
}

export interface OptionGroupSeed {
  region: string;
  name: string;
  /** Default: postgres. */
  engine?: string;
  /** Default: 17. */
  majorVersion?: string;
  /** The one VPC that its members must be in. */
  vpc?: string;
}

export interface DbProxySeed {
  region: string;
  name: string;
  /** Default: POSTGRESQL. */
  engineFamily?: 'MYSQL' | 'POSTGRESQL' | 'SQLSERVER';
  /** Default: the VPC that everything is in. */
  vpc?: string;
  /** Default: available. */
  status?: NonNullable<ProxyView['Status']>;
  /** The one DB instance that it leads to. Default: none. */
  target?: string;
  /** Of the target. Default: AVAILABLE. */
  health?: NonNullable<ProxyTargetView['TargetHealth']>;
}

/** An instance that belongs to no Auto Scaling group. */
export interface Ec2InstanceSeed {
  region: string;
  id: string;
  type?: string;
  zone?: string;
  stopped?: boolean;
  bootMs?: number;
  imageId?: string;
  protected?: boolean;
  securityGroups?: readonly string[];
  tags?: Readonly<Record<string, string>>;
}

export interface ImageSeed {
  region: string;
  id: string;
  name: string;
  ageMs: number;
  /** Default: available. */
  state?: 'available' | 'pending' | 'failed';
  /** ARN of the key that its snapshot is encrypted with. Default: it is not encrypted. */
  keyId?: string;
  tags?: Readonly<Record<string, string>>;
  /** As DescribeImages shows them. */
  devices?: readonly BlockDeviceMapping[];
}

export interface LaunchTemplateSeed {
  region: string;
  id: string;
  name: string;
  type: string;
  imageId?: string;
  version?: number;
  /** What else the template says, as DescribeLaunchTemplateVersions shows it. Of it termination protection, key pair, security groups and profile do something. */
  data?: Readonly<Omit<TemplateData, 'ImageId' | 'InstanceType'>>;
}

export interface KeyPairSeed {
  region: string;
  name: string;
}

/** Capacity that an account has reserved in a zone. What is launched into it is not counted. */
export interface ReservationSeed {
  region: string;
  id: string;
  type: string;
  zone: string;
  total: number;
  /** Instances that can still be launched into it. Default: all. */
  available?: number;
  /** Default: active. */
  state?: 'active' | 'pending' | 'expired' | 'cancelled' | 'failed';
}

/** A path of Reachability Analyzer, with its analyses. Nothing of the world decides what these have found. */
export interface NetworkPathSeed {
  region: string;
  id: string;
  /** Its tag `Name`. Default: no tag. */
  name?: string;
  analyses: readonly AnalysisSeed[];
}

export interface AnalysisSeed {
  /** Milliseconds, from when it is seeded. */
  ageMs: number;
  /** Default: succeeded. */
  status?: 'running' | 'succeeded' | 'failed';
  message?: string;
  found?: boolean;
  codes?: readonly string[];
}

export interface AutoScalingGroupSeed {
  region: string;
  name: string;
  min: number;
  max: number;
  desired: number;
  /** Names of target groups whose health its instances feed. */
  targetGroups?: readonly string[];
  /** From launch to InService and healthy. */
  warmUpMs?: number;
  /** The most instances the region will give this group; more are refused as a failed activity. */
  capacity?: number;
  /** Its sizes are in units, and each instance counts so many of them. Default: sizes are instances. */
  weight?: number;
}

export interface RecordSetSeed {
  name: string;
  type: string;
  ttl: number;
  values: readonly string[];
  setIdentifier?: string;
  failover?: 'PRIMARY' | 'SECONDARY';
  weight?: number;
  region?: string;
  /** `{ country: '*' }` is the default. */
  geo?: GeoSeed;
  /** Then `ttl` and `values` do not count. */
  alias?: { zoneId: string; name: string; evaluateTargetHealth: boolean };
  healthCheckId?: string;
}

/** A continent, or a country, or a state of the US. */
export type GeoSeed = Omit<Place, 'region'>;

/** What an alias record may lead to, besides another record of its zone. */
export interface LoadBalancerSeed {
  region: string;
  dnsName: string;
  zoneId: string;
  addresses: readonly string[];
  /** Names, or ARNs; each must have a healthy target for the balancer to be healthy. */
  targetGroups: readonly string[];
  /** ARNs of certificates, the default one first. Default: none, and so no listener with TLS. */
  certificates?: readonly string[];
}

export interface HostedZoneSeed {
  id: string;
  name: string;
  records: readonly RecordSetSeed[];
}

export interface HealthCheckSeed {
  id: string;
  /** An endpoint check is healthy while the region lives and its application answers. */
  watches:
    /** With `address`: the application there; without: every application of the region. */
    /** `shallow`: passes while the application answers at all, also with 503; else only with 2xx or 3xx. */
    | { kind: 'region-endpoint'; region: string; address?: string; shallow?: boolean }
    | { kind: 's3-object'; region: string; bucket: string; key: string }
    /** Calculated: healthy while so many of these checks are. */
    | { kind: 'checks'; of: readonly string[]; threshold: number };
  inverted?: boolean;
  /** A disabled check is healthy. */
  disabled?: boolean;
  intervalSeconds?: 10 | 30;
  failureThreshold?: number;
}

export interface SecurityGroupSeed {
  region: string;
  id: string;
  name: string;
  /** True when it has no inbound rule: an instance that has only such groups accepts no connection. */
  closed: boolean;
  /** Left out: the VPC that everything is in. */
  vpc?: string;
}

/** What listens at an address that users reach. */
export interface ApplicationSeed {
  region: string;
  address: string;
  /** The name that it is given by from others at its address. Without one it has the address for itself. */
  host?: string;
  /** It answers 200 only while this instance takes writes. */
  database?: { region: string; id: string };
  /** It answers 200 only while this Auto Scaling group of its region has a healthy target. */
  group?: string;
  /** It answers 200 only while this target group (ARN) of its region has a healthy target. */
  targetGroup?: string;
  /** Bodies by path; any other path is 404. Default: `ok` for `/healthz`. */
  pages?: Readonly<Record<string, string>>;
}

export interface TopicSeed {
  region: string;
  arn: string;
}

/** An alarm of CloudWatch. Nothing of the world decides its state: somebody sets it. */
export interface AlarmSeed {
  region: string;
  name: string;
  /** Default: OK. */
  state?: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  reason?: string;
}

export interface CertificateSeed {
  region: string;
  arn: string;
  /** The first is its domain name. */
  names: readonly string[];
  /** Default: ISSUED. */
  status?: 'ISSUED' | 'PENDING_VALIDATION' | 'EXPIRED' | 'REVOKED' | 'FAILED';
  /** From now on. Default: 200 days. */
  validForMs?: number;
  /** Default: AMAZON_ISSUED. */
  type?: 'AMAZON_ISSUED' | 'IMPORTED';
}

/** A Lambda function, and what it answers whatever it is given. */
export interface FunctionSeed {
  region: string;
  name: string;
  /** Default: null. */
  answer?: unknown;
  /** It throws: the answer is the error. */
  fails?: boolean;
}

/** A fault laid over calls that match; the first that matches and is not used up applies. */
export interface Fault {
  region?: string;
  service?: string;
  operation?: string;
  effect:
    | { kind: 'hang' }
    | { kind: 'reset' }
    | { kind: 'slow'; ms: number }
    | { kind: 'throttle' }
    | { kind: 'error'; httpStatus: number; code: string; message?: string }
    /** Reads are answered with status 200 and nothing in it: a proxy, a page that is no answer. */
    | { kind: 'empty' }
    /** Reads are answered with status 200, by a body of another kind: `lists` are empty, or their `elements` are. */
    | { kind: 'foreign'; without: 'lists' | 'elements' }
    /** The change happens, the answer is lost. */
    | { kind: 'answer-lost' }
    /** Reads answer from the state of that long ago. */
    | { kind: 'stale-read'; ms: number };
  /** Applies to that many calls, then is gone. Default: every call until removed. */
  times?: number;
}
