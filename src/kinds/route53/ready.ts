import { AwsError } from '../../aws/errors.ts';
import { findZone, listManyRecordSets, readHealthCheck, type RecordKey, type RecordSet } from '../../aws/route53.ts';
import { everyRecordSet } from '../../aws/list-account.ts';
import { LIMITS } from '../../base/limits.ts';
import { globalArn } from '../../base/arn.ts';
import { partitionOf } from '../../base/regions.ts';
import { allow } from '../common.ts';
import { lookedAll, peek } from '../inspect.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import type { InspectContext, InspectPlace } from '../../model/kind.ts';
import type { Estimate, Permission } from '../../model/step.ts';
import { isOwnName, notSwitchable } from './check-types.ts';
import { recordsOf } from './schema.ts';
import { aliasedSets, keyOf } from './sets.ts';

/* Would users follow the records, and do the health checks watch what they are taken to watch? What Route 53 would refuse, a run refuses itself. */

const GUIDE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide';

/** Health checks that are asked for, at most: Route 53 answers a few a second. */
const CHECKS = 20;
const NAMES = 10;

/** What the object of a region is watched by: the identifier of a set. */
export interface Watched {
  set: string;
  bucket: string;
}

interface Traffic {
  zone: string;
  switch?: string | undefined;
  record?: RecordKey | undefined;
  records?: readonly RecordKey[] | undefined;
}

interface Routed {
  zone: string;
  records: readonly RecordKey[];
  switch: string | undefined;
}

export async function inspectRouting(ctx: InspectContext, t: Traffic, watched: readonly Watched[] = []): Promise<Finding[]> {
  const routing: Routed = { zone: t.zone, records: recordsOf(t), switch: t.switch };
  const about = { resource: `route53:${routing.zone}`, region: '' };
  const sets = await peek(about, () => listManyRecordSets(ctx.effects.aws, routing.zone, routing.records, { region: ctx.target, signal: ctx.signal }));
  const found = await lookedAll(about, [
    () => delegation(ctx, routing, about),
    () => healthChecks(ctx, routing, (sets.value ?? []).flat(), watched),
    ...(routing.switch === 'health-check' ? [() => sharedChecks(ctx, routing, (sets.value ?? []).flat())] : []),
  ]);
  return [...sets.findings, ...found];
}

export function routingRights(at: InspectPlace, { zone }: { zone: string }): Permission[] {
  const arn = (part: string) => globalArn(partitionOf(at.target), 'route53', part);
  return [allow(['route53:GetHostedZone', 'route53:ListResourceRecordSets'], [arn(`hostedzone/${zone}`)]), allow(['route53:GetHealthCheck', 'route53:GetHealthCheckStatus'], [arn('healthcheck/*')])];
}

