import { Applications } from './applications.ts';
import { Backups } from './backups.ts';
import { Buckets } from './buckets.ts';
import type { Core } from './core.ts';
import { Databases } from './databases.ts';
import { DbOffers } from './db-offers.ts';
import { Groups } from './groups.ts';
import { HealthChecks } from './health-checks.ts';
import { HealthEvents } from './health-events.ts';
import { Instances } from './instances.ts';
import { Keys } from './keys.ts';
import { LoadBalancers } from './load-balancers.ts';
import { Policies } from './policies.ts';
import { DbQuotas, VcpuQuotas } from './quotas.ts';
import type { Invocation, Published } from './ran.ts';
import { SecurityGroups } from './security-groups.ts';
import { Seeded } from './seeded.ts';
import type {
  AlarmSeed, CertificateSeed, DbProxySeed, FunctionSeed, KeyPairSeed, NetworkPathSeed, OptionGroupSeed, ParameterGroupSeed, ReservationSeed, SubnetGroupSeed, TopicSeed,
} from './seeds.ts';
import { TargetGroups } from './target-groups.ts';
import { TokenBucket } from './token-bucket.ts';
import { Zones } from './zones.ts';

export type State = ReturnType<typeof stateOf>;

const byId = ({ id }: { id: string }): string => id;
const byName = ({ name }: { name: string }): string => name;
/** RDS stores these names in lower case. */
const folded = ({ name }: { name: string }): string => name.toLowerCase();
const byArn = ({ arn }: { arn: string }): string => arn;

/** Everything that is so in the world. */
export function stateOf(core: Core) {
  const securityGroups = new SecurityGroups(core, byId);
  const databases = new Databases(core, securityGroups);
  const groups = new Groups(core);
  const backups = new Backups(core);
  databases.onRename = (from, to) => backups.rename(from, to);
  const instances = new Instances(core);
  const targetGroups = new TargetGroups(core, groups, instances);
  const buckets = new Buckets(core);
  const applications = new Applications(core, databases, groups, targetGroups);
  return {
    core,
    securityGroups,
    databases,
    groups,
    backups,
    instances,
    targetGroups,
    buckets,
    applications,
    keys: new Keys(core),
    keyPairs: new Seeded<KeyPairSeed>(core, byName),
    /** Instance profiles of the account, and the role in each. */
    profiles: new Map<string, { role?: string }>(),
    reservations: new Seeded<ReservationSeed>(core, byId),
    networkPaths: new Seeded<NetworkPathSeed>(core, byId),
    loadBalancers: new LoadBalancers(core, targetGroups),
    zones: new Zones(core),
    healthChecks: new HealthChecks(core, buckets, applications),
    dbSubnetGroups: new Seeded<SubnetGroupSeed>(core, byName),
    dbParameterGroups: new Seeded<ParameterGroupSeed>(core, byName),
    dbOptionGroups: new Seeded<OptionGroupSeed>(core, folded),
    dbProxies: new Seeded<DbProxySeed>(core, folded),
    dbQuotas: new DbQuotas(),
    dbOffers: new DbOffers(),
    vcpuQuotas: new VcpuQuotas(),
    topics: new Seeded<TopicSeed>(core, byArn),
    /** Messages to topics, oldest first. */
    published: [] as Published[],
    functions: new Seeded<FunctionSeed>(core, byName),
    invocations: [] as Invocation[],
    alarms: new Seeded<AlarmSeed>(core, byName),
    certificates: new Seeded<CertificateSeed>(core, byArn),
    policies: new Policies(),
    healthEvents: new HealthEvents(core),
    /** Route 53's quotas: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests */
    route53Quota: new TokenBucket(10, 50),
    statusQuota: new TokenBucket(1, 4),
    /** Changes of records: that they are limited is AWS's word, the figures are ours. */
    changeQuota: new TokenBucket(100, 1000),
  };
}
