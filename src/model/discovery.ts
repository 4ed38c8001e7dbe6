import type { Strategy } from './verb.ts';

/* What an account shows of itself, and what a kind makes of it for a first runbook. Plain values: a kind that discovers calls nothing. */

export type Tags = Readonly<Record<string, string>>;

export interface SeenDatabase {
  region: string;
  id: string;
  arn: string;
  engine: string;
  class: string;
  /** The instance that it is a read replica of. */
  source?: { region: string; id: string };
  retentionDays: number;
  /** Security groups, in AWS's order. */
  securityGroups: readonly string[];
  vpc?: string;
  subnetGroup?: string;
  parameterGroup?: string;
  /** Not those of AWS's own that are called default:… */
  optionGroup?: string;
  multiAz: boolean;
  iamAuthentication: boolean;
  publiclyAccessible: boolean;
  copyTagsToSnapshot: boolean;
  deletionProtection: boolean;
  /** Logs that go to CloudWatch Logs. */
  logExports: readonly string[];
  kmsKey?: string;
  /** The database that was made with the instance. */
  database?: string;
  tags: Tags;
}

/** Automated backups of an instance of another region. */
export interface SeenBackup {
  region: string;
  source: { region: string; id: string };
  kmsKey?: string;
}

export interface SeenGroup {
  region: string;
  name: string;
  min: number;
  desired: number;
  max: number;
  targetGroups: readonly string[];
  tags: Tags;
}

/** An EC2 instance that no Auto Scaling group keeps. */
export interface SeenInstance {
  region: string;
  id: string;
  type: string;
  stopped: boolean;
  template?: string;
  image?: string;
  subnet?: string;
  tags: Tags;
}

export interface SeenTargetGroup {
  region: string;
  name: string;
  arn: string;
  port?: number;
  /** Ids of its targets; read only where no Auto Scaling group feeds it. */
  targets: readonly string[];
}

export interface SeenTemplate {
  region: string;
  id: string;
  name: string;
  type?: string;
}

export interface SeenImage {
  region: string;
  id: string;
  name: string;
  /** ISO 8601 */
  createdAt: string;
}

export interface SeenSecurityGroup {
  region: string;
  id: string;
  name: string;
  vpc?: string;
  /** No inbound rule. */
  closed: boolean;
}

/** A group of subnets or of parameters of databases. */
export interface SeenDbGroup {
  region: string;
  name: string;
  vpc?: string;
}

export interface SeenProxy {
  region: string;
  name: string;
  /** Ids of the DB instances that it leads to; undefined where AWS did not say. */
  targets?: readonly string[];
}

export interface SeenNetworkPath {
  region: string;
  id: string;
  /** Its tag `Name`. */
  name: string;
}

export interface SeenTopic {
  region: string;
  name: string;
  arn: string;
}

/** A record set with a routing policy. Names in lower case, without the final dot. */
export interface SeenRecord {
  zone: string;
  zoneName: string;
  name: string;
  type: string;
  set: string;
  healthCheck?: string;
  failover?: 'PRIMARY' | 'SECONDARY';
  weight?: number;
  /** The region of a latency set. */
  latency?: string;
  /** As a runbook names a place: `default`, or `{ country: KR }`. */
  place?: 'default' | Readonly<Record<string, string>>;
  values: readonly string[];
  ttl?: number;
  alias?: { zone: string; name: string; evaluateTargetHealth: boolean };
}

export interface SeenCheck {
  id: string;
  type: string;
  /** Host name or address that is asked. */
  host?: string;
  path?: string;
  port?: number;
}

/** An account, or what of it belongs to one application. Lists are in the order of regions, then of AWS. */
export interface Inventory {
  account: string;
  /** Those that answered, in the order asked. */
  regions: readonly string[];
  databases: readonly SeenDatabase[];
  backups: readonly SeenBackup[];
  groups: readonly SeenGroup[];
  instances: readonly SeenInstance[];
  targetGroups: readonly SeenTargetGroup[];
  templates: readonly SeenTemplate[];
  images: readonly SeenImage[];
  securityGroups: readonly SeenSecurityGroup[];
  subnetGroups: readonly SeenDbGroup[];
  parameterGroups: readonly SeenDbGroup[];
  topics: readonly SeenTopic[];
  proxies: readonly SeenProxy[];
  paths: readonly SeenNetworkPath[];
  records: readonly SeenRecord[];
  checks: ReadonlyMap<string, SeenCheck>;
}

/** One resource as a runbook would name it. */
export interface Discovered {
  /** Its name in the runbook. */
  name: string;
  regions: readonly string[];
  /** The region that serves now, where the resource tells. */
  home?: string;
  /** What stands in the runbook, in the order of its keys, without `kind`. */
  resource: Readonly<Record<string, unknown>>;
  /** Where a value came from, by its path with dots in between: `fence.quarantine`. The empty path is the resource itself. */
  comments: Readonly<Record<string, string>>;
  /** What AWS does not say and a person has to decide: path and sentence. */
  open: readonly { path: string; what: string }[];
  /** The strategy that it speaks for, and why. */
  suggests?: { strategy: Strategy; because: string };
  /** Ids of what it names, as AWS has them, so that what is left over can be listed. */
  uses: readonly string[];
}

export interface DiscoverContext {
  /** Name of the application: what names of its resources begin with is left off. */
  application: string;
  /** The region where it runs, once another resource has told. */
  home?: string | undefined;
  /** Several regions serve at once, once another resource has told. */
  shared?: boolean;
  /** Names that people have for regions, e.g. Tokyo. */
  regionName(region: string): string;
}
