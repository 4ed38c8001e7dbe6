/** ChangeResourceRecordSets: all or nothing. https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html */
import type { InputOf, OutputOf } from '../aws/operations.ts';
import type { Call } from './call.ts';
import { fromSeed, groupKey, nameInMessage, nameKey, normalName, sameSet, seedOf, setKey, type RecordSet, type RecordSetView } from './record-set.ts';
import { validateGroup, validateName, validateSet, wrongFields, wrongSchema } from './zone-rules.ts';
import type { Zone } from './zones.ts';

type ChangeInput = NonNullable<NonNullable<InputOf<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']>['Changes']>[number];

const ELEMENTS_MAX = 1000;
const CHARACTERS_MAX = 32_000;

export function changeRecordSets(zone: Zone, input: InputOf<'route53', 'ChangeResourceRecordSets'>, call: Call): OutputOf<'route53', 'ChangeResourceRecordSets'> {
  const changes = input.ChangeBatch?.Changes ?? [];
  if (changes.length === 0) throw call.error('InvalidInput', 400, 'Invalid XML ; the list of changes must not be empty');
  const steps = changes.map((change) => ({ action: change.Action, set: understand(change, call) }));
  // One change for each record element, as the limit of a batch counts them; an alias is one: our reading.
  const count = steps.reduce((sum, { action, set }) => sum + (action === 'UPSERT' ? 2 : 1) * Math.max(1, set.values.length), 0);
  if (count <= ELEMENTS_MAX && !call.state.changeQuota.take(call.now, count)) throw call.error('Throttling', 400, 'Rate exceeded');
  if (zone.managedBy !== undefined) throw call.error('AccessDenied', 403, `The resource hostedzone/${zone.id} can only be managed through ${zone.managedBy}`);
  if (zone.recovery !== undefined && /ING/.test(zone.recovery)) throw call.error('InvalidInput', 400, `HostedZone ${zone.id} is marked disabled for mutation`);
  if (zone.busyUntil > call.now) {
    throw call.error('PriorRequestNotComplete', 400, `The request was rejected because Route 53 was still processing a prior request for hosted zone ${zone.id}.`);
  }
  const batch = new Batch(zone, call);
  for (const { action, set } of steps) batch.apply(action ?? '', set);
  batch.validate();
  if (batch.problems.length > 0) throw call.error('InvalidChangeBatch', 400, `[${batch.problems.join(', ')}]`);
  const change = call.state.zones.commit(zone, batch.after, batch.groups, input.ChangeBatch?.Comment, call.now);
  return {
    ChangeInfo: {
      Id: `/change/${change.id}`,
      Status: 'PENDING',
      SubmittedAt: new Date(change.submittedAt),
      ...(change.comment === undefined ? {} : { Comment: change.comment }),
    },
  };
}

class Batch {
  readonly after = new Map<string, RecordSet | undefined>();
  readonly groups = new Set<string>();
  readonly problems: string[] = [];
  private readonly names = new Set<string>();
  private readonly actions = new Map<string, string>();
  private readonly zone: Zone;
  private readonly call: Call;
  private elements = 0;
  private characters = 0;

  constructor(zone: Zone, call: Call) {
    this.zone = zone;
    this.call = call;
  }

  apply(action: string, set: RecordSet): void {
    const times = action === 'UPSERT' ? 2 : 1;
    this.elements += times * set.values.length;
    for (const value of set.values) this.characters += times * value.length;
    const guarded = this.zone.protections.get(groupKey(set.name, set.type));
    if (guarded !== undefined) {
      const comment = guarded.comment === undefined ? '' : ` (${guarded.comment})`;
      this.problems.push(`The resource record set ${nameInMessage(set)} has a resource record set protection${comment}`);
      return;
    }
    const key = setKey(set);
    const before = this.actions.get(key);
    if (before !== undefined && !(before === 'DELETE' && action === 'CREATE')) {
      this.problems.push(`The request contains an invalid set of changes for a resource record set '${set.type} ${set.name}'`);
      return;
    }
    this.actions.set(key, action);
    const wrong = validateSet(this.zone, set) ?? this.unknownHealthCheck(set);
    const problem = wrong ?? this.wrongAction(action, key, set);
    if (problem !== undefined) {
      this.problems.push(problem);
      return;
    }
    this.after.set(key, action === 'DELETE' ? undefined : set);
    this.groups.add(groupKey(set.name, set.type));
    this.names.add(nameKey(set.name));
  }

