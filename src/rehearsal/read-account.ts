import { findGroup } from '../aws/autoscaling.ts';
import { AwsError } from '../aws/errors.ts';
import { securityGroupsOf } from '../aws/ec2.ts';
import { callerIdentity } from '../aws/identity.ts';
import { automatedBackups, findDbInstance } from '../aws/rds.ts';
import { listManyRecordSets, protectionsOf, type RecordKey, type RecordSet } from '../aws/route53.ts';
import { automatedBackupStatus } from '../aws/states/rds.ts';
import { nameInArn, regionOfArn } from '../base/arn.ts';
import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import type { Effects } from '../effects/effects.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { seedOf } from '../simulator/record-set.ts';
import type { RecordSetSeed } from '../simulator/seeds.ts';
import { type Account, ACCOUNT_SCHEMA, keyIn, recordKey } from './account.ts';
import { type Implied, impliedBy } from './implied.ts';
import { checkSeed, databaseSeen, groupSeen } from './seen.ts';
import { unlikeAccount } from './unlike.ts';

/*
 * Reads, for everything that the runbook's world is made of, what an account has instead. Read-only, in both regions: the account is
 * well, and so its source answers. What cannot be read ends it: nobody would know what the figures are worth.
 */

interface Reader {
  effects: Effects;
  implied: Implied;
  signal: AbortSignal;
  seen: string[];
  unlike: string[];
}

/** @throws AwsError of the first question that has no answer; DrError where the simulator cannot hold what was read */
export async function readAccount(effects: Effects, loaded: LoadedRunbook, signal: AbortSignal): Promise<Account> {
  const implied = await impliedBy(loaded);
  const reader: Reader = { effects, implied, signal, seen: [], unlike: [] };
  const { account } = await callerIdentity(effects.aws, loaded.runbook.home, { signal });
  const databases = await readDatabases(reader);
  const about = {
    schema: ACCOUNT_SCHEMA,
    sha256: loaded.sha256,
    account,
    at: iso(effects.clock.now()),
    databases,
    groups: await readGroups(reader),
    securityGroups: await readSecurityGroups(reader, databases),
    backups: await readBackups(reader),
    ...(await readTraffic(reader, loaded.runbook.home)),
  } as const;
  const read = { ...about, seen: reader.seen, unlike: reader.unlike, assumed: assumedIn(implied, loaded) };
  return { ...read, unlike: [...reader.unlike, ...(await unlikeAccount(effects.aws, loaded, read, signal))] };
}

async function readDatabases({ effects, implied, signal, seen, unlike }: Reader): Promise<Account['databases']> {
  const found: Record<string, Account['databases'][string]> = {};
  for (const seed of implied.databases) {
    const instance = await findDbInstance(effects.aws, seed.region, seed.id, { signal });
    found[keyIn(seed.region, seed.id)] = instance === undefined ? null : await databaseSeen({ effects, signal, unlike }, seed, instance);
  }
  for (const [key, one] of Object.entries(found)) {
    const from = one?.seed.replicaOf;
    if (one === null || from === undefined || found[keyIn(from.region, from.id)]) continue;
    // The world has no such source: what a failover reads of it is only its name.
    unlike.push(`database ${key}: it replicates from ${from.id} in ${from.region}, which ${keyIn(from.region, from.id) in found ? 'does not exist' : 'the runbook does not name'}: here it is a writer of its own`);
    const { replicaOf: _from, ...seed } = one.seed;
    found[key] = { ...one, seed };
  }
  seen.push(...Object.entries(found).map(([key, one]) => `database ${key}: ${one === null ? 'DOES NOT EXIST' : saysDatabase(one)}`));
  return found;
}

function saysDatabase({ seed, replication }: NonNullable<Account['databases'][string]>): string {
  const role = seed.replicaOf === undefined ? 'a writer' : `a replica of ${seed.replicaOf.region}/${seed.replicaOf.id}`;
  const lag = replication === undefined ? '' : replication.state === 'stopped' ? ', NOT REPLICATING' : replication.lagMs === undefined ? ', lag unknown' : `, lag ${formatDuration(replication.lagMs)}`;
  return `${seed.status ?? 'in no known status'}, ${role}${lag}, ${seed.instanceClass ?? 'of no known class'}`;
}

