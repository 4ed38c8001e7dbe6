import type { InputOf, OutputOf } from '../aws/operations.ts';
import type { Call, ServiceModel } from './call.ts';
import { checkView, observations, type HealthCheck } from './health-check-view.ts';
import { groupKey, nameKey, normalName, toView } from './record-set.ts';
import { changeRecordSets } from './route53-change.ts';
import { lowerBound } from './table.ts';
import type { Zone } from './zones.ts';

type ZoneView = NonNullable<OutputOf<'route53', 'GetHostedZone'>['HostedZone']>;

const PAGE_MAX = 300;
/** Where MaxItems is not given: recorded answers of 2020 to 2024 say so, the reference does not. */
const RECORDS_PAGE = 100;
const ZONES_PAGE = 100;
/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHealthChecks.html: 100 at most. */
const CHECKS_PAGE = 100;

/** Route 53: https://docs.aws.amazon.com/Route53/latest/APIReference/Welcome.html */
export const route53: ServiceModel<'route53'> = {
  ListHostedZones: {
    accepts: ['Marker', 'MaxItems'],
    handle(input, call) {
      const zones = [...call.state.zones.all()].sort((a, b) => (a.id < b.id ? -1 : 1));
      const { page, ...about } = pageFrom(zones, input, ZONES_PAGE, call);
      return { HostedZones: page.map(zoneView), ...about };
    },
  },

  GetHostedZone: {
    accepts: ['Id'],
    handle(input, call) {
      const zone = zoneOf(input.Id, call);
      return { HostedZone: zoneView(zone), DelegationSet: { NameServers: call.state.zones.nameServers() } };
    },
  },

  ListResourceRecordSets: {
    accepts: ['HostedZoneId', 'StartRecordName', 'StartRecordType', 'StartRecordIdentifier', 'MaxItems'],
    handle(input, call) {
      return listRecordSets(zoneOf(input.HostedZoneId, call), input, call);
    },
  },

  ChangeResourceRecordSets: {
    accepts: ['HostedZoneId', 'ChangeBatch'],
    handle(input, call) {
      return changeRecordSets(zoneOf(input.HostedZoneId, call), input, call);
    },
  },

  GetChange: {
    accepts: ['Id'],
    handle(input, call) {
      const change = call.state.zones.change(input.Id ?? '');
      if (change === undefined || change.submittedAt > call.at) throw call.error('NoSuchChange', 404, `Could not find resource with ID: ${input.Id ?? ''}`);
      return {
        ChangeInfo: {
          Id: `/change/${change.id}`,
          Status: change.insyncAt <= call.at ? 'INSYNC' : 'PENDING',
          SubmittedAt: new Date(change.submittedAt),
          ...(change.comment === undefined ? {} : { Comment: change.comment }),
        },
      };
    },
  },

  GetHealthCheck: {
    accepts: ['HealthCheckId'],
    handle(input, call) {
      return { HealthCheck: checkView(checkOf(input.HealthCheckId, call, call.at)) };
    },
  },

  ListHealthChecks: {
    accepts: ['Marker', 'MaxItems'],
    handle(input, call) {
      const { page, ...about } = pageFrom(call.state.healthChecks.listed(call.at), input, CHECKS_PAGE, call);
      return { HealthChecks: page.map(checkView), ...about };
    },
  },

  UpdateHealthCheck: {
    accepts: ['HealthCheckId', 'HealthCheckVersion', 'Inverted', 'Disabled', 'FailureThreshold'],
    handle(input, call) {
      return { HealthCheck: checkView(updateCheck(checkOf(input.HealthCheckId, call), input, call)) };
    },
  },

  ListResourceRecordSetProtections: {
    accepts: ['HostedZoneId', 'StartRecordName', 'StartRecordType', 'MaxResults', 'NextToken'],
    handle(input, call) {
      return listProtections(zoneOf(input.HostedZoneId, call), input, call);
    },
  },

  GetHealthCheckStatus: {
    accepts: ['HealthCheckId'],
    handle(input, call) {
      const check = checkOf(input.HealthCheckId, call);
      if (!call.state.statusQuota.take(call.now)) throw call.error('Throttling', 400, 'Rate exceeded');
      if (check.watches.kind === 'checks') throw call.error('InvalidInput', 400, 'The status of a calculated health check cannot be asked for.');
      return { HealthCheckObservations: observations(check, call.state.healthChecks.lastSeen(check, call.at), call.at) };
    },
  },
};

function zoneOf(id: string | undefined, call: Call): Zone {
  const zone = call.state.zones.get(id);
  if (zone === undefined) throw call.error('NoSuchHostedZone', 404, `No hosted zone found with ID: ${(id ?? '').replace(/^\/?hostedzone\//, '')}`);
  return zone;
}

