/**
 * Which fields of a record set go together, and which values they take: what Route 53 calls InvalidInput, before it looks at the zone.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
 */
import type { RecordSetView } from './record-set.ts';

const TARGETS = '[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]';
const ROUTINGS = '[Weight, Region, Failover, GeoLocation, or MultiValueAnswer]';
const FAILOVERS: readonly (string | undefined)[] = [undefined, 'PRIMARY', 'SECONDARY'];
const WEIGHT_MAX = 255;
const IDENTIFIER_MAX = 128;

/** What stands after `Invalid request: `; undefined when nothing is wrong. */
export function wrongFields(set: RecordSetView): string | undefined {
  const { AliasTarget: alias, TTL: ttl } = set;
  const values = set.ResourceRecords ?? [];
  if (alias !== undefined && (ttl !== undefined || values.length > 0)) return `Expected exactly one of ${TARGETS}, but found more than one`;
  if (alias === undefined && ttl === undefined && values.length === 0) return `Expected exactly one of ${TARGETS}, but found none`;
  if (alias !== undefined && (alias.HostedZoneId === undefined || alias.DNSName === undefined || alias.EvaluateTargetHealth === undefined)) return "Missing field of 'AliasTarget'";
  if (alias === undefined && ttl === undefined) return "Missing field 'TTL'";
  if (alias === undefined && values.length === 0) return "Missing field 'ResourceRecords'";
  const routed = [set.Weight, set.Region, set.Failover, set.GeoLocation].filter((way) => way !== undefined).length;
  if (routed > 1) return `Expected exactly one of ${ROUTINGS}, but found more than one`;
  if (routed === 1 && set.SetIdentifier === undefined) return "Missing field 'SetIdentifier'";
  return routed === 0 && set.SetIdentifier !== undefined ? `Expected exactly one of ${ROUTINGS}, but found none` : undefined;
}

/** What the schema of a request does not allow. The words are ours. */
export function wrongSchema(set: RecordSetView): string | undefined {
  const { Weight: weight, SetIdentifier: id, Region: region } = set;
  if (weight !== undefined && (!Number.isInteger(weight) || weight < 0 || weight > WEIGHT_MAX)) return `Value '${weight}' of Weight is not a whole number from 0 to ${WEIGHT_MAX}`;
  if (id !== undefined && (id === '' || id.length > IDENTIFIER_MAX)) return `Value of SetIdentifier has between 1 and ${IDENTIFIER_MAX} characters`;
  if (region !== undefined && !/^[a-z]{2,3}(-[a-z]+)+-\d$/.test(region)) return `Value '${region}' of Region is not a Region`;
  // What came over the wire may be anything.
  return FAILOVERS.includes(set.Failover) ? undefined : `Value '${String(set.Failover)}' of Failover is not PRIMARY or SECONDARY`;
}
