import type { AwsCaller } from '../../aws/caller.ts';
import { targetHealth } from '../../aws/elbv2.ts';
import { proxyTargets } from '../../aws/rds.ts';
import { AwsError } from '../../aws/errors.ts';
import { callerIdentity } from '../../aws/identity.ts';
import * as list from '../../aws/list-account.ts';
import type { Inventory } from '../../model/discovery.ts';
import { DrError } from '../../base/errors.ts';
import { awsFailure } from '../observe.ts';
import * as seen from './seen.ts';
import { everyDatabase } from '../../aws/list-account.ts';
import { regionOfArn } from '../../base/arn.ts';

/** What was being read and gave no answer. What else there is was read. */
export interface NotRead {
  /** A region, or `global` for Route 53. */
  region: string;
  what: string;
  because: string;
}

export interface ReadAccount {
  inventory: Inventory;
  notRead: readonly NotRead[];
  /** What was looked at, kept or not. */
  counts: Readonly<Record<string, number>>;
  calls: number;
}

interface ReadRequest {
  aws: AwsCaller;
  regions: readonly string[];
  signal?: AbortSignal | undefined;
  /** Told from time to time how many of each have been read. */
  progress?: ((counts: Readonly<Record<string, number>>) => void) | undefined;
}

/** Of the groups that no Auto Scaling group feeds so many are asked for their targets; each is a call. */
const TARGET_GROUPS_ASKED = 500;

/**
 * Everything of an account that a runbook could name, read only, page by page. A region or service that gives no answer is said, and
 * the rest is read. @throws DrError where no region answers who we are
 */
export async function readAccount({ aws, regions, signal, progress }: ReadRequest): Promise<ReadAccount> {
  const reader = new Reader(aws, signal, progress);
  const account = await reader.identity(regions);
  const per = await Promise.all(regions.map((region) => reader.region(region)));
  const [checks, zones] = await Promise.all([reader.checks(regions[0] ?? ''), reader.zones(regions[0] ?? '')]);
  const together = <K extends keyof seen.RegionInventory>(key: K): seen.RegionInventory[K][number][] => per.flatMap((one) => one[key] as seen.RegionInventory[K][number][]);
  const inventory: Inventory = {
    account,
    regions: regions.filter((region) => !reader.isSilent(region)),
    databases: together('databases'),
    backups: together('backups'),
    groups: together('groups'),
    instances: together('instances'),
    targetGroups: together('targetGroups'),
    templates: together('templates'),
    images: together('images'),
    securityGroups: together('securityGroups'),
    subnetGroups: together('subnetGroups'),
    parameterGroups: together('parameterGroups'),
    topics: together('topics'),
    proxies: together('proxies'),
    paths: together('paths'),
    records: zones,
    checks: new Map(checks.map((check) => [check.id, check])),
  };
  return { inventory, notRead: reader.notRead, counts: reader.counts, calls: reader.calls };
}

class Reader {
  readonly notRead: NotRead[] = [];
  readonly counts: Record<string, number> = {};
  calls = 0;
  readonly #aws: AwsCaller;
  readonly #signal: AbortSignal | undefined;
  readonly #progress: ReadRequest['progress'];
  readonly #silent = new Set<string>();

