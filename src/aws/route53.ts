import { route53RegionFor } from '../base/regions.ts';
import type { AwsCaller } from './caller.ts';
import { answerOf, type CallOptions, outputIfThere, outputOf } from './call-options.ts';
import type { InputOf, OperationOf, OutputOf } from './operations.ts';
import { allPages, incomplete } from './pages.ts';
import { changeState } from './states/others.ts';

/**
 * How one call to Route 53 is made. `region` is any region of the run: each partition has a Route 53 of its own, which is
 * controlled from one region of it and knows nothing of the others. Required, so that no caller forgets it.
 */
export interface Route53Options extends CallOptions {
  region: string;
}

/** Without options, which programs of others leave out: the Route 53 of the partition aws. */
function requestOf<O extends OperationOf<'route53'>>(operation: O, { region = '' }: Partial<Route53Options> = {}): { service: 'route53'; region: string; operation: O } {
  return { service: 'route53', region: route53RegionFor(region), operation };
}

export type RecordSet = NonNullable<OutputOf<'route53', 'ListResourceRecordSets'>['ResourceRecordSets']>[number];
type ListInput = InputOf<'route53', 'ListResourceRecordSets'>;
type ListOutput = OutputOf<'route53', 'ListResourceRecordSets'>;
export type RecordType = NonNullable<RecordSet['Type']>;
type ChangeBatch = NonNullable<InputOf<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']>;
export type RecordChange = NonNullable<ChangeBatch['Changes']>[number];

/** Sets in an answer: the most there may be; without it Route 53 gives 100. */
const PAGE = 300;
/** A hundred answers of 300 records: more record sets of one name and type than a zone may hold by default. */
const MAX_PAGES = 100;

/**
 * All record sets of a name and type. The SDK has no paginator for this call: the answers are in DNS order, start
 * at the name, and continue past it. Stops when past it.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
 */
export async function listRecordSets(aws: AwsCaller, zoneId: string, name: string, type: RecordType, options: Route53Options): Promise<RecordSet[]> {
  return setsOf(aws, zoneId, { name, type }, options);
}

/** All sets of a name, of one type or of any. */
async function setsOf(aws: AwsCaller, zoneId: string, { name, type }: { name: string; type?: RecordType }, options: Route53Options): Promise<RecordSet[]> {
  const wanted = absolute(name);
  const what = type === undefined ? wanted : `${wanted} ${type}`;
  const isPast = (other: string | undefined, otherType: string | undefined): boolean => absolute(other ?? '') !== wanted || (type !== undefined && otherType !== type);
  const found: RecordSet[] = [];
  let input: ListInput = { HostedZoneId: zoneId, StartRecordName: wanted, StartRecordType: type, MaxItems: PAGE };
  for (let page = 0; page < MAX_PAGES; page++) {
    const request = { ...requestOf('ListResourceRecordSets', options), input };
    const output: ListOutput = await outputOf(aws, request, options);
    for (const record of output.ResourceRecordSets ?? []) {
      if (isPast(record.Name, record.Type)) return found;
      found.push(record);
    }
    const next: ListInput = {
      HostedZoneId: zoneId,
      StartRecordName: output.NextRecordName,
      StartRecordType: output.NextRecordType,
      StartRecordIdentifier: output.NextRecordIdentifier,
      MaxItems: PAGE,
    };
    if (output.IsTruncated !== true || isPast(output.NextRecordName, output.NextRecordType)) return found;
    if (sameStart(next, input)) throw incomplete(request, `the answer after ${what} begins where the last one did`);
    input = next;
  }
  throw incomplete(requestOf('ListResourceRecordSets', options), `the sets of ${what} have not ended after ${MAX_PAGES} answers`);
}

/** Types by which users find an address: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html */
const LEADING: readonly string[] = ['A', 'AAAA', 'CNAME', 'HTTPS', 'SVCB'];

/** Which types of record a name has, and which of them lead users somewhere, in the order of Route 53. */
export async function typesOf(aws: AwsCaller, zoneId: string, name: string, options: Route53Options): Promise<{ all: string[]; leading: string[] }> {
  const all = [...new Set((await setsOf(aws, zoneId, { name }, options)).flatMap(({ Type }): string[] => (Type === undefined ? [] : [Type])))];
  return { all, leading: LEADING.filter((type) => all.includes(type)) };
}

/** Name and type: what the sets of a routing policy have in common. */
export type RecordKey = { name: string; type: RecordType };

interface Wanted {
  record: RecordKey;
  sets: RecordSet[];
}

/**
 * The sets of many names of one zone, in the order of `records`, with as few requests as pages of 300 allow: the zone is
 * read in its own order, and what lies between two wanted names is skipped where a page ends in it.
 */
