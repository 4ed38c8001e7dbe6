import type { RecordKey, RecordSet } from '../../aws/route53.ts';
import { changeTo } from './aim.ts';
import { wrongValue, wrongValues } from './values.ts';

/*
 * What Route 53 would refuse in a change, as far as the record sets alone tell. It is asked in the check, before anything is
 * changed: a refusal of Route 53 comes after the point of no return. Only sets that change are judged one by one; what is
 * there already was accepted once. Pure.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html
 */

const VALUES_MAX = 400;
const TTL_MAX = 2_147_483_647;
const WEIGHT_MAX = 255;

export interface BatchProblem {
  observed: string;
  fix: string;
}

export interface PlannedSets {
  record: RecordKey;
  current: readonly RecordSet[];
  wanted: readonly RecordSet[];
}

export function setProblems({ record, current, wanted }: PlannedSets): BatchProblem[] {
  const changed = createdSets({ record, current, wanted });
  if (changed.length === 0) return [];
  return [...wrongTogether(record, wanted), ...changed.flatMap((set) => wrongAlone(set, `${record.name} ${record.type} set ${labelOf(set)}`))];
}

/** The sets that the change creates, or deletes and creates again. */
export function createdSets({ current, wanted }: PlannedSets): RecordSet[] {
  return changeTo(current, wanted).flatMap(({ Action, ResourceRecordSet: set }) => (Action === 'CREATE' && set !== undefined ? [set] : []));
}

function labelOf(set: RecordSet): string {
  return set.SetIdentifier ?? '(simple)';
}

function policiesOf(set: RecordSet): string[] {
  const routing = {
    failover: set.Failover,
    weighted: set.Weight,
    latency: set.Region,
    geolocation: set.GeoLocation,
    geoproximity: set.GeoProximityLocation,
    'IP-based': set.CidrRoutingConfig,
    multivalue: set.MultiValueAnswer,
  };
  return Object.entries(routing).flatMap(([policy, value]) => (value === undefined ? [] : [policy]));
}

function wrongAlone(set: RecordSet, name: string): BatchProblem[] {
  const problems: BatchProblem[] = [];
  const add = (observed: string, fix: string): void => void problems.push({ observed: `${name} ${observed}`, fix });
  const policies = policiesOf(set);
  if (policies.length > 1) add(`has several routing policies: ${policies.join(' and ')}`, 'give each set one routing policy');
  if (policies.length > 0 && set.SetIdentifier === undefined) add(`has a routing policy and no SetIdentifier`, 'give the set a SetIdentifier');
  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateTrafficPolicyInstance.html: its records are replaced as a whole
  if (set.TrafficPolicyInstanceId !== undefined) add(`belongs to the traffic policy instance ${set.TrafficPolicyInstanceId}, which replaces its records as a whole`, 'name records that no traffic policy has made, or delete the traffic policy instance and make the records by hand');
  if (set.Weight !== undefined && (set.Weight < 0 || set.Weight > WEIGHT_MAX)) add(`would have the weight ${set.Weight}`, `use weights from 0 to ${WEIGHT_MAX}`);
  if (set.AliasTarget !== undefined) return problems;
  // "A non-alias primary ResourceRecordSet must have an associated health check."
  // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover.html
  if (set.Failover === 'PRIMARY' && set.HealthCheckId === undefined) {
    add('would become PRIMARY; it is no alias and has no health check', `associate a health check with set ${labelOf(set)}, or make it an alias with EvaluateTargetHealth`);
  }
  if (set.TTL === undefined || set.TTL < 0 || set.TTL > TTL_MAX) add(`has ${set.TTL === undefined ? 'no TTL' : `the TTL ${set.TTL}`}`, 'set a TTL in seconds; only an alias has none');
  const values = (set.ResourceRecords ?? []).map((one) => one.Value ?? '');
  if (values.length === 0 || values.length > VALUES_MAX) add(`has ${values.length} values`, `give it 1 to ${VALUES_MAX} values`);
  const wrong = wrongValues(set.Type ?? 'A', values) ?? values.map((value) => wrongValue(set.Type ?? 'A', value)).find((text) => text !== undefined);
  if (wrong !== undefined) add(`: ${wrong}`, 'correct the values in the runbook or in the zone');
  return problems;
}

function wrongTogether(record: RecordKey, wanted: readonly RecordSet[]): BatchProblem[] {
  const name = `${record.name} ${record.type}`;
  const problems: BatchProblem[] = [];
  const policies = [...new Set(wanted.map((set) => policiesOf(set)[0] ?? 'simple'))];
  if (policies.length > 1) problems.push({ observed: `${name} would have sets of several routing policies: ${policies.join(', ')}`, fix: 'keep one routing policy for each name and type' });
  const unique: [string, (set: RecordSet) => string | undefined][] = [
    ['SetIdentifier', (set) => set.SetIdentifier],
    ['role', (set) => set.Failover],
    ['latency region', (set) => set.Region],
    ['location', (set) => (set.GeoLocation === undefined ? undefined : JSON.stringify(set.GeoLocation))],
  ];
  for (const [what, of] of unique) {
    const all = wanted.map(of).filter((value) => value !== undefined);
    const twice = all.find((value, i) => all.indexOf(value) !== i);
    if (twice !== undefined) problems.push({ observed: `${name} would have two sets with the ${what} ${twice}`, fix: 'keep one of them' });
  }
  if (policies[0] === 'simple' && wanted.length > 1) problems.push({ observed: `${name} would have ${wanted.length} simple records`, fix: 'keep one of them' });
  return problems;
}