  constructor(aws: AwsCaller, signal: AbortSignal | undefined, progress: ReadRequest['progress']) {
    this.#aws = { call: ((request: Parameters<AwsCaller['call']>[0]) => {
      this.calls += 1;
      return aws.call(request);
    }) as AwsCaller['call'] };
    this.#signal = signal;
    this.#progress = progress;
  }

  /** It answered nothing at all. */
  isSilent(region: string): boolean {
    return this.#silent.has(region);
  }

  /** The account, told by the first region that answers. @throws DrError */
  async identity(regions: readonly string[]): Promise<string> {
    const asked = await Promise.allSettled(regions.map((region) => callerIdentity(this.#aws, region, { signal: this.#signal })));
    const told = asked.find((one) => one.status === 'fulfilled');
    asked.forEach((one, i) => {
      if (one.status === 'rejected' && one.reason instanceof AwsError && one.reason.unreachable) this.#silence(regions[i] ?? '', one.reason);
    });
    if (told !== undefined) return told.value.account;
    const reason: unknown = asked.find((one) => one.status === 'rejected')?.reason;
    throw reason instanceof AwsError ? awsFailure(reason, reason.region) : reason;
  }

  async region(region: string): Promise<seen.RegionInventory> {
    if (this.isSilent(region)) return seen.NOTHING;
    const aws = this.#aws;
    const [databases, backups, subnetGroups, parameterGroups, groups, instances, targetGroups, templates, images, securityGroups, topics, proxies, paths] = await Promise.all([
      this.#read(region, 'databases', (options) => list.everyDatabase(aws, region, (item) => seen.database(region, item), options)),
      this.#read(region, 'automated backups', (options) => list.everyBackup(aws, region, (item) => seen.backup(region, item), options)),
      this.#read(region, 'DB subnet groups', (options) => list.everySubnetGroup(aws, region, (item) => seen.subnetGroup(region, item), options)),
      this.#read(region, 'DB parameter groups', (options) => list.everyParameterGroup(aws, region, (item) => seen.parameterGroup(region, item), options)),
      this.#read(region, 'Auto Scaling groups', (options) => list.everyGroup(aws, region, (item) => seen.group(region, item), options)),
      this.#read(region, 'EC2 instances', (options) => list.everyInstance(aws, region, (item) => seen.instance(region, item), options)),
      this.#read(region, 'target groups', (options) => list.everyTargetGroup(aws, region, (item) => seen.targetGroup(region, item), options)),
      this.#read(region, 'launch templates', (options) => list.everyTemplate(aws, region, (item) => seen.template(region, item), options)),
      this.#read(region, 'images', (options) => list.everyImage(aws, region, (item) => seen.image(region, item), options)),
      this.#read(region, 'security groups', (options) => list.everySecurityGroup(aws, region, (item) => seen.securityGroup(region, item), options)),
      this.#read(region, 'topics', (options) => list.everyTopic(aws, region, (item) => seen.topic(region, item), options)),
      this.#read(region, 'RDS proxies', (options) => list.everyProxy(aws, region, (item) => seen.proxy(region, item), options)),
      this.#read(region, 'paths of Reachability Analyzer', (options) => list.everyNetworkPath(aws, region, (item) => seen.path(region, item), options)),
    ]);
    const fed = new Set(groups.flatMap((group) => group.targetGroups));
    const alone = targetGroups.filter(({ arn }) => !fed.has(arn));
    if (alone.length > TARGET_GROUPS_ASKED) {
      this.notRead.push({ region, what: 'targets of target groups', because: `${alone.length} groups that no Auto Scaling group feeds; the first ${TARGET_GROUPS_ASKED} were asked` });
    }
    const targets = new Map<string, readonly string[]>();
    for (const { arn } of alone.slice(0, TARGET_GROUPS_ASKED)) {
      const found = await this.#read(region, 'targets', async (options) => (await targetHealth(aws, region, arn, options)).map(({ id }) => id));
      targets.set(arn, found);
    }
    const led = [];
    for (const one of proxies) {
      const [found] = await this.#read(region, `targets of the proxy ${one.name}`, async (options) => [(await proxyTargets(aws, region, one.name, options)).flatMap((target) => seen.proxyTarget(target) ?? [])]);
      led.push(found === undefined ? one : { ...one, targets: found });
    }
    return { paths, proxies: led, databases, backups, subnetGroups, parameterGroups, groups, instances, templates, images, securityGroups, topics, targetGroups: targetGroups.map((one) => ({ ...one, targets: targets.get(one.arn) ?? [] })) };
  }

  checks(region: string) {
    return this.#read('global', 'health checks', (options) => list.everyHealthCheck(this.#aws, region, seen.check, options));
  }

  /** Record sets with a routing policy, of all zones, one zone after the other: Route 53 answers five requests a second. */
  async zones(region: string) {
    const zones = await this.#read('global', 'hosted zones', (options) => list.everyZone(this.#aws, region, seen.zone, options));
    const all = [];
    for (const zone of zones) {
      const records = await this.#read('global', `records of ${zone.name}`, (options) => list.everyRecordSet(this.#aws, region, zone.id, (item) => seen.record(zone, item), options), 'records');
      for (const record of records) all.push(record);
    }
    return all;
  }

  async #read<T>(region: string, what: string, work: (options: list.ListOptions) => Promise<T[]>, counted = what): Promise<T[]> {
    const counts = (count: number): void => {
      this.counts[counted] = (this.counts[counted] ?? 0) + count;
      this.#progress?.(this.counts);
    };
    try {
      return await work({ signal: this.#signal, seen: counts });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.isCredentials) throw awsFailure(error, region);
      this.notRead.push({ region, what, because: error.message });
      return [];
    }
  }

  #silence(region: string, error: AwsError): void {
    this.#silent.add(region);
    this.notRead.push({ region, what: 'everything', because: error.message });
  }
}

/** @throws DrError when nothing was there to be read */
export function mustHaveRead({ inventory, notRead }: ReadAccount): void {
  if (inventory.regions.length > 0) return;
  throw new DrError({ code: 'AWS_SILENT', exit: 'aws', title: 'No region answers.', detail: notRead.map(({ region, because }) => `${region}: ${because}`).join('\n'), next: ['check the network of this machine and AWS_ENDPOINT_URL', 'name other regions: dr init --regions REGION,REGION'] });
}

/**
 * The region of the environment first, then those that its databases name as the source of a replica, or as the place of one.
 * @throws DrError when that region does not answer
 */
export async function linkedRegions(aws: AwsCaller, start: string, signal?: AbortSignal): Promise<string[]> {
  try {
    const named = await everyDatabase(aws, start, (item) => [item.ReadReplicaSourceDBInstanceIdentifier, ...(item.ReadReplicaDBInstanceIdentifiers ?? [])], { signal });
    return [...new Set([start, ...named.flat().flatMap((name) => regionOfArn(name) ?? [])])];
  } catch (error) {
    throw error instanceof AwsError ? awsFailure(error, start) : error;
  }
}
