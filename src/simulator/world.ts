/**
 * A simulated AWS: see README.md for what it does.
 * 1. The same seed and the same calls at the same times give the same ids and answers.
 * 2. Anyone who looks sees everything that was due by then.
 * 3. A dead region never answers: the call ends when its signal is aborted.
 */
import type { AwsAnswer, AwsCaller, AwsRequest } from '../aws/caller.ts';
import { MUTATIONS, nameOf, type OperationOf, type OutputOf, type Service } from '../aws/operations.ts';
import { Call } from './call.ts';
import type { Loss } from './commits.ts';
import { Core, GLOBAL_REGION, type WorldOptions } from './core.ts';
import { folded, type DbRef } from './database-driver.ts';
import { handle } from './dispatch.ts';
import { answerOf, type Answer } from './dns-answers.ts';
import { emptied, Faults, throttleOf } from './faults.ts';
import { GROUP_IMAGE, GROUP_TEMPLATE, type GroupTrouble, INSTANCE_TYPE } from './groups.ts';
import type { LedgerEntry } from './lineage.ts';
import { type Place, placeIn } from './places.ts';
import type { Ran } from './ran.ts';
import type {
  ApplicationSeed, AutoScalingGroupSeed, AutomatedBackupSeed, DbInstanceSeed, DbSnapshotSeed, Ec2InstanceSeed, Fault, FunctionSeed, HealthCheckSeed,
  HostedZoneSeed, ImageSeed, LaunchTemplateSeed, LoadBalancerSeed, ParameterGroupSeed, RecordSetSeed, SecurityGroupSeed, SubnetGroupSeed, TopicSeed,
} from './seeds.ts';
import { snapshotOf, type WorldSnapshot } from './snapshot.ts';
import { type State, stateOf } from './state.ts';

const DAY_MS = 86_400_000;

export type { WorldOptions } from './core.ts';
export type { Timings } from './timings.ts';

export class World implements AwsCaller {
  readonly options: WorldOptions;
  /** What nothing else hangs on is added to its table here. */
  readonly state: State;
  /** What custom steps did outside of AWS, oldest first, and what a program answers. */
  readonly ran: Ran = { commands: [], statements: [], answer: () => ({}) };
  private readonly core: Core;
  private readonly faults = new Faults();
  private unsettled = false;

  constructor(options: WorldOptions) {
    this.options = options;
    this.core = new Core(options);
    this.state = stateOf(this.core);
  }

  async call<S extends Service, O extends OperationOf<S>>(request: AwsRequest<S, O>): Promise<AwsAnswer<OutputOf<S, O>>> {
    const { service, operation, signal } = request;
    signal?.throwIfAborted();
    const region = service === 'route53' || service === 'iam' ? GLOBAL_REGION : request.region;
    const mutation = MUTATIONS.has(nameOf(service, operation));
    const effect = this.faults.take({ region, service, operation, mutation });
    const make = (at: number, staleMs = 0): Call =>
      new Call(this.state, { service, operation, region, now: at, at: at - staleMs, requestId: this.requestId(service) });
    if (!this.core.has(region)) throw make(this.now()).noAnswer(`getaddrinfo ENOTFOUND ${service}.${region}.amazonaws.com`);
    if (effect?.kind === 'hang' || !this.core.alive(region)) return await never(signal);
    const { callMs } = this.core.timings;
    const slow = effect?.kind === 'slow' ? effect.ms : 0;
    const onTheWayMs = slow + (mutation ? callMs / 2 : callMs);
    if (onTheWayMs > 0) await this.core.clock.sleep(onTheWayMs, signal);
    const now = this.now();
    if (!this.core.alive(region)) return await never(signal);
    const call = make(now, effect?.kind === 'stale-read' ? effect.ms : 0);
    if (effect?.kind === 'reset') throw call.noAnswer('read ECONNRESET');
    if (effect?.kind === 'throttle') throw call.error(...throttleOf(service));
    if (effect?.kind === 'error') throw call.error(effect.code, effect.httpStatus, effect.message ?? 'a fault of the simulated world');
    const whole = effect?.kind === 'empty' ? ({} as OutputOf<S, O>) : handle(service, operation, request.input, call);
    const output = effect?.kind === 'foreign' ? (emptied(whole, effect.without) as OutputOf<S, O>) : whole;
    if (mutation && callMs > 0) await this.core.clock.sleep(callMs / 2, signal);
    if (effect?.kind === 'answer-lost') throw call.noAnswer('read ECONNRESET');
    if (mutation && !this.core.alive(region)) return await never(signal);
    return { output, requestId: call.requestId, at: Math.floor(this.now() / 1000) * 1000 };
  }