export async function listManyRecordSets(aws: AwsCaller, zoneId: string, records: readonly RecordKey[], options: Route53Options): Promise<RecordSet[][]> {
  const found = new Map<string, Wanted>(records.map((record) => [orderKey(record.name, record.type), { record, sets: [] }]));
  const wanted = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, { record }]) => ({ key, record }));
  let input: ListInput | undefined = startAt(zoneId, wanted[0]?.record);
  for (let page = 0; input !== undefined; page++) {
    if (page >= MAX_PAGES + records.length) throw incomplete(requestOf('ListResourceRecordSets', options), `${records.length} names have not been read after ${page} answers`);
    const request = { ...requestOf('ListResourceRecordSets', options), input };
    const output: ListOutput = await outputOf(aws, request, options);
    for (const record of output.ResourceRecordSets ?? []) found.get(orderKey(record.Name ?? '', record.Type))?.sets.push(record);
    if (output.IsTruncated !== true) break;
    const next = nextStart(zoneId, output, wanted);
    if (next !== undefined && sameStart(next, input)) throw incomplete(requestOf('ListResourceRecordSets', options), 'an answer begins where the last one did');
    input = next;
  }
  // Should a zone be in another order than we think, nothing is missed for it.
  for (const { record, sets } of found.values()) {
    if (sets.length === 0) sets.push(...(await listRecordSets(aws, zoneId, record.name, record.type, options)));
  }
  return records.map((record) => found.get(orderKey(record.name, record.type))?.sets ?? []);
}

function startAt(zoneId: string, record: RecordKey | undefined): ListInput | undefined {
  return record === undefined ? undefined : { HostedZoneId: zoneId, StartRecordName: absolute(record.name), StartRecordType: record.type, MaxItems: PAGE };
}

/** Where the next page begins: at the next wanted name, or inside the one that the last page ended in. */
function nextStart(zoneId: string, output: ListOutput, wanted: readonly { key: string; record: RecordKey }[]): ListInput | undefined {
  const reached = orderKey(output.NextRecordName ?? '', output.NextRecordType);
  const next = wanted.find(({ key }) => key >= reached);
  const start = startAt(zoneId, next?.record);
  return next?.key === reached ? { ...start, HostedZoneId: zoneId, StartRecordIdentifier: output.NextRecordIdentifier } : start;
}

/** A zone is listed in the order of these: `com.example.www.`, its final dot included, then the type. */
function orderKey(name: string, type: string | undefined): string {
  return `${absolute(name).slice(0, -1).split('.').reverse().join('.')}.\u0000${type ?? ''}`;
}

function sameStart(a: ListInput, b: ListInput): boolean {
  return a.StartRecordName === b.StartRecordName && a.StartRecordType === b.StartRecordType && a.StartRecordIdentifier === b.StartRecordIdentifier;
}

/** Lower case, with the dot at the end, and `*` where Route 53 answers `\052`. */
function absolute(name: string): string {
  const plain = name.toLowerCase().replaceAll('\\052', '*');
  return plain.endsWith('.') ? plain : `${plain}.`;
}

/**
 * Submits one atomic batch; the id of the change, to be watched with `changeStatus`.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
 * @throws AwsError; of kind `unknown` when the batch may have been taken
 */
export async function changeRecords(
  aws: AwsCaller,
  zoneId: string,
  changes: readonly RecordChange[],
  comment: string,
  options: Route53Options,
): Promise<{ changeId: string; requestId: string | undefined }> {
  // Route 53 takes comments of up to 256 characters.
  const input = { HostedZoneId: zoneId, ChangeBatch: { Comment: comment.slice(0, 256), Changes: [...changes] } };
  const request = { ...requestOf('ChangeResourceRecordSets', options), input };
  const { output, requestId } = await answerOf(aws, request, options);
  return { changeId: bareId(output.ChangeInfo?.Id), requestId };
}

/** `INSYNC` once every authoritative server answers with the change. https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html */
export async function changeStatus(aws: AwsCaller, changeId: string, options: Route53Options): Promise<'PENDING' | 'INSYNC'> {
  return (await isEverywhere(aws, changeId, options)) ? 'INSYNC' : 'PENDING';
}

/** Whether every authoritative server answers with a change. */
export async function isEverywhere(aws: AwsCaller, changeId: string, options: Route53Options): Promise<boolean> {
  const request = { ...requestOf('GetChange', options), input: { Id: bareId(changeId) } };
  const output = await outputOf(aws, request, options);
  return changeState(output.ChangeInfo?.Status).everywhere === 'yes';
}

type HealthCheck = OutputOf<'route53', 'GetHealthCheck'>['HealthCheck'];
export type HealthCheckType = NonNullable<NonNullable<NonNullable<HealthCheck>['HealthCheckConfig']>['Type']>;

