import { type InputOf, MUTATIONS, type OperationOf, type Service } from '../../../src/aws/operations.ts';
import { SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { ARCHIVE_READINESS, BILLING_READINESS, SHOP_READINESS } from './readiness-troubles.ts';
import { ARCHIVE_WAY_IN, SHOP_WAY_IN, WRITERS_WAY_IN } from './way-in-troubles.ts';
import { change, sleep, type Trouble } from './world.ts';

/*
 * What is wrong with an account weeks before an outage, and what a check finds of it: that, and nothing else.
 */

/** What somebody has done to the account. */
async function done<S extends Service, O extends OperationOf<S>>(sim: Simulation, service: S, operation: O, input: InputOf<S, O>, region = 'us-east-1'): Promise<void> {
  if (!MUTATIONS.has(`${service}.${operation}`)) throw new Error(`${operation} changes nothing`);
  await sim.clock.run(() => sim.effects.aws.call<S, O>({ service, operation, region, input }));
  await sleep(sim, 120_000);
}

export const ZONE = 'Z0123456789ABCDEFGHIJ';
const SITE = 'databases.documents';
/** What the lab lacks: RDS keeps no backups of a replica unless somebody turns them on. */
export const NOTES: ReadonlySet<string> = new Set([`note replica-backups rds:${TOKYO}:shop-orders-tokyo`, `note replica-backups rds:${TOKYO}:billing-ledger-tokyo`]);
const groupAt = (region: string) => `autoscaling:${region}:shop-api`;

/** Writes both sets of the failover pair of shop again, with other fields. */
function pair(sim: Simulation, { ttl = 1, tokyoCheck = 'hc-tokyo' }: { ttl?: number; tokyoCheck?: string | undefined }): Promise<void> {
  const set = (id: string, failover: 'PRIMARY' | 'SECONDARY', address: string, check: string) => ({
    Action: 'UPSERT' as const,
    ResourceRecordSet: { Name: 'shop.example.com', Type: 'A' as const, SetIdentifier: id, Failover: failover, TTL: ttl, ...(check === '' ? {} : { HealthCheckId: check }), ResourceRecords: [{ Value: address }] },
  });
  return done(sim, 'route53', 'ChangeResourceRecordSets', { HostedZoneId: ZONE, ChangeBatch: { Changes: [set('seoul', 'PRIMARY', '127.0.0.2', 'hc-seoul'), set('tokyo', 'SECONDARY', '127.0.0.3', tokyoCheck)] } });
}

const version = (sim: Simulation, id: string): number => sim.world.state.healthChecks.get(id)?.version ?? 0;

export const SHOP: Trouble[] = [
  { name: 'the launch template of the standby group is gone', plant: ({ world }) => world.state.instances.removeTemplate(TOKYO, 'lt-0000000000000a5a0'), found: [`error launch-template ${groupAt(TOKYO)}`] },
  { name: 'its image is gone', plant: ({ world }) => world.state.instances.removeImage(TOKYO, 'ami-00000000000000a51'), found: [`error launch-image ${groupAt(TOKYO)}`] },
  { name: 'one zone does not offer the type', plant: ({ world }) => world.state.instances.withhold({ region: TOKYO, zone: `${TOKYO}a`, type: 'm6g.large' }), found: [`warning type-not-offered ${groupAt(TOKYO)}`] },
  { name: 'more is in use than the runbook brings up', plant: (sim) => done(sim, 'autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'shop-api', DesiredCapacity: 10 }, SEOUL), found: [`warning active-size ${groupAt(TOKYO)}`] },
  { name: 'a schedule makes the standby small at night', plant: ({ world, clock }) => world.state.groups.schedule(TOKYO, 'shop-api', { name: 'night', at: clock.now() + 3_600_000, min: 0, max: 2, desired: 0 }), found: [`warning scheduled-scaling ${groupAt(TOKYO)}`] },
  { name: 'targets of the standby fail', plant: ({ world }) => world.setGroupTrouble(TOKYO, 'shop-api', { targets: 'Target.Timeout' }), found: [`warning standby-capacity ${groupAt(TOKYO)}`] },
  { name: 'launches of the standby fail', plant: async (sim) => { sim.world.setGroupTrouble(TOKYO, 'shop-api', { launches: 'kms' }); await done(sim, 'autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'shop-api', DesiredCapacity: 3 }, TOKYO); }, found: [`warning launch-failed ${groupAt(TOKYO)}`, `warning standby-capacity ${groupAt(TOKYO)}`] },
  { name: 'the set that is to become PRIMARY has no health check', plant: (sim) => pair(sim, { tokyoCheck: '' }), found: ['error route53-batch route53:Z0123456789ABCDEFGHIJ:shop.example.com A'] },
  { name: 'a TTL of five minutes', plant: (sim) => pair(sim, { ttl: 300 }), found: ['warning record-ttl route53:Z0123456789ABCDEFGHIJ:shop.example.com A'] },
  { name: 'a protected record', plant: ({ world }) => world.protectRecords(ZONE, { name: 'shop.example.com', type: 'A' }), found: ['error record-protected route53:Z0123456789ABCDEFGHIJ:shop.example.com A'] },
  { name: 'a health check that is disabled', plant: (sim) => done(sim, 'route53', 'UpdateHealthCheck', { HealthCheckId: 'hc-seoul', HealthCheckVersion: version(sim, 'hc-seoul'), Disabled: true }), found: ['warning health-check-disabled route53:healthcheck/hc-seoul'] },
  { name: 'a health check that is gone', plant: ({ world }) => void world.addFault({ service: 'route53', operation: 'GetHealthCheck', effect: { kind: 'error', httpStatus: 404, code: 'NoSuchHealthCheck' } }), found: ['error health-check-missing route53:healthcheck/hc-seoul', 'error health-check-missing route53:healthcheck/hc-tokyo', 'error route53-batch route53:Z0123456789ABCDEFGHIJ:shop.example.com A'] },
  { name: 'the topic of the standby was deleted', plant: ({ world }) => world.state.topics.remove(TOKYO, `arn:aws:sns:${TOKYO}:111122223333:dr`), found: ['warning topic-missing notify.sns-1'] },
  { name: 'the health check of the standby tests what only the active side does', plant: async (sim) => { sim.world.addHealthCheck({ id: 'hc-deep', watches: { kind: 'region-endpoint', region: TOKYO }, intervalSeconds: 10, failureThreshold: 3 }); await pair(sim, { tokyoCheck: 'hc-deep' }); }, found: ['warning health-check-failing route53:Z0123456789ABCDEFGHIJ:shop.example.com A'] },
];

export const ARCHIVE: Trouble[] = [
  { name: 'the newest recovery point is older than the RPO', plant: async (sim) => { sim.world.state.backups.regionChanged(SEOUL, false, sim.clock.now()); await sleep(sim, 3_600_000); }, found: [`error rpo-gate ${SITE}`] },
  { name: 'the writer has grown', plant: (sim) => change(sim, { region: SEOUL, id: 'archive-documents' }, { instanceClass: 'db.r6g.4xlarge' }), found: [`warning instance-class rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'clients of the writer log in by IAM', plant: (sim) => change(sim, { region: SEOUL, id: 'archive-documents' }, { settings: { iamAuthentication: true } }), found: [`error iam-authentication rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'the writer is protected and sends its log to CloudWatch', plant: (sim) => change(sim, { region: SEOUL, id: 'archive-documents' }, { deletionProtection: true, settings: { logExports: ['postgresql'] } }), found: [`warning restore-defaults rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'backups of the writer are kept for longer', plant: (sim) => change(sim, { region: SEOUL, id: 'archive-documents' }, { backupRetentionDays: 30 }), found: [`note backup-retention rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'backups of the writer are off', plant: (sim) => change(sim, { region: SEOUL, id: 'archive-documents' }, { backupRetentionDays: 0 }), found: [`warning standby-source rds:${SEOUL}:archive-documents`] },
  { name: 'the quarantine of the restored instance lets somebody in', plant: ({ world }) => world.addSecurityGroup({ region: TOKYO, id: 'sg-0b20000000000000b', name: 'quarantine', closed: false }), found: [`error quarantine-open rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'the security group of the restore is in another VPC', plant: ({ world }) => world.addSecurityGroup({ region: TOKYO, id: 'sg-0b10000000000000b', name: 'db', closed: false, vpc: 'vpc-2' }), found: [`error restore-settings rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'RDS does not offer the class of the restore in the target', plant: ({ world }) => world.state.dbOffers.withhold({ region: TOKYO, instanceClass: 'db.r6g.large' }), found: [`error restore-settings rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'the account may have no more instances in the target', plant: ({ world }) => world.state.dbQuotas.set(TOKYO, 'DBInstances', 0), found: [`error quota rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'the account may have no more storage in the target', plant: ({ world }) => world.state.dbQuotas.set(TOKYO, 'AllocatedStorage', 99), found: [`error quota rds:${TOKYO}:archive-documents-tokyo`] },
  { name: 'no image to launch in the target', plant: ({ world }) => { for (const { id } of world.state.instances.imagesIn(TOKYO)) world.state.instances.removeImage(TOKYO, id); }, found: ['error image compute.api'] },
  { name: 'no image to launch on the way home', plant: ({ world }) => { for (const { id } of world.state.instances.imagesIn(SEOUL)) world.state.instances.removeImage(SEOUL, id); }, found: [`warning image ec2:${SEOUL}:api`] },
];

export const BILLING: Trouble[] = [
  { name: 'instances that wait are of another type', plant: ({ world, clock }) => { for (const row of world.state.instances.all()) if (row.region === TOKYO) world.state.instances.put({ ...row, type: 't4g.micro' }, clock.now()); }, found: [`warning instance-type ec2:${TOKYO}:batch`] },
  { name: 'no zone offers the types of instances that wait', plant: ({ world }) => { for (const zone of ['a', 'c', 'd']) for (const type of ['m6g.large', 'm7g.large', 'm6i.large']) world.state.instances.withhold({ region: TOKYO, zone: `${TOKYO}${zone}`, type }); }, found: [...['api', 'api', 'batch', 'batch', 'batch'].map((name) => `warning type-not-offered ${name === 'api' ? 'autoscaling' : 'ec2'}:${TOKYO}:${name === 'api' ? 'billing-api' : name}`)] },
  { name: 'instances that wait are in one zone', plant: ({ world, clock }) => { for (const row of world.state.instances.all()) if (row.region === TOKYO) world.state.instances.put({ ...row, zone: `${TOKYO}a` }, clock.now()); }, found: [`warning zones ec2:${TOKYO}:batch`] },
];

export const WRITERS: Trouble[] = [
  { name: 'two writers that make the same keys', plant: (sim) => { sim.world.addDbParameterGroup({ region: TOKYO, name: 'twins', parameters: { auto_increment_increment: '2', auto_increment_offset: '1' } }); change(sim, { region: TOKYO, id: 'tickets-tokyo' }, { parameterGroup: 'twins' }); }, found: ['error unique-keys databases.tickets'] },
  { name: 'one writer is smaller', plant: (sim) => change(sim, { region: TOKYO, id: 'tickets-tokyo' }, { instanceClass: 'db.t4g.micro' }), found: [`warning instance-class rds:${SEOUL}:tickets-seoul`, `warning instance-class rds:${TOKYO}:tickets-tokyo`] },
  { name: 'one writer is stopped', plant: (sim) => sim.world.setDbStatus({ region: TOKYO, id: 'tickets-tokyo' }, 'stopped'), found: [`warning writer-status rds:${TOKYO}:tickets-tokyo`] },
];

export const MAIN = { region: SEOUL, id: 'shop-orders' };
export const COPY = { region: TOKYO, id: 'shop-orders-tokyo' };
export const AT_COPY = `rds:${TOKYO}:shop-orders-tokyo`;
export const AT_MAIN = `rds:${SEOUL}:shop-orders`;

export const REPLICA: Trouble[] = [
  { name: 'replication was stopped', plant: async (sim) => { sim.world.setReplication(COPY, { mode: 'stopped' }); await sleep(sim, 600_000); }, found: [`error rpo-gate databases.orders`, `error replication ${AT_COPY}`] },
  { name: 'the replica lags more than the RPO', plant: async (sim) => { sim.world.setReplication(COPY, { lagMs: 900_000 }); await sleep(sim, 400_000); }, found: ['error rpo-gate databases.orders'] },
  { name: 'somebody has made the replica a writer of its own', plant: (sim) => sim.world.detachReplica(COPY), found: ['error rpo-gate databases.orders', `error replica-role ${AT_COPY}`] },
  { name: 'the replica is stopped', plant: (sim) => sim.world.setDbStatus(COPY, 'stopped'), found: [`error replica-usable ${AT_COPY}`, `error replication ${AT_COPY}`] },
  { name: 'the replica waits for its storage to be optimised', plant: (sim) => sim.world.setDbStatus(COPY, 'storage-optimization'), found: [`warning promote-later ${AT_COPY}`] },
  { name: 'the replica is being backed up', plant: (sim) => sim.world.setDbStatus(COPY, 'backing-up'), found: [`warning promote-later ${AT_COPY}`] },
  { name: 'the replica runs MySQL, whose scheduled events a promotion leaves disabled', plant: (sim) => change(sim, COPY, { engine: 'mysql' }), found: [`error canary ${AT_COPY}`, `note scheduled-events ${AT_COPY}`, `note write-proof ${AT_COPY}`] },
  { name: 'a change waits for the maintenance window', plant: (sim) => change(sim, COPY, { pending: { settings: { engineVersion: '17.6' } } }), found: [`warning pending-changes ${AT_COPY}`] },
  { name: 'the engine of the replica is another version', plant: (sim) => change(sim, COPY, { settings: { engineVersion: '17.6' } }), found: [`warning engine-version ${AT_COPY}`] },
  { name: 'IAM authentication on the writer alone', plant: (sim) => change(sim, MAIN, { settings: { iamAuthentication: true } }), found: [`error iam-authentication ${AT_COPY}`] },
  { name: 'an option group on the writer alone', plant: (sim) => change(sim, MAIN, { settings: { optionGroup: 'tde' } }), found: [`warning option-group ${AT_COPY}`] },
  { name: 'a replica in one zone', plant: (sim) => change(sim, MAIN, { multiAz: true }), found: [`warning multi-az ${AT_COPY}`] },
  { name: 'less storage', plant: (sim) => change(sim, MAIN, { settings: { allocatedStorage: 200 } }), found: [`error storage-size ${AT_COPY}`] },
  { name: 'slower storage', plant: (sim) => change(sim, MAIN, { settings: { storageType: 'io2', iops: 12_000 } }), found: [`warning storage-speed ${AT_COPY}`] },
  { name: 'storage that does not grow', plant: (sim) => change(sim, MAIN, { settings: { maxAllocatedStorage: 1_000 } }), found: [`warning storage-growth ${AT_COPY}`] },
  { name: 'a replica that anybody may delete', plant: (sim) => change(sim, MAIN, { deletionProtection: true }), found: [`warning deletion-protection ${AT_COPY}`] },
  { name: 'a smaller class', plant: (sim) => change(sim, MAIN, { instanceClass: 'db.r6g.4xlarge' }), found: [`warning instance-class ${AT_COPY}`] },
  {
    name: 'parameters that differ',
    plant: (sim) => {
      const { world } = sim;
      world.addDbParameterGroup({ region: SEOUL, name: 'orders', parameters: { max_connections: '2000', work_mem: '65536' } });
      world.addDbParameterGroup({ region: TOKYO, name: 'orders', parameters: { max_connections: '200', work_mem: '65536' } });
      for (const one of [MAIN, COPY]) change(sim, one, { parameterGroup: 'orders' });
    },
    found: [`warning parameters ${AT_COPY}`],
  },
  { name: 'the writer keeps its password in Secrets Manager', plant: (sim) => change(sim, MAIN, { settings: { managedPassword: true } }), found: [`warning standby-source ${AT_MAIN}`] },
  { name: 'the writer is stopped', plant: (sim) => sim.world.setDbStatus(MAIN, 'stopped'), found: [`error replication ${AT_COPY}`, `warning writer-status ${AT_MAIN}`] },
  { name: 'the quarantine lets somebody in', plant: ({ world }) => world.addSecurityGroup({ region: SEOUL, id: 'sg-0aaaaaaaaaaaaaaaa', name: 'quarantine', closed: false }), found: [`error quarantine ${AT_MAIN}`] },
  { name: 'the quarantine of the way home is in another VPC', plant: ({ world }) => world.addSecurityGroup({ region: TOKYO, id: 'sg-0bbbbbbbbbbbbbbbb', name: 'quarantine', closed: true, vpc: 'vpc-2' }), found: [`error quarantine ${AT_COPY}`] },
  {
    name: 'security groups of the runbook that are elsewhere',
    plant: ({ world }) => world.addSecurityGroup({ region: TOKYO, id: 'sg-0dddddddddddddddd', name: 'application', closed: false, vpc: 'vpc-2' }),
    runbook: (text) => text.replace('    retentionDays: 7', `    securityGroups: { ${SEOUL}: [sg-0cccccccccccccccc], ${TOKYO}: [sg-0dddddddddddddddd] }\n    retentionDays: 7`),
    found: [`warning security-groups ${AT_COPY}`],
  },
  { name: 'a parameter group that waits for a restart', plant: (sim) => { sim.world.addDbParameterGroup({ region: TOKYO, name: 'new' }); change(sim, COPY, { parameterGroup: 'new', pendingReboot: true }); }, found: [`warning parameter-restart ${AT_COPY}`] },
  { name: 'no row proves that it takes writes', plant: () => undefined, runbook: (text) => text.replace(/ {4}canary:.*\n/, ''), found: [`note write-proof ${AT_COPY}`] },
  { name: 'backups are kept for a day after a promotion', plant: () => undefined, runbook: (text) => text.replace(/ {4}retentionDays:.*\n/, ''), found: [`warning backup-retention ${AT_COPY}`] },
];

/** All of them, by the runbook in whose world they are planted. */
export const TROUBLES: readonly { example: string; troubles: readonly Trouble[] }[] = [
  { example: 'shop', troubles: [...REPLICA, ...SHOP, ...SHOP_READINESS, ...SHOP_WAY_IN] },
  { example: 'archive', troubles: [...ARCHIVE, ...ARCHIVE_READINESS, ...ARCHIVE_WAY_IN] },
  { example: 'billing', troubles: [...BILLING, ...BILLING_READINESS] },
  { example: 'active-active', troubles: [...WRITERS, ...WRITERS_WAY_IN] },
];
