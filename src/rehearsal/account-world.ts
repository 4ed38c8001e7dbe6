import { placeIn } from '../simulator/places.ts';
import { normalName } from '../simulator/record-set.ts';
import type { AutomatedBackupSeed, AutoScalingGroupSeed, DbInstanceSeed, HealthCheckSeed, HostedZoneSeed, RecordSetSeed, SecurityGroupSeed } from '../simulator/seeds.ts';
import { SharedWorld } from '../simulator/shared-world.ts';
import type { WorldOptions } from '../simulator/world.ts';
import { type Account, keyIn, recordKey } from './account.ts';

/** A world into which the runbook's kinds put what they name, and in which it is as an account has it. */
export class AccountWorld extends SharedWorld {
  readonly #account: Account;
  /** Replicas whose source is not there yet. */
  #waiting: DbInstanceSeed[] = [];
  /** Where users are led by a name: the account's, and that of the runbook's world. */
  readonly #names: { theirs: string; ours: string }[] = [];

  constructor(options: WorldOptions, account: Account) {
    super({ ...options, account: account.account });
    this.#account = account;
  }

  override addDbInstance(implied: DbInstanceSeed): void {
    const seen = this.#account.databases[keyIn(implied.region, implied.id)];
    if (seen === null) return;
    if (seen?.vpc !== undefined && seen.seed.subnetGroup !== undefined) this.state.dbSubnetGroups.add({ region: implied.region, name: seen.seed.subnetGroup, vpc: seen.vpc });
    for (const id of seen?.seed.securityGroups ?? []) this.addSecurityGroup({ region: implied.region, id, name: id, closed: false });
    this.#waiting.push(seen?.seed ?? implied);
    this.#waiting = this.#waiting.filter((seed) => {
      const ready = seed.replicaOf === undefined || this.state.databases.row({ region: seed.replicaOf.region, id: seed.replicaOf.id.toLowerCase() }) !== undefined;
      if (ready) super.addDbInstance(seed);
      return !ready;
    });
  }

  override addAutoScalingGroup(implied: AutoScalingGroupSeed): void {
    const seen = this.#account.groups[keyIn(implied.region, implied.name)];
    if (seen !== null) super.addAutoScalingGroup(seen ?? implied);
  }

  override addSecurityGroup(implied: SecurityGroupSeed): void {
    const seen = this.#account.securityGroups[keyIn(implied.region, implied.id)];
    if (seen !== null) super.addSecurityGroup(seen ?? implied);
  }

  override addAutomatedBackup(implied: AutomatedBackupSeed): void {
    const seen = this.#account.backups[keyIn(implied.region, implied.source.id)];
    if (seen !== null) super.addAutomatedBackup(seen ?? implied);
  }

  override addHealthCheck(implied: HealthCheckSeed): void {
    const seen = this.#account.checks[implied.id];
    if (seen !== null) super.addHealthCheck(seen ?? implied);
  }

  override addHostedZone(implied: HostedZoneSeed): void {
    if (this.#account.zonesGone.includes(implied.id)) return;
    const groups = new Map<string, RecordSetSeed[]>();
    for (const set of implied.records) groups.set(recordKey(implied.id, set), [...(groups.get(recordKey(implied.id, set)) ?? []), set]);
    const records = [...groups].flatMap(([key, ours]) => {
      const theirs = this.#account.records[key];
      if (theirs === undefined) return ours;
      for (const set of theirs.filter(({ type }) => type === 'CNAME')) {
        const same = ours.find(({ setIdentifier }) => setIdentifier === set.setIdentifier);
        for (const name of set.values) if (same?.values[0] !== undefined) this.#names.push({ theirs: normalName(name), ours: normalName(same.values[0]) });
      }
      return theirs;
    });
    super.addHostedZone({ ...implied, records });
  }

  /** Everything that the runbook names has been put into it. */
  settleAccount(): void {
    const [lost] = this.#waiting;
    if (lost?.replicaOf !== undefined) throw new Error(`${lost.id} in ${lost.region} replicates from ${lost.replicaOf.id} in ${lost.replicaOf.region}, which is not there`);
    for (const { zone, ...record } of this.#account.protections) this.state.zones.protect(zone, record);
    for (const { theirs, ours } of this.#names) this.#lead(theirs, ours);
    for (const seen of Object.values(this.#account.databases)) {
      if (seen?.replication?.state === 'stopped') this.setReplication(seen.seed, { mode: 'stopped' });
      // CloudWatch has no lag: it has none here.
      if (seen?.replication?.state === 'replicating' && seen.replication.lagMs === undefined) this.addFault({ region: seen.seed.region, service: 'cloudwatch', operation: 'GetMetricData', effect: { kind: 'empty' } });
    }
  }

  /** Anyone who is led to one name comes to where the other leads. */
  #lead(name: string, to: string): void {
    const place = placeIn(this.options.regions[0] ?? '');
    const values = this.resolve(to, 'A', place).values;
    if (name === to || values.length === 0 || this.resolve(name, 'A', place).values.length > 0) return;
    const record = { name, type: 'A', ttl: 60, values };
    const zone = this.state.zones.forName(name);
    const parent = name.slice(name.indexOf('.') + 1);
    if (zone === undefined) super.addHostedZone({ id: `Z${parent.replaceAll('.', '').toUpperCase()}`, name: parent, records: [record] });
    else this.state.zones.seedRecords(zone.id, [record]);
  }
}