async function readGroups({ effects, implied, signal, seen, unlike }: Reader): Promise<Account['groups']> {
  const found: Record<string, Account['groups'][string]> = {};
  for (const seed of implied.groups) {
    const group = await findGroup(effects.aws, seed.region, seed.name, { signal });
    const key = keyIn(seed.region, seed.name);
    const one = (found[key] = group === undefined ? null : groupSeen(seed, group, unlike));
    seen.push(`group ${key}: ${one === null ? 'DOES NOT EXIST' : `${one.min} to ${one.max} instances, ${one.desired} wanted${one.capacity === undefined ? '' : `, ${one.capacity} IN SERVICE`}`}`);
  }
  return found;
}

async function readSecurityGroups({ effects, implied, signal, seen, unlike }: Reader, databases: Account['databases']): Promise<Account['securityGroups']> {
  const wanted = new Map<string, Set<string>>();
  const want = (region: string, id: string) => wanted.set(region, (wanted.get(region) ?? new Set()).add(id));
  for (const { region, id } of implied.securityGroups) want(region, id);
  for (const one of Object.values(databases)) for (const id of one?.seed.securityGroups ?? []) want(one?.seed.region ?? '', id);
  const found: Record<string, Account['securityGroups'][string]> = {};
  for (const [region, ids] of wanted) {
    const groups = await securityGroupsOf(effects.aws, region, [...ids], { signal });
    for (const id of ids) {
      const group = groups.get(id);
      const name = implied.securityGroups.find((seed) => seed.region === region && seed.id === id)?.name ?? id;
      if (group !== undefined && group.inbound === undefined) unlike.push(`security group ${keyIn(region, id)}: AWS does not show its rules; here it is open`);
      found[keyIn(region, id)] = group === undefined ? null : { region, id, name, closed: group.inbound === 0, ...(group.vpc === undefined ? {} : { vpc: group.vpc }) };
      seen.push(`security group ${keyIn(region, id)}: ${group === undefined ? 'DOES NOT EXIST' : group.inbound === 0 ? 'closed' : 'lets somebody in'}`);
    }
  }
  return found;
}

/** The model's backups are minutes old while they are replicated. */
const FRESH_MS = 30 * 60_000;

async function readBackups({ effects, implied, signal, seen, unlike }: Reader): Promise<Account['backups']> {
  const found: Record<string, Account['backups'][string]> = {};
  for (const seed of implied.backups) {
    const all = await automatedBackups(effects.aws, seed.region, [seed.source.id], { signal });
    const backup = all.find(({ DBInstanceArn: arn = '' }) => regionOfArn(arn) === seed.source.region && nameInArn(arn) === seed.source.id);
    const latest = backup?.RestoreWindow?.LatestTime?.getTime();
    const status = automatedBackupStatus(backup?.Status);
    const key = keyIn(seed.region, seed.source.id);
    if (backup === undefined || latest === undefined || status.usable !== 'yes') {
      found[key] = null;
      seen.push(`backups ${key}: ${backup === undefined ? 'THERE ARE NONE' : `NOT USABLE: ${latest === undefined ? 'no restorable time' : status.shown}`}`);
      continue;
    }
    const ageMs = Math.max(0, effects.clock.now() - latest);
    const stopped = status.growing === 'no' || ageMs > FRESH_MS;
    if (stopped) unlike.push(`backups ${key}: the newest is ${formatDuration(ageMs)} old; here they are no longer replicated, and a day old`);
    found[key] = {
      ...seed,
      ...(backup.KmsKeyId === undefined ? {} : { kmsKeyId: backup.KmsKeyId }),
      ...(backup.BackupRetentionPeriod === undefined ? {} : { retentionDays: backup.BackupRetentionPeriod }),
      ...(stopped ? { stopped } : {}),
    };
    seen.push(`backups ${key}: ${status.shown}, the newest ${formatDuration(ageMs)} old`);
  }
  return found;
}