function checkOf(id: string | undefined, call: Call, at?: number): HealthCheck {
  const check = call.state.healthChecks.get(id ?? '', at);
  if (check === undefined) throw call.error('NoSuchHealthCheck', 404, `A health check with id ${id ?? ''} does not exist.`);
  return check;
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html */
function updateCheck(check: HealthCheck, input: InputOf<'route53', 'UpdateHealthCheck'>, call: Call): HealthCheck {
  const { HealthCheckVersion: version, Inverted: inverted, Disabled: disabled, FailureThreshold: failureThreshold } = input;
  if (version !== undefined && version !== check.version) {
    throw call.error('HealthCheckVersionMismatch', 409, `The specified version ${version} does not match the current version ${check.version} of the health check ${check.id}`);
  }
  if (failureThreshold !== undefined && (!Number.isInteger(failureThreshold) || failureThreshold < 1 || failureThreshold > 10)) {
    throw call.error('InvalidInput', 400, `Invalid parameter : the failure threshold must be between 1 and 10, not ${failureThreshold}`);
  }
  const change = {
    ...(inverted === undefined ? {} : { inverted }),
    ...(disabled === undefined ? {} : { disabled }),
    ...(failureThreshold === undefined ? {} : { failureThreshold }),
  };
  return call.state.healthChecks.update(check, change, call.now);
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSetProtections.html */
function listProtections(zone: Zone, input: InputOf<'route53', 'ListResourceRecordSetProtections'>, call: Call): OutputOf<'route53', 'ListResourceRecordSetProtections'> {
  const { StartRecordName: name, StartRecordType: type, NextToken: token } = input;
  if (type !== undefined && name === undefined) throw call.error('InvalidInput', 400, 'A start type needs a start name');
  const size = maxItems(input.MaxResults, PAGE_MAX, call);
  const keys = zone.protections.keys(call.at);
  const start = token !== undefined ? Buffer.from(token, 'base64url').toString() : name === undefined ? '' : type === undefined ? nameKey(normalName(name)) : groupKey(normalName(name), type);
  const first = lowerBound(keys, start);
  const next = keys[first + size];
  return {
    ResourceRecordSetProtections: keys.slice(first, first + size).flatMap((key) => {
      const found = zone.protections.get(key, call.at);
      if (found === undefined) return [];
      const { comment } = found;
      return [{ RecordName: found.name, RecordType: found.type as 'A', ...(comment === undefined ? {} : { Comment: comment }) }];
    }),
    ...(next === undefined ? {} : { NextToken: Buffer.from(next).toString('base64url') }),
  };
}

function zoneView(zone: Zone): ZoneView {
  return {
    Id: `/hostedzone/${zone.id}`,
    Name: zone.name,
    CallerReference: `lab-${zone.id}`,
    Config: { PrivateZone: false },
    ResourceRecordSetCount: zone.records.size,
    ...(zone.managedBy === undefined ? {} : { LinkedService: { ServicePrincipal: zone.managedBy } }),
    ...(zone.recovery === undefined ? {} : { Features: { AcceleratedRecoveryStatus: zone.recovery } }),
  };
}

function maxItems(asked: number | undefined, limit: number, call: Call): number {
  const size = asked ?? limit;
  if (!Number.isInteger(size) || size < 1) throw call.error('InvalidInput', 400, `Invalid MaxItems: ${String(asked)}`);
  return call.atMost(Math.min(size, limit));
}

/** A marker is the id of the first item of its page. */
function pageFrom<T extends { readonly id: string }>(items: readonly T[], asked: { Marker?: string | undefined; MaxItems?: number | undefined }, limit: number, call: Call) {
  const { Marker = '' } = asked;
  const size = maxItems(asked.MaxItems, limit, call);
  const start = items.findIndex(({ id }) => id >= Marker);
  const next = start < 0 ? undefined : items[start + size];
  return { page: start < 0 ? [] : items.slice(start, start + size), Marker, IsTruncated: next !== undefined, MaxItems: size, ...(next === undefined ? {} : { NextMarker: next.id }) };
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html */
function listRecordSets(zone: Zone, input: InputOf<'route53', 'ListResourceRecordSets'>, call: Call): OutputOf<'route53', 'ListResourceRecordSets'> {
  const { StartRecordName: name, StartRecordType: type, StartRecordIdentifier: identifier } = input;
  if ((type !== undefined && name === undefined) || (identifier !== undefined && type === undefined)) {
    throw call.error('InvalidInput', 400, 'A start type needs a start name, a start identifier needs both');
  }
  const size = maxItems(input.MaxItems ?? RECORDS_PAGE, PAGE_MAX, call);
  const keys = zone.records.keys(call.at);
  const first = name === undefined ? '' : type === undefined ? nameKey(normalName(name)) : `${groupKey(normalName(name), type)}${identifier ?? ''}`;
  const start = lowerBound(keys, first);
  const sets = keys.slice(start, start + size).map((key) => zone.records.get(key, call.at)).filter((set) => set !== undefined);
  const nextKey = keys[start + size];
  const next = nextKey === undefined ? undefined : zone.records.get(nextKey, call.at);
  const shown = next === undefined ? undefined : toView(next);
  return {
    ResourceRecordSets: sets.map(toView),
    IsTruncated: shown !== undefined,
    MaxItems: size,
    ...(shown === undefined ? {} : { NextRecordName: shown.Name, NextRecordType: shown.Type }),
    ...(shown?.SetIdentifier === undefined ? {} : { NextRecordIdentifier: shown.SetIdentifier }),
  };
}