  private unknownHealthCheck(set: RecordSet): string | undefined {
    if (set.healthCheckId === undefined || this.call.state.healthChecks.get(set.healthCheckId) !== undefined) return undefined;
    return `Health check ${set.healthCheckId} does not exist`;
  }

  private wrongAction(action: string, key: string, set: RecordSet): string | undefined {
    const existing = this.after.has(key) ? this.after.get(key) : this.zone.records.get(key);
    if (action === 'CREATE') {
      return existing === undefined ? undefined : `Tried to create resource record set ${nameInMessage(set)} but it already exists`;
    }
    if (action !== 'DELETE') return undefined;
    if (existing === undefined) return `Tried to delete resource record set ${nameInMessage(set)} but it was not found`;
    return sameSet(existing, set)
      ? undefined
      : `Tried to delete resource record set ${nameInMessage(set)} but the values provided do not match the current values`;
  }

  validate(): void {
    if (this.elements > ELEMENTS_MAX) this.problems.push(`Number of records limit of ${ELEMENTS_MAX} exceeded.`);
    if (this.characters > CHARACTERS_MAX) this.problems.push(`Number of characters limit of ${CHARACTERS_MAX} exceeded.`);
    if (this.problems.length > 0) return;
    for (const key of this.groups) this.note(validateGroup(this.setsUnder(key)));
    for (const set of this.after.values()) this.note(set === undefined ? undefined : this.wrongAlias(set));
    for (const key of this.names) this.note(validateName(this.zone, this.setsUnder(key)));
    const apex = (type: string): boolean => this.setsUnder(groupKey(this.zone.name, type)).length === 0;
    if (apex('NS')) this.problems.push('A HostedZone must contain at least one NS record for the zone itself.');
    if (apex('SOA')) this.problems.push('A HostedZone must contain exactly one SOA record.');
  }

  /** An alias leads to a record of its zone that is there after the batch, or to a load balancer of the world. */
  private wrongAlias(set: RecordSet): string | undefined {
    const { alias } = set;
    if (alias === undefined) return undefined;
    const what = `Tried to create an alias that targets ${alias.name}, type ${set.type} in zone ${alias.zoneId}, but`;
    if (alias.zoneId !== this.zone.id) {
      return this.call.state.loadBalancers.get(alias.name, alias.zoneId) === undefined ? `${what} that target was not found` : undefined;
    }
    if (alias.name !== this.zone.name && !alias.name.endsWith(`.${this.zone.name}`)) return `${what} the alias target name does not lie within the target zone`;
    return this.setsUnder(groupKey(alias.name, set.type)).length === 0 ? `${what} that target was not found` : undefined;
  }

  private note(problem: string | undefined): void {
    if (problem !== undefined) this.problems.push(problem);
  }

  private setsUnder(prefix: string): RecordSet[] {
    const sets = new Map(this.zone.records.startingWith(prefix));
    for (const [key, set] of this.after) {
      if (!key.startsWith(prefix)) continue;
      if (set === undefined) sets.delete(key);
      else sets.set(key, set);
    }
    return [...sets.values()];
  }
}

const MODELLED = new Set([
  'Name', 'Type', 'SetIdentifier', 'Weight', 'Region', 'Failover', 'GeoLocation', 'TTL', 'ResourceRecords', 'AliasTarget', 'HealthCheckId',
]);

function understand(change: ChangeInput, call: Call): RecordSet {
  const view: RecordSetView | undefined = change.ResourceRecordSet;
  if (view === undefined || !['CREATE', 'DELETE', 'UPSERT'].includes(change.Action ?? '')) {
    throw call.error('InvalidInput', 400, `Invalid XML ; a change has an Action (CREATE, DELETE, UPSERT) and a ResourceRecordSet, not ${String(change.Action)}`);
  }
  for (const [name, value] of Object.entries(view)) {
    if (value !== undefined && !MODELLED.has(name)) throw call.unsupported(`${name} of record sets`);
  }
  const { Name: name = '', Type: type = '' } = view;
  if (name === '' || type === '') throw call.error('InvalidInput', 400, 'Invalid request: a record set has a Name and a Type');
  const wrong = wrongFields(view);
  if (wrong !== undefined) {
    throw call.error('InvalidInput', 400, `Invalid request: ${wrong} in Change with [Action=${change.Action ?? ''}, Name=${normalName(name)}, Type=${type}, SetIdentifier=${view.SetIdentifier ?? 'null'}]`);
  }
  const schema = wrongSchema(view);
  if (schema !== undefined) throw call.error('InvalidInput', 400, `Invalid XML ; ${schema}`);
  return fromSeed(seedOf(view));
}