/** What `GetHealthCheck` says, as far as a switch needs it. */
export interface HealthCheckState {
  /** As AWS names it; a newer one than this version of dr knows is possible. */
  type: string;
  version: number;
  disabled: boolean;
  inverted: boolean;
  /** The endpoint, e.g. `app.example.com/healthz`; empty where it watches no endpoint. */
  watches: string;
  /** The name that its checkers look up each time; undefined where they ask an address. */
  looksUp: string | undefined;
  /** Seconds until it counts as failed, from its interval and its threshold; undefined where it has none. */
  failsAfterSeconds: number | undefined;
  /** Seconds between two requests of one checker; 10 or 30. */
  intervalSeconds: number | undefined;
  failureThreshold: number | undefined;
}

function checkState(check: HealthCheck): HealthCheckState {
  const { HealthCheckVersion: version = 0, HealthCheckConfig } = check ?? {};
  const config: Partial<NonNullable<typeof HealthCheckConfig>> = HealthCheckConfig ?? {};
  const { RequestInterval: intervalSeconds, FailureThreshold: failureThreshold } = config;
  return {
    type: config.Type ?? '',
    version,
    disabled: config.Disabled ?? false,
    inverted: config.Inverted ?? false,
    watches: `${config.FullyQualifiedDomainName ?? config.IPAddress ?? ''}${config.ResourcePath ?? ''}`,
    looksUp: config.IPAddress === undefined ? config.FullyQualifiedDomainName : undefined,
    // A checker asks every interval, and calls it failed after so many failures in a row.
    failsAfterSeconds: intervalSeconds === undefined || failureThreshold === undefined ? undefined : intervalSeconds * failureThreshold,
    intervalSeconds,
    failureThreshold,
  };
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheck.html */
export async function readHealthCheck(aws: AwsCaller, id: string, options: Route53Options): Promise<HealthCheckState> {
  const request = { ...requestOf('GetHealthCheck', options), input: { HealthCheckId: id } };
  return checkState((await outputOf(aws, request, options)).HealthCheck);
}

/**
 * Changes a health check that still has the version that was read: else 409 `HealthCheckVersionMismatch`.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html
 */
export async function updateHealthCheck(
  aws: AwsCaller,
  id: string,
  version: number,
  change: { disabled: boolean; inverted: boolean },
  options: Route53Options,
): Promise<HealthCheckState> {
  const input = { HealthCheckId: id, HealthCheckVersion: version, Disabled: change.disabled, Inverted: change.inverted };
  const request = { ...requestOf('UpdateHealthCheck', options), input };
  return checkState((await outputOf(aws, request, options)).HealthCheck);
}

/** A hosted zone, as far as it tells where its answers come from. */
interface ZoneSeen {
  /** With the final dot. */
  name: string;
  private: boolean;
  /** Of a public zone. */
  nameServers: readonly string[];
  /** Another service of AWS that made the zone, and alone may change it. */
  managedBy?: string;
  /** Of its accelerated recovery, as AWS names it; absent where that was never asked for. */
  recovery?: string;
}

/** Undefined if there is none. https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html */
export async function findZone(aws: AwsCaller, id: string, options: Route53Options): Promise<ZoneSeen | undefined> {
  const found = await outputIfThere(aws, { ...requestOf('GetHostedZone', options), input: { Id: id } }, /^NoSuchHostedZone$/, options);
  if (found === undefined) return undefined;
  // With what every answer has, see `answers.ts`.
  const { HostedZone: zone, DelegationSet: set } = found as typeof found & { HostedZone: { Name: string } };
  const managedBy = zone.LinkedService?.ServicePrincipal ?? zone.LinkedService?.Description;
  const recovery = zone.Features?.AcceleratedRecoveryStatus;
  return { name: zone.Name, private: zone.Config?.PrivateZone ?? false, nameServers: set?.NameServers ?? [], ...(managedBy === undefined ? {} : { managedBy }), ...(recovery === undefined ? {} : { recovery }) };
}

/**
 * Which of these names Route 53 refuses to change, with the comment of each protection.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSetProtections.html
 */
export async function protectionsOf(
  aws: AwsCaller,
  zoneId: string,
  records: readonly RecordKey[],
  options: Route53Options,
): Promise<{ record: RecordKey; comment: string | undefined }[]> {
  const request = requestOf('ListResourceRecordSetProtections', options);
  const all = await allPages(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: { HostedZoneId: zoneId, ...(NextToken === undefined ? {} : { NextToken }) } }, options);
    return { items: output.ResourceRecordSetProtections, next: output.NextToken };
  });
  const comments = new Map(all.map((found) => [orderKey(found.RecordName ?? '', found.RecordType), found.Comment]));
  return records
    .filter((record) => comments.has(orderKey(record.name, record.type)))
    .map((record) => ({ record, comment: comments.get(orderKey(record.name, record.type)) }));
}

/** `/change/C123` and `C123` are the same. */
function bareId(id: string | undefined): string {
  return (id ?? '').replace(/^\/?change\//, '');
}