async function readTraffic({ effects, implied, signal, seen, unlike }: Reader, region: string): Promise<Pick<Account, 'zonesGone' | 'records' | 'checks' | 'protections'>> {
  const [zonesGone, protections]: [string[], Account['protections'][number][]] = [[], []];
  const records: Record<string, RecordSetSeed[]> = {};
  const checks: Record<string, Account['checks'][string]> = {};
  const options = { signal, region };
  for (const { id, records: sets } of implied.zones) {
    const keys = new Map(sets.map(({ name, type }): [string, RecordKey] => [recordKey(id, { name, type }), { name, type: type as RecordKey['type'] }]));
    let found: RecordSet[][];
    try {
      found = await listManyRecordSets(effects.aws, id, [...keys.values()], options);
      protections.push(...(await protectionsOf(effects.aws, id, [...keys.values()], options)).map(({ record, comment }) => ({ zone: id, ...record, ...(comment === undefined ? {} : { comment }) })));
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'NoSuchHostedZone') throw error;
      zonesGone.push(id);
      seen.push(`hosted zone ${id}: DOES NOT EXIST`);
      continue;
    }
    for (const [i, [key, record]] of [...keys].entries()) {
      const ours = sets.filter((set) => recordKey(id, set) === key);
      const theirs = (found[i] ?? []).map(seedOf);
      seen.push(`record ${record.name} ${record.type}: ${theirs.length === 0 ? 'DOES NOT EXIST' : theirs.map(saysRecord).join('; ')}`);
      records[key] = await Promise.all(theirs.map(async (set) => {
        const was = ours.find(({ setIdentifier }) => setIdentifier === set.setIdentifier)?.healthCheckId;
        if (set.healthCheckId === undefined) return set;
        const check = was === undefined ? undefined : implied.checks.find((seed) => seed.id === was);
        if (check === undefined || was === undefined) {
          unlike.push(`record ${record.name} ${record.type} ${set.setIdentifier ?? ''}: its health check ${set.healthCheckId} is not known to the runbook: here it has none`);
          const { healthCheckId: _id, ...without } = set;
          return without;
        }
        checks[was] = await checkSeed({ effects, options, unlike }, check, set.healthCheckId);
        return set;
      }));
    }
  }
  for (const { id } of implied.checks) checks[id] ??= null;
  for (const [id, check] of Object.entries(checks)) seen.push(`health check ${check?.id ?? id}: ${check === null ? 'NO RECORD USES ONE' : `every ${check.intervalSeconds ?? '?'} s, ${check.failureThreshold ?? '?'} failures${check.inverted === true ? ', inverted' : ''}${check.disabled === true ? ', DISABLED' : ''}`}`);
  for (const { name, type } of protections) seen.push(`record ${name} ${type}: PROTECTED`);
  return { zonesGone, records, checks, protections };
}

function saysRecord({ setIdentifier, failover, weight, ttl, values, alias }: RecordSetSeed): string {
  return [setIdentifier, failover, weight === undefined ? undefined : `weight ${weight}`, alias === undefined ? `${values.join(' ')}, TTL ${ttl} s` : `alias of ${alias.name}`].filter((part) => part !== undefined).join(' ');
}

/** What of the runbook's world was not asked for. */
function assumedIn(implied: Implied, { runbook }: LoadedRunbook): string[] {
  const { state } = implied;
  const regions = runbook.regions.map(({ id }) => id);
  const many = (what: string, count: number) => (count === 0 ? [] : [what]);
  return [
    'the application, and that it answers while its database takes writes',
    ...many('instances of no group', [...state.instances.all()].length),
    ...many('images and launch templates', regions.flatMap((id) => [...state.instances.imagesIn(id)]).length),
    ...many('target groups, and that their targets become healthy', regions.flatMap((id) => [...state.groups.table(id).values()]).length),
    ...many('parameters of databases', runbook.resources.filter(({ section }) => section === 'databases').length),
    ...many('topics', runbook.notify.filter(({ type }) => type === 'sns').length),
    ...many('what health checks see: they see a region that is well', implied.checks.length),
    'quotas, permissions and capacity of the account, its keys and snapshots',
  ];
}
