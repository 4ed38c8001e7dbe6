/** What Route 53 demands of record sets. Messages as AWS words them, where they are known. */
import { geoKey, policyOf, type RecordSet, type RecordSetView } from './record-set.ts';
import { wrongRecordValue } from './record-values.ts';

const TYPES = new Set(['A', 'AAAA', 'CAA', 'CNAME', 'DS', 'HTTPS', 'MX', 'NAPTR', 'NS', 'PTR', 'SOA', 'SPF', 'SRV', 'SSHFP', 'SVCB', 'TLSA', 'TXT']);
const VALUES_MAX = 400;
const NAME_MAX = 255;
const TTL_MAX = 2_147_483_647;
/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html: weighted sets of a name and type. */
const WEIGHTED_MAX = 100;
const SIMPLE_ONLY = new Set(['NS', 'SOA', 'DS']);
const TARGETS = '[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]';
const ROUTINGS = '[Weight, Region, Failover, GeoLocation, or MultiValueAnswer]';
const FAILOVERS: readonly (string | undefined)[] = [undefined, 'PRIMARY', 'SECONDARY'];
const WEIGHT_MAX = 255;
const IDENTIFIER_MAX = 128;

/**
 * Which fields of a set go together: what Route 53 calls InvalidInput, before it looks at the zone. It stands after `Invalid request: `; undefined when nothing is wrong.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
 */
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

/** What is wrong with one set by itself; undefined when nothing is. */
export function validateSet(zone: { name: string }, set: RecordSet): string | undefined {
  const where = `RRSet with DNS name ${set.name}`;
  if (!TYPES.has(set.type)) return `${where}: ${set.type} is not a record type`;
  if (set.name !== zone.name && !set.name.endsWith(`.${zone.name}`)) return `${where} is not permitted in zone ${zone.name}`;
  if (set.name.length > NAME_MAX || set.name.split('.').some((label) => label.length > 63) || /\.\./.test(set.name)) {
    return `FATAL problem: DomainLabelEmpty or too long (Domain name contains an unusable label) encountered with '${set.name}'`;
  }
  const odd = /[^!-~]/u.exec(set.name)?.[0];
  if (odd !== undefined) return `FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '${odd}'`;
  if (set.type === 'CNAME' && set.name === zone.name) return `RRSet of type CNAME with DNS name ${set.name} is not permitted at apex in zone ${zone.name}`;
  if (set.alias !== undefined) return set.type === 'NS' || set.type === 'SOA' ? `${where}: an alias of type ${set.type} is not permitted` : wrongRouting(set);
  if (!Number.isInteger(set.ttl) || set.ttl < 0 || set.ttl > TTL_MAX) return `Invalid TTL ${set.ttl} for ${set.name}`;
  if (set.values.length === 0 || set.values.length > VALUES_MAX) return `${where}, type ${set.type} must have between 1 and ${VALUES_MAX} values`;
  return wrongValue(set) ?? wrongRouting(set);
}

function wrongValue(set: RecordSet): string | undefined {
  const duplicate = set.values.find((value, i) => set.values.indexOf(value) !== i);
  if (duplicate !== undefined) return `Duplicate Resource Record: '${duplicate}'`;
  for (const value of set.values) {
    const why = wrongRecordValue(set.type, value);
    if (why !== undefined) return why;
  }
  if (set.type === 'CNAME' && set.values.length > 1) return `RRSet of type CNAME with DNS name ${set.name} may have one value only`;
  return undefined;
}

function wrongRouting(set: RecordSet): string | undefined {
  const { name, type, setIdentifier } = set;
  if (setIdentifier !== undefined && SIMPLE_ONLY.has(type)) return `RRSet with DNS name ${name}, type ${type} may have no routing policy`;
  if (type === 'NS' && name.startsWith('*.')) return `RRSet with DNS name ${name}, type NS: a wildcard is not permitted`;
  if (set.geo !== undefined && wrongPlace(set.geo)) return `RRSet with DNS name ${name}: a location is a continent, or a country, or a country with a subdivision of it`;
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover.html
  if (set.failover === 'PRIMARY' && set.alias === undefined && set.healthCheckId === undefined) return 'A non-alias primary ResourceRecordSet must have an associated health check.';
  return undefined;
}

function wrongPlace({ continent, country, subdivision }: NonNullable<RecordSet['geo']>): boolean {
  if (continent !== undefined) return country !== undefined || subdivision !== undefined || !/^[A-Z]{2}$/.test(continent);
  if (country === undefined || !/^([A-Z]{2}|\*)$/.test(country)) return true;
  // Subdivisions are those of the US, and of Ukraine; we know the first only.
  return subdivision !== undefined && country !== 'US';
}

/** What is wrong with the sets of one name and type together. */
export function validateGroup(sets: readonly RecordSet[]): string | undefined {
  const [first] = sets;
  if (first === undefined || sets.length === 1) return undefined;
  const policy = policyOf(first);
  const other = sets.find((set) => policyOf(set) !== policy);
  const subject = (set: RecordSet): string => `RRSet with DNS name ${set.name}, type ${set.type}, SetIdentifier ${set.setIdentifier ?? '(none)'}`;
  if (other !== undefined) return `${subject(other)} cannot be created as a non-${policyOf(other)} set exists with the same name and type.`;
  const seen = new Map<string, RecordSet>();
  for (const set of sets) {
    const unique = set.failover ?? set.region ?? geoKey(set.geo);
    const twin = unique === undefined ? undefined : seen.get(unique);
    if (unique === undefined) continue;
    if (twin !== undefined) {
      const what = set.failover !== undefined ? `Failover ${unique}` : set.region !== undefined ? `Region ${unique}` : `the same geolocation`;
      return `${subject(set)} cannot be created as a set with ${what} exists with the same name and type (SetIdentifier ${twin.setIdentifier ?? ''}).`;
    }
    seen.set(unique, set);
  }
  return policy === 'weighted' ? wrongWeights(sets) : undefined;
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html, TTL and Weight. */
function wrongWeights(sets: readonly RecordSet[]): string | undefined {
  const where = `RRSet with DNS name ${sets[0]?.name ?? ''}, type ${sets[0]?.type ?? ''}`;
  if (sets.length > WEIGHTED_MAX) return `${where} has more than ${WEIGHTED_MAX} weighted sets`;
  const ttls = new Set(sets.filter((set) => set.alias === undefined).map((set) => set.ttl));
  return ttls.size > 1 ? `${where}: all weighted sets must have the same TTL, not ${[...ttls].join(', ')}` : undefined;
}

/** What is wrong with all sets of one name together. */
export function validateName(zone: { name: string }, sets: readonly RecordSet[]): string | undefined {
  const cname = sets.find((set) => set.type === 'CNAME');
  const other = sets.find((set) => set.type !== 'CNAME');
  if (cname === undefined || other === undefined) return undefined;
  return `RRSet of type ${other.type} with DNS name ${other.name} is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${zone.name}`;
}
