import type { Fault } from '../../simulator/seeds.ts';
import type { World } from '../../simulator/world.ts';
import type { Planted, Way } from './one.ts';

/*
 * Troubles that a rehearsal plants, one after the other. Each is planted into the world, without a word to the tool. What has to come of
 * it: `refused` before the point of no return, or `borne`: refused, or recovered with everything as it should be.
 */

export interface Trouble extends Planted {
  name: string;
  /** In words, for a report. */
  what: string;
  must: 'refused' | 'borne';
  /** Has the runbook what it is about? */
  fits: (way: Way & { approvals: number; rpoMs: number }) => boolean;
}

const MINUTE = 60_000;

const databasesIn = (world: World, region: string) => [...world.state.databases.all()].filter((row) => row.ref.region === region);
const replicas = ({ stage: { world }, target }: Way) => databasesIn(world, target).filter((row) => row.source !== undefined).map(({ ref }) => ref);
const writers = ({ stage: { world }, source }: Way) => databasesIn(world, source).filter((row) => row.source === undefined).map(({ ref }) => ref);
const groups = ({ stage: { world }, target }: Way) => [...world.state.groups.table(target).values()];
const zones = ({ stage: { world } }: Way) => [...world.state.zones.all()];
const moved = (way: Way) => zones(way).flatMap(({ id, records }) => [...records.values()].filter(({ setIdentifier }) => setIdentifier !== undefined).map(({ name, type }) => ({ zone: id, name, type })));

const backups = ({ stage: { world }, target }: Way) => world.state.backups.in(target);
const hasBackups = (way: Way) => backups(way).length > 0;
const launchImages = ({ stage: { world }, target }: Way) => [...world.state.instances.imagesIn(target)].map(({ id }) => id);

const hasReplicas = (way: Way) => replicas(way).length > 0;
const hasGroups = (way: Way) => groups(way).length > 0;
const hasRecords = (way: Way) => moved(way).length > 0;
const always = () => true;

/** Faults that stay until a person mends them. */
const ends = new WeakMap<World, (() => void)[]>();

function lay({ stage: { world } }: Way, ...faults: readonly Fault[]): void {
  ends.set(world, [...(ends.get(world) ?? []), ...faults.map((fault) => world.addFault(fault))]);
}

function mendFaults({ stage: { world } }: Way): void {
  for (const end of ends.get(world) ?? []) end();
  ends.delete(world);
}

const denied = (service: string, operation: string): Fault => ({ service, operation, effect: { kind: 'error', httpStatus: 403, code: service === 'ec2' ? 'UnauthorizedOperation' : 'AccessDenied', message: `User is not authorized to perform: ${service}:${operation}` } });

/** The application of a region, wherever it listens, stops; its databases live. */
function stopApplications({ stage: { world }, source }: Way): void {
  for (const app of world.state.applications.in(source)) world.setApplicationUp(app.address, false);
}

async function later({ stage: { clock } }: Way, ms: number, then: () => void): Promise<void> {
  await clock.sleep(ms);
  then();
}