  addDbInstance(seed: DbInstanceSeed): void {
    this.state.keys.used(seed.region, seed.kmsKeyId);
    this.state.databases.add(seed);
    this.unsettled = true;
  }

  addAutomatedBackup(seed: AutomatedBackupSeed): void {
    this.state.keys.used(seed.region, seed.kmsKeyId);
    this.state.backups.add(seed);
  }

  addDbSnapshot(seed: DbSnapshotSeed): void {
    this.state.keys.used(seed.region, seed.kmsKeyId);
    this.state.backups.addSnapshot(seed);
  }

  addEc2Instance(seed: Ec2InstanceSeed): void {
    this.state.instances.add(seed);
    this.unsettled = true;
  }

  addImage(seed: ImageSeed): void {
    this.state.keys.used(seed.region, seed.keyId);
    this.state.instances.addImage(seed);
  }

  /** With `arn` it has that one; `targets` are registered since long ago. */
  addTargetGroup(seed: { region: string; name: string; arn?: string; targets?: readonly string[] }): void {
    this.state.targetGroups.add(seed);
    this.unsettled = true;
  }

  addAutoScalingGroup(seed: AutoScalingGroupSeed): void {
    this.state.groups.add(seed);
    const { region } = seed;
    if (this.state.instances.template(region, GROUP_TEMPLATE.id) === undefined) {
      this.addLaunchTemplate({ region, ...GROUP_TEMPLATE, type: INSTANCE_TYPE, imageId: GROUP_IMAGE });
      this.addImage({ region, id: GROUP_IMAGE, name: 'group', ageMs: DAY_MS });
    }
    this.unsettled = true;
  }

  addDbSubnetGroup(seed: SubnetGroupSeed): void {
    this.state.dbSubnetGroups.add(seed);
  }

  addDbParameterGroup(seed: ParameterGroupSeed): void {
    this.state.dbParameterGroups.add(seed);
  }

  addLaunchTemplate(seed: LaunchTemplateSeed): void {
    this.state.instances.addTemplate(seed);
  }

  addSubnet(seed: { region: string; id: string; zone: string }): void {
    this.state.instances.addSubnet(seed);
  }

  /** What alias records may lead to. */
  addLoadBalancer(seed: LoadBalancerSeed): void {
    this.state.loadBalancers.add(seed);
  }

  addTopic(seed: TopicSeed): void {
    this.state.topics.add(seed);
  }

  addFunction(seed: FunctionSeed): void {
    this.state.functions.add(seed);
  }

  /** More records for a zone that was added before. */
  addRecordSets(zoneId: string, records: readonly RecordSetSeed[]): void {
    this.state.zones.seedRecords(zoneId, records);
  }

  /** Nobody may change the sets of that name and type. */
  protectRecords(zoneId: string, record: { name: string; type: string; comment?: string }): void {
    this.state.zones.protect(zoneId, record);
  }

  addHostedZone(seed: HostedZoneSeed): void {
    this.state.zones.add(seed);
  }

  addHealthCheck(seed: HealthCheckSeed): void {
    this.state.healthChecks.add(seed);
    this.unsettled = true;
  }

  addSecurityGroup(seed: SecurityGroupSeed): void {
    this.state.securityGroups.add(seed);
    this.unsettled = true;
  }

  addBucket(seed: { region: string; name: string }): void {
    this.state.buckets.add(seed);
  }

  addApplication(seed: ApplicationSeed): void {
    this.state.applications.add(seed);
    this.unsettled = true;
  }

