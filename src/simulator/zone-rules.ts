/** What Route 53 demands of record sets. Messages as AWS words them, where they are known. */
import { isIP } from 'node:net';
import { geoKey, policyOf, type RecordSet } from './record-set.ts';

const TYPES = new Set(['A', 'AAAA', 'CAA', 'CNAME', 'DS', 'HTTPS', 'MX', 'NAPTR', 'NS', 'PTR', 'SOA', 'SPF', 'SRV', 'SSHFP', 'SVCB', 'TLSA', 'TXT']);
const VALUES_MAX = 400;
const NAME_MAX = 255;
const TTL_MAX = 2_147_483_647;

/** What is wrong with one set by itself; undefined when nothing is. */
export function validateSet(zone: { name: string }, set: RecordSet): string | undefined {
  const where = `RRSet with DNS name ${set.name}`;
  if (!TYPES.has(set.type)) return `${where}: ${set.type} is not a record type`;
  if (set.name !== zone.name && !set.name.endsWith(`.${zone.name}`)) return `${where} is not permitted in zone ${zone.name}`;
  if (set.name.length > NAME_MAX || set.name.split('.').some((label) => label.length > 63) || /[\s\u0000]|\.\./.test(set.name)) {
    return `FATAL problem: DomainLabelEmpty or too long (Domain name contains an unusable label) encountered with '${set.name}'`;
  }
  if (set.type === 'CNAME' && set.name === zone.name) return `RRSet of type CNAME with DNS name ${set.name} is not permitted at apex in zone ${zone.name}`;
  if (set.alias !== undefined) return set.type === 'NS' || set.type === 'SOA' ? `${where}: an alias of type ${set.type} is not permitted` : wrongRouting(set);
  if (!Number.isInteger(set.ttl) || set.ttl < 0 || set.ttl > TTL_MAX) return `Invalid TTL ${set.ttl} for ${set.name}`;
  if (set.values.length === 0 || set.values.length > VALUES_MAX) return `${where}, type ${set.type} must have between 1 and ${VALUES_MAX} values`;
  return wrongValue(set) ?? wrongRouting(set);
}

function wrongValue(set: RecordSet): string | undefined {
  const duplicate = set.values.find((value, i) => set.values.indexOf(value) !== i);
  if (duplicate !== undefined) return `Duplicate Resource Record: '${duplicate}'`;
  const family = set.type === 'A' ? 4 : set.type === 'AAAA' ? 6 : undefined;
  const bad = family === undefined ? set.values.find((value) => value.trim() === '') : set.values.find((value) => isIP(value) !== family);
  if (bad !== undefined) return `Invalid Resource Record: 'FATAL problem: ${family === undefined ? 'Empty' : 'InvalidIPAddress'} (Value is not a valid ${set.type} value) encountered with '${bad}''`;
  if (set.type === 'CNAME' && set.values.length > 1) return `RRSet of type CNAME with DNS name ${set.name} may have one value only`;
  return undefined;
}

function wrongRouting(set: RecordSet): string | undefined {
  const routed = [set.failover, set.weight, set.region, set.geo].filter((way) => way !== undefined).length;
  if (routed > 1) return `RRSet with DNS name ${set.name}, type ${set.type} has more than one routing policy`;
  if ((routed === 1) !== (set.setIdentifier !== undefined)) {
    return `RRSet with DNS name ${set.name}, type ${set.type}: a set identifier and a routing policy go together`;
  }
  if (set.setIdentifier !== undefined && (set.setIdentifier === '' || set.setIdentifier.length > 128)) return `Invalid set identifier for ${set.name}`;
  if (set.geo !== undefined && wrongPlace(set.geo)) return `RRSet with DNS name ${set.name}: a location is a continent, or a country, or a country with a subdivision of it`;
  if (set.weight !== undefined && (!Number.isInteger(set.weight) || set.weight < 0 || set.weight > 255)) return `Invalid weight ${set.weight} for ${set.name}`;
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
  return undefined;
}

/** What is wrong with all sets of one name together. */
export function validateName(zone: { name: string }, sets: readonly RecordSet[]): string | undefined {
  const cname = sets.find((set) => set.type === 'CNAME');
  const other = sets.find((set) => set.type !== 'CNAME');
  if (cname === undefined || other === undefined) return undefined;
  return `RRSet of type ${other.type} with DNS name ${other.name} is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${zone.name}`;
}