export const TROUBLES: readonly Trouble[] = [
  {
    name: 'false-alarm',
    what: 'nothing is wrong with the region that is left',
    must: 'refused',
    fits: always,
    instead: () => undefined,
  },
  {
    name: 'approver-absent',
    what: 'nobody who has to agree has agreed',
    must: 'refused',
    fits: ({ approvals }) => approvals > 0,
    nobodyAgrees: true,
  },
  {
    name: 'replica-stopped',
    what: 'replication stopped an hour before the loss',
    must: 'refused',
    fits: hasReplicas,
    before: async (way) => {
      for (const ref of replicas(way)) way.stage.world.setReplication(ref, { mode: 'stopped' });
      await way.stage.clock.sleep(60 * MINUTE + 2 * rpoOf(way));
    },
  },
  {
    name: 'lag-over-rpo',
    what: 'the replica is further behind than the RPO allows',
    must: 'refused',
    fits: hasReplicas,
    before: async (way) => {
      const lagMs = rpoOf(way) + 10 * MINUTE;
      await way.stage.clock.sleep(lagMs);
      for (const ref of replicas(way)) way.stage.world.setReplication(ref, { lagMs });
      await way.stage.clock.sleep(5 * MINUTE);
    },
  },
  {
    name: 'lag-unknown',
    what: 'CloudWatch gives no answer, so that nobody knows how far behind the replica is',
    must: 'borne',
    fits: hasReplicas,
    before: (way) => lay(way, { region: way.target, service: 'cloudwatch', effect: { kind: 'hang' } }),
  },
  {
    name: 'replica-failed',
    what: 'the replica is broken, and RDS says so',
    must: 'refused',
    fits: hasReplicas,
    before: (way) => {
      for (const ref of replicas(way)) way.stage.world.setDbStatus(ref, 'failed');
    },
  },
  {
    name: 'replica-detached',
    what: 'somebody made the replica a writer of its own the day before',
    must: 'refused',
    fits: hasReplicas,
    before: async (way) => {
      for (const ref of replicas(way)) way.stage.world.detachReplica(ref);
      await way.stage.clock.sleep(24 * 60 * MINUTE);
    },
  },
  {
    name: 'quarantine-open',
    what: 'the source still answers, and its quarantine group lets somebody in',
    must: 'refused',
    fits: (way) => hasReplicas(way) && closedGroups(way).length > 0,
    before: (way) => {
      for (const group of closedGroups(way)) way.stage.world.addSecurityGroup({ ...group, closed: false });
    },
    instead: stopApplications,
  },
  {
    name: 'application-gone',
    what: 'the application of the region is gone; its database lives, and still takes writes',
    must: 'borne',
    fits: (way) => writers(way).length > 0,
    instead: stopApplications,
  },
  {
    name: 'source-comes-back',
    what: 'the lost region comes back two minutes after the run has begun',
    must: 'borne',
    fits: always,
    during: (way) => void later(way, 2 * MINUTE, () => way.stage.world.healRegion(way.source)),
  },
  {
    name: 'checkers-disagree',
    what: 'the health check of the lost region was disabled: it counts as healthy, and nobody asks its endpoint',
    must: 'borne',
    fits: (way) => checksOf(way).length > 0,
    before: (way) => {
      for (const check of checksOf(way)) way.stage.world.state.healthChecks.update(check, { disabled: true }, way.stage.world.now());
    },
  },
  {
    name: 'record-protected',
    what: 'the records are protected: Route 53 refuses to change them',
    must: 'refused',
    fits: hasRecords,
    before: (way) => {
      for (const { zone, name, type } of moved(way)) way.stage.world.protectRecords(zone, { name, type, comment: 'planted' });
    },
  },
  {
    name: 'capacity-short',
    what: 'AWS gives the group in the target region no more instances, until a person has seen to it',
    must: 'borne',
    fits: hasGroups,
    before: (way) => setCapacity(way, (now) => now),
    mend: (way) => setCapacity(way, () => 10_000),
  },
  {
    name: 'image-gone',
    what: 'the image of the group was deleted: every launch fails',
    must: 'borne',
    fits: hasGroups,
    before: (way) => setTrouble(way, { launches: 'image' }),
    mend: (way) => setTrouble(way, {}),
  },
  {
    name: 'key-disabled',
    what: 'the key of the volumes is disabled: every launch fails',
    must: 'borne',
    fits: hasGroups,
    before: (way) => setTrouble(way, { launches: 'kms' }),
    mend: (way) => setTrouble(way, {}),
  },
  {
    name: 'backups-stopped',
    what: 'backups are no longer replicated: the newest is older than the RPO allows',
    must: 'refused',
    fits: hasBackups,
    before: async (way) => {
      for (const { source, kmsKeyId } of backups(way)) way.stage.world.addAutomatedBackup({ region: way.target, source, kmsKeyId, stopped: true });
      await way.stage.clock.sleep(MINUTE);
    },
  },
  {
    name: 'backups-gone',
    what: 'somebody deleted the replicated backups',
    must: 'refused',
    fits: hasBackups,
    before: (way) => way.stage.world.state.backups.removeFrom(way.target),
  },
  {
    name: 'backups-with-a-lost-key',
    what: 'the backups in the target region are encrypted with a key of the lost region',
    must: 'refused',
    fits: hasBackups,
    before: (way) => {
      for (const { source, kmsKeyId } of backups(way)) way.stage.world.addAutomatedBackup({ region: way.target, source, kmsKeyId: kmsKeyId.replaceAll(way.target, way.source) });
    },
  },
  {
    name: 'no-room-for-a-restore',
    what: 'the account may have no more databases in the target region',
    must: 'refused',
    fits: hasBackups,
    before: (way) => way.stage.world.state.dbQuotas.set(way.target, 'DBInstances', databasesIn(way.stage.world, way.target).length),
  },
  {
    name: 'images-gone',
    what: 'every image in the target region was deregistered, and nothing runs there that could be used',
    must: 'refused',
    fits: (way) => launchImages(way).length > 0 && groups(way).length === 0,
    before: (way) => {
      for (const id of launchImages(way)) way.stage.world.state.instances.removeImage(way.target, id);
    },
  },
  {
    name: 'permission-to-read-missing',
    what: 'the credentials may not read databases',
    must: 'refused',
    fits: (way) => databasesIn(way.stage.world, way.source).length > 0,
    before: (way) => lay(way, denied('rds', 'DescribeDBInstances')),
  },
  {
    name: 'permission-to-promote-missing',
    what: 'the credentials may not promote',
    must: 'refused',
    fits: hasReplicas,
    before: (way) => lay(way, denied('rds', 'PromoteReadReplica')),
  },
  {
    name: 'permission-to-change-records-missing',
    what: 'the credentials may not change records; a person allows it when the run says so',
    must: 'borne',
    fits: hasRecords,
    before: (way) => lay(way, denied('route53', 'ChangeResourceRecordSets')),
    mend: mendFaults,
  },
  {
    name: 'target-silent',
    what: 'the API of RDS in the target region gives no answer',
    must: 'refused',
    fits: (way) => databasesIn(way.stage.world, way.source).length > 0,
    before: (way) => lay(way, { region: way.target, service: 'rds', effect: { kind: 'hang' } }),
  },
  {
    name: 'proxy-between',
    what: 'what answers for RDS in the target region is a page of a proxy: status 200, and nothing in it',
    must: 'refused',
    fits: (way) => databasesIn(way.stage.world, way.source).length > 0,
    before: (way) => lay(way, { region: way.target, service: 'rds', effect: { kind: 'empty' } }),
  },
  {
    name: 'dns-control-plane-down',
    what: 'the control plane of Route 53 gives no answer for 20 minutes from the start of the run on',
    must: 'borne',
    fits: hasRecords,
    during: (way) => {
      lay(way, { service: 'route53', effect: { kind: 'hang' } });
      void later(way, 20 * MINUTE, () => mendFaults(way));
    },
  },
  {
    name: 'answers-lost',
    what: 'every change is made, and no answer to it arrives, three times for each service',
    must: 'borne',
    fits: always,
    during: (way) => {
      for (const service of ['rds', 'autoscaling', 'route53', 'ec2']) lay(way, { service, effect: { kind: 'answer-lost' }, times: 3 });
    },
  },
];

function rpoOf({ stage }: Way): number {
  return stage.loaded.runbook.objectives.rpoMs;
}

function closedGroups({ stage: { world }, source }: Way) {
  return [...world.state.securityGroups.in(source)].filter(({ closed }) => closed);
}

function checksOf({ stage: { world }, source }: Way) {
  return [...world.state.healthChecks.all()].filter(({ watches }) => watches.kind === 'region-endpoint' && watches.region === source);
}

/** The most instances of every group in the target region, from what it has now. */
function setCapacity(way: Way, of: (now: number) => number): void {
  for (const { name, instances } of groups(way)) way.stage.world.setGroupCapacity(way.target, name, of(instances.length));
}

function setTrouble(way: Way, trouble: Parameters<Way['stage']['world']['setGroupTrouble']>[2]): void {
  for (const { name } of groups(way)) way.stage.world.setGroupTrouble(way.target, name, trouble);
}
