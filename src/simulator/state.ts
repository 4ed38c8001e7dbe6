import { Applications } from './applications.ts';
import { Backups } from './backups.ts';
import { Buckets } from './buckets.ts';
import { Certificates } from './certificates.ts';
import type { Core } from './core.ts';
import { Databases } from './databases.ts';
import { DbGroups } from './db-groups.ts';
import { DbOffers } from './db-offers.ts';
import { DbProxies } from './db-proxies.ts';
import { DbQuotas } from './db-quotas.ts';
import { Functions } from './functions.ts';
import { Groups } from './groups.ts';
import { HealthEvents } from './health-events.ts';
import { HealthChecks } from './health-checks.ts';
import { Keys } from './keys.ts';
import { LoadBalancers } from './load-balancers.ts';
import { Instances } from './instances.ts';
import { NetworkPaths } from './network-paths.ts';
import { Policies } from './policies.ts';
import { Reservations } from './reservations.ts';
import { SecurityGroups } from './security-groups.ts';
import { TargetGroups } from './target-groups.ts';
import { TokenBucket } from './token-bucket.ts';
import { Alarms } from './alarms.ts';
import { Topics } from './topics.ts';
import { VcpuQuotas } from './vcpu-quotas.ts';
import { Zones } from './zones.ts';

/** Everything that is so in the world. */
export class State {
  readonly core: Core;
  readonly securityGroups = new SecurityGroups();
  readonly topics = new Topics();
  readonly alarms = new Alarms();
  readonly healthEvents = new HealthEvents();
  readonly functions = new Functions();
  readonly certificates = new Certificates();
  readonly policies = new Policies();
  readonly reservations = new Reservations();
  readonly vcpuQuotas = new VcpuQuotas();
  readonly keys: Keys;
  readonly databases: Databases;
  readonly groups: Groups;
  readonly dbGroups = new DbGroups();
  readonly dbQuotas = new DbQuotas();
  readonly dbOffers = new DbOffers();
  readonly dbProxies = new DbProxies();
  readonly networkPaths = new NetworkPaths();
  readonly backups: Backups;
  readonly instances: Instances;
  readonly targetGroups: TargetGroups;
  readonly buckets: Buckets;
  readonly zones: Zones;
  readonly applications: Applications;
  readonly healthChecks: HealthChecks;
  readonly loadBalancers: LoadBalancers;
  /** Route 53's quotas: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests */
  readonly route53Quota = new TokenBucket(10, 50);
  readonly statusQuota = new TokenBucket(1, 4);
  /** Changes of records: that they are limited is AWS's word, the figures are ours. */
  readonly changeQuota = new TokenBucket(100, 1000);

  constructor(core: Core) {
    this.core = core;
    this.keys = new Keys(core);
    this.databases = new Databases(core, this.securityGroups);
    this.groups = new Groups(core);
    this.backups = new Backups(core);
    this.databases.onRename = (from, to) => this.backups.rename(from, to);
    this.instances = new Instances(core);
    this.targetGroups = new TargetGroups(core, this.groups, this.instances);
    this.loadBalancers = new LoadBalancers(core, this.targetGroups);
    this.buckets = new Buckets(core);
    this.zones = new Zones(core);
    this.applications = new Applications(core, this.databases, this.groups, this.targetGroups);
    this.healthChecks = new HealthChecks(core, this.buckets, this.applications);
  }
}