/** The zone is the one that users' resolvers are led to, and its names are seen from here. */
async function delegation(ctx: InspectContext, { zone, records }: Routed, about: About): Promise<Finding[]> {
  const { warning, error } = finder(about);
  const found = await findZone(ctx.effects.aws, zone, { region: ctx.target, signal: ctx.signal });
  if (found === undefined) {
    return [error('zone-missing', { observed: `there is no hosted zone ${zone}`, wanted: 'the hosted zone of the names', consequence: 'users could not be moved', mend: 'correct `zone` in the runbook' })];
  }
  const resolve = (name: string, type: string) => ctx.effects.dns.resolve(name, type, LIMITS.dnsMs, ctx.signal).then(({ values }) => values, () => undefined);
  const findings: Finding[] = [];
  if (!found.private) {
    const servers = await resolve(found.name, 'NS');
    const plain = (name: string) => name.toLowerCase().replace(/\.$/, '');
    const own = new Set(found.nameServers.map(plain));
    if (servers !== undefined && own.size > 0 && !servers.some((name) => own.has(plain(name)))) {
      const said = servers.length === 0 ? 'no name servers' : servers.slice(0, 4).join(', ');
      findings.push(error('delegation', { observed: `${found.name} is delegated to ${said}, and not to those of the zone ${zone}: ${found.nameServers.slice(0, 4).join(', ')}`, wanted: 'a delegation to the zone of the runbook', consequence: 'a change of its records moves nobody', mend: 'name the zone that is in use, or correct the NS records at the registrar or in the parent zone', page: `${GUIDE}/dns-configuring-new-domain.html` }));
    }
  }
  const names = [...new Map(records.map((record) => [`${record.name} ${record.type}`, record])).values()].slice(0, NAMES);
  const looks = await Promise.all(names.map(async ({ name, type }) => ((await resolve(name, type))?.length === 0 ? [name] : [])));
  const unseen = looks.flat();
  if (unseen.length > 0) {
    const why = found.private ? ': the zone is private, and this machine is in none of its VPCs' : '';
    findings.push(warning('name-not-seen', { observed: `${unseen.join(', ')} ${unseen.length === 1 ? 'does' : 'do'} not resolve from this machine${why}`, wanted: 'names that resolve where the failover is run', consequence: 'a run cannot see from outside whether users have moved', mend: 'run dr where users, or the application, resolve the names', page: `${GUIDE}/hosted-zones-private.html` }));
  }
  return findings;
}

/** Each health check of the sets: there, in use, of a type that can be switched, and watching what it is taken to watch. */
async function healthChecks(ctx: InspectContext, routing: Routed, sets: readonly RecordSet[], watched: readonly Watched[]): Promise<Finding[]> {
  const byCheck = Map.groupBy(sets.filter((set) => set.HealthCheckId !== undefined), (set) => set.HealthCheckId ?? '');
  const findings = await Promise.all([...byCheck].slice(0, CHECKS).map(async ([id, own]): Promise<Finding[]> => {
    const named = [...new Set(own.map((set) => set.SetIdentifier ?? ''))];
    const { error, warning } = finder({ resource: `route53:healthcheck/${id}`, region: '' });
    const what = `the health check ${id} of ${named.join(' and ')}`;
    let state: Awaited<ReturnType<typeof readHealthCheck>>;
    try {
      state = await readHealthCheck(ctx.effects.aws, id, { region: ctx.target, signal: ctx.signal });
    } catch (failure) {
      if (!(failure instanceof AwsError) || failure.code !== 'NoSuchHealthCheck') throw failure;
      return [error('health-check-missing', { observed: `${what} does not exist`, wanted: 'a health check that exists', consequence: 'Route 53 refuses to write the set again, so traffic could not be moved', mend: 'create it, or give the set another one', page: `${GUIDE}/dns-failover.html` })];
    }
    const list: Finding[] = [];
    if (state.disabled && !state.inverted) {
      list.push(warning('health-check-disabled', { observed: `${what} is disabled: it counts as healthy, whatever happens`, wanted: 'a health check that is enabled', consequence: 'users are sent to the region also while it is lost', mend: `aws route53 update-health-check --health-check-id ${id} --no-disabled`, page: `${GUIDE}/health-checks-creating-values.html` }));
    }
    const ownName = own.find(({ Name: name = '' }) => isOwnName(state, name))?.Name?.replace(/\.$/, '');
    if (ownName !== undefined) {
      list.push(warning('health-check-own-name', { observed: `${what} looks up ${ownName}, the name of its own record: it watches whichever side that leads to`, wanted: 'a health check of the address, or of a name of its own, of each side', consequence: 'nobody sees by it whether the region is lost, and Route 53 may send users from one side to the other again and again', mend: 'create a health check for each side that asks its load balancer or address, and give each set its own', page: `${GUIDE}/health-checks-creating-values.html` }));
    }
    const problem = routing.switch === 'health-check' ? notSwitchable(state) : undefined;
    if (problem !== undefined) list.push(warning('health-check-type', { observed: `${what} ${problem.observed}`, wanted: 'a health check that can be disabled and inverted', consequence: 'traffic could not leave its region', mend: problem.instead, page: `${GUIDE}/health-checks-creating-values.html` }));
    for (const { set, bucket } of watched) {
      if (!named.includes(set) || (state.inverted && state.watches.includes(bucket))) continue;
      const why = state.watches.includes(bucket) ? 'is not inverted' : `watches ${state.watches === '' ? 'no endpoint' : state.watches}, and not an object of ${bucket}`;
      list.push(error('object-check', { observed: `${what} ${why}`, wanted: `an inverted health check of the object in ${bucket}`, consequence: 'the object moves nobody', mend: 'correct the health check, or `object` in the runbook', page: `${GUIDE}/health-checks-creating-values.html` }));
    }
    return list;
  }));
  return findings.flat();
}

