import { describe, expect, it } from 'vitest';
import { SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { checkIn, shortly, worldOf } from './world.ts';

const MAIN = { region: SEOUL, id: 'shop-orders' };
const COPY = { region: TOKYO, id: 'shop-orders-tokyo' };
const AT_COPY = `rds:${TOKYO}:shop-orders-tokyo`;
const AT_MAIN = `rds:${SEOUL}:shop-orders`;
/** What the lab's replica lacks: RDS keeps no backups of a replica unless somebody turns them on. */
const LACKS = `note replica-backups ${AT_COPY}`;

type Row = NonNullable<ReturnType<Simulation['world']['state']['databases']['row']>>;
type Patch = Partial<Omit<Row, 'settings'>> & { settings?: Partial<Row['settings']> };

/** Somebody has set an instance otherwise, long ago. */
function change(sim: Simulation, ref: { region: string; id: string }, { settings, ...patch }: Patch): void {
  const { databases } = sim.world.state;
  const row = databases.row(ref);
  if (row === undefined) throw new Error(`no ${ref.id}`);
  databases.table(ref.region).set(ref.id, { ...row, ...patch, settings: { ...row.settings, ...settings } }, sim.clock.now());
}

interface Trouble {
  name: string;
  plant: (sim: Simulation) => Promise<void> | void;
  /** All that is found, besides what the lab lacks. */
  found: string[];
  runbook?: (text: string) => string;
}

const sleep = (sim: Simulation, ms: number): Promise<void> => sim.clock.run(() => sim.clock.sleep(ms));

const TROUBLES: Trouble[] = [
  { name: 'replication was stopped', plant: async (sim) => { sim.world.setReplication(COPY, { mode: 'stopped' }); await sleep(sim, 600_000); }, found: [`error rpo-gate databases.orders`, `error replication ${AT_COPY}`] },
  { name: 'the replica lags more than the RPO', plant: async (sim) => { sim.world.setReplication(COPY, { lagMs: 900_000 }); await sleep(sim, 400_000); }, found: ['error rpo-gate databases.orders'] },
  { name: 'somebody has made the replica a writer of its own', plant: (sim) => sim.world.detachReplica(COPY), found: ['error rpo-gate databases.orders', `error replica-role ${AT_COPY}`] },
  { name: 'the replica is stopped', plant: (sim) => sim.world.setDbStatus(COPY, 'stopped'), found: [`error replica-usable ${AT_COPY}`, `error replication ${AT_COPY}`] },
  { name: 'the replica waits for its storage to be optimised', plant: (sim) => sim.world.setDbStatus(COPY, 'storage-optimization'), found: [`warning promote-later ${AT_COPY}`] },
  { name: 'the replica is being backed up', plant: (sim) => sim.world.setDbStatus(COPY, 'backing-up'), found: [`warning promote-later ${AT_COPY}`] },
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
  { name: 'the quarantine lets somebody in', plant: ({ world }) => world.addSecurityGroup({ region: SEOUL, id: 'sg-0aaaaaaaaaaaaaaaa', name: 'quarantine', closed: false }), found: [`error quarantine ${AT_MAIN}`, `warning run-warning ${AT_MAIN}`] },
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

describe('a replica that is not ready', () => {
  it('nothing of a healthy one', async () => {
    const result = await checkIn(await worldOf('shop'));
    expect(result.ways).toEqual([{ source: SEOUL, target: TOKYO }]);
    expect(shortly(result)).toEqual([LACKS]);
    expect(result.calls.made).toBeLessThan(25);
  });

  it.each(TROUBLES)('$name', async ({ plant, found, runbook }) => {
    const sim = await worldOf('shop', runbook);
    await plant(sim);
    const seen = shortly(await checkIn(sim));
    expect(seen.filter((one) => one !== LACKS).sort()).toEqual(found.toSorted());
  });

  it('a finding says all that a person needs', async () => {
    const sim = await worldOf('shop');
    change(sim, MAIN, { multiAz: true });
    expect((await checkIn(sim)).findings[0]).toEqual({
      rule: 'multi-az',
      severity: 'warning',
      resource: AT_COPY,
      region: TOKYO,
      observed: 'shop-orders-tokyo: it is in one zone, and the writer in several',
      wanted: 'Multi-AZ, as the writer',
      consequence: 'after a promotion the loss of one zone would stop the application again',
      mend: `aws rds modify-db-instance --region ${TOKYO} --db-instance-identifier shop-orders-tokyo --multi-az --apply-immediately`,
      page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html',
      path: ['databases', 'orders'],
      target: TOKYO,
    });
  });
});

describe('a region that gives no answer', () => {
  it('the active one: what the other shows is still said', async () => {
    const sim = await worldOf('shop');
    sim.world.setReplication(COPY, { mode: 'stopped' });
    sim.world.breakRegion(SEOUL);
    const seen = shortly(await checkIn(sim));
    expect(seen).toContain(`error region-silent rds:${SEOUL}`);
    expect(seen).toContain(`error replication ${AT_COPY}`);
  });

  it('the standby: no failover can be planned, and what the active one shows is still said', async () => {
    const sim = await worldOf('shop');
    sim.world.setDbStatus(MAIN, 'stopped');
    sim.world.breakRegion(TOKYO);
    const seen = shortly(await checkIn(sim));
    expect(seen).toContain('error aws-silent runbook:shop');
    expect(seen).toContain(`warning writer-status ${AT_MAIN}`);
  });
});