  /** Lists come in pages of so many items, or keys of a bucket, as if there were many more of everything; undefined: in AWS's own. */
  setPages(pages: { items: number; keys: number } | undefined): void {
    this.core.pages = pages;
  }

  /** Lays a fault over calls; the function returned takes it away. */
  addFault(fault: Fault): () => void {
    return this.faults.add(fault);
  }

  /** The region's endpoints swallow requests, its databases and applications are gone, replication from it stops. */
  breakRegion(region: string): void {
    this.setAlive(region, false);
  }

  healRegion(region: string): void {
    this.setAlive(region, true);
  }

  private setAlive(region: string, alive: boolean): void {
    const now = this.now();
    if (!this.core.setAlive(region, alive)) return;
    this.state.databases.regionChanged(region, now);
    this.state.backups.regionChanged(region, alive, now);
    this.core.touch(region, now);
  }

  /** Lets everything happen that is due; for the lab, which runs in real time. Returns when something is due next. */
  tick(): number | undefined {
    this.now();
    return this.core.agenda.nextDue;
  }

  isAlive(region: string): boolean {
    return this.core.alive(region);
  }

  /** What the DNS servers answer now, to a resolver in the world's first region unless told otherwise. */
  resolve(name: string, type: string, from: Place = placeIn(this.core.regions[0] ?? '')): Answer {
    this.now();
    return answerOf(this.state, name, type, from);
  }

  /** What the promotion of an instance lost of what users had been told is safe; undefined if it was never promoted. */
  lossOf(ref: DbRef): Loss | undefined {
    return this.state.databases.lossOf(folded(ref), this.now());
  }

  /** What an instance holds of everything that any instance ever acknowledged. */
  ledgerOf(ref: DbRef): LedgerEntry[] {
    return this.state.databases.ledgerOf(folded(ref), this.now());
  }

  /** True while the instance lives and takes writes: of new connections, or of those from before it was closed. */
  acceptsWrites(ref: DbRef): boolean {
    return this.state.databases.acceptsWrites(folded(ref), this.now());
  }

  /** Status shown while nothing is under way, e.g. `backing-up`, `stopped`, `available`. */
  setDbStatus(ref: DbRef, status: string): void {
    this.state.databases.setStatus(folded(ref), status, this.now());
  }

  /** Somebody makes a replica a writer of its own, at this moment; its users stay with its source. */
  detachReplica(ref: DbRef): void {
    this.state.databases.detach(folded(ref), this.now());
  }

  setReplication(ref: DbRef, change: { mode?: 'replicating' | 'stopped'; lagMs?: number }): void {
    this.state.databases.setReplication(folded(ref), change.mode ?? 'replicating', change.lagMs, this.now());
  }

  setGroupCapacity(region: string, name: string, capacity: number): void {
    this.state.groups.setCapacity(region, name, capacity, this.now());
  }

  /** What goes wrong with a group from now on: launches that fail, targets that fail, a scaling activity that blocks changes for `busyMs`. */
  setGroupTrouble(region: string, name: string, { busyMs, ...trouble }: Omit<GroupTrouble, 'busyUntil'> & { busyMs?: number }): void {
    const now = this.now();
    this.state.groups.setTrouble(region, name, { ...trouble, ...(busyMs === undefined ? {} : { busyUntil: now + busyMs }) }, now);
  }

  /** Stops or starts the application at an address. `silent`: its load balancer gives no answer either, where it says 503 else. */
  setApplicationUp(address: string, up: boolean, silent = false): void {
    this.state.applications.setUp(address, up, this.now(), silent);
  }

  snapshot(): WorldSnapshot {
    return snapshotOf(this.state, this.now());
  }

  /** Every look at the world begins here: what was due has happened. */
  now(): number {
    const now = this.core.now();
    if (this.unsettled) {
      this.unsettled = false;
      this.state.healthChecks.settle(now);
    }
    return now;
  }

  private requestId(service: Service): string {
    return service === 's3' ? this.core.ids.hex(8).toUpperCase() : this.core.ids.uuid();
  }
}

/** Ends with the signal's reason when it is aborted, and not before. */
function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal?.reason instanceof Error ? signal.reason : new Error(String(signal?.reason)));
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end, { once: true });
  });
}