/** Other names of the zone that have one of these health checks: who takes a region out by it takes those names out, too. */
async function sharedChecks(ctx: InspectContext, { zone, records }: Routed, sets: readonly RecordSet[]): Promise<Finding[]> {
  const own = new Set(sets.flatMap(({ HealthCheckId: id }) => id ?? []));
  const named = new Set(records.map((record) => keyOf(zone, record)));
  const others = await everyRecordSet(ctx.effects.aws, ctx.target, zone, (set) => {
    const { Name: name = '', Type: type, HealthCheckId: id } = set;
    return id !== undefined && own.has(id) && type !== undefined && !named.has(keyOf(zone, { name, type })) ? { id, name: `${name.replace(/\.$/, '')} ${type}` } : undefined;
  }, { signal: ctx.signal });
  return [...Map.groupBy(others, ({ id }) => id)].map(([id, all]) => {
    const names = [...new Set(all.map(({ name }) => name))];
    return finder({ resource: `route53:healthcheck/${id}`, region: '' }).warning('health-check-shared', { observed: `the health check ${id} is that of ${names.slice(0, 5).join(', ')} too${names.length > 5 ? `, and of ${names.length - 5} more` : ''}`, wanted: 'a health check of its own for each set that is switched by it', consequence: 'a run that takes its region out moves users of those names, too', mend: 'give these names a health check of their own, or name them in `records` of the runbook', page: `${GUIDE}/dns-failover-types.html` });
  });
}

/*
 * How long users take to follow, from the records as they are: resolvers keep an answer for its TTL. By a health check it first has to
 * fail: interval × threshold.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 */

/** An alias to a resource of AWS has a TTL of its own: 60 s for a load balancer. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html */
const ALIAS_TTL = 60;
/** Health checks that are read, at most. */
const CHECKS_TIMED = 8;

/** The step in which the move is waited for, as all kinds of traffic call it. */
const SETTLE = 'settle';

export async function routingTiming(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, t: Traffic): Promise<Record<string, Estimate>> {
  const options = { region: ctx.target, signal: ctx.signal };
  const sets = (await listManyRecordSets(ctx.effects.aws, t.zone, recordsOf(t), options)).flat();
  if (sets.length === 0) return {};
  const led = await aliasedSets(ctx.effects.aws, t.zone, sets, options);
  const ttl = Math.max(...[...sets, ...led].map((set) => set.TTL ?? (led.length > 0 && set.AliasTarget?.HostedZoneId === t.zone ? 0 : ALIAS_TTL)));
  if (t.switch === undefined || t.switch === 'record') return { [SETTLE]: { p50: ttl, p95: ttl, basis: `TTL ${ttl} s` } };
  const ids = [...new Set(sets.flatMap((set) => set.HealthCheckId ?? []))].slice(0, CHECKS_TIMED);
  const states = await Promise.all(ids.map((id) => readHealthCheck(ctx.effects.aws, id, options)));
  const fails = Math.max(0, ...states.map((state) => state.failsAfterSeconds ?? 0));
  return { [SETTLE]: { p50: fails + ttl, p95: fails + ttl, basis: `health check ${fails} s (interval × threshold) + TTL ${ttl} s` } };
}
