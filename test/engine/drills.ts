import { fileURLToPath } from 'node:url';
import type { World } from '../../src/simulator/world.ts';
import type { Direction } from '../../src/app/observe.ts';
import { BRISK, type Case } from './sweep.ts';
import { type Simulation, simulation, TOKYO } from './simulated.ts';

export const DRILL: Direction = { verb: 'drill', region: TOKYO };
export const STANDBY = { region: TOKYO, id: 'shop-orders-tokyo' };

/** A world in which a drill can be made: the standby keeps backups. */
export async function drillable(runbook = 'shop'): Promise<Simulation> {
  const sim = await simulation({ path: fileURLToPath(new URL(`../../runbooks/${runbook}.yaml`, import.meta.url)), timings: BRISK });
  await keepBackups(sim);
  return sim;
}

/** Every replica keeps backups, as a person who drills has asked for. */
export async function keepBackups(sim: Simulation): Promise<void> {
  const replicas = sim.world.snapshot().databases.filter(({ role }) => role === 'replica');
  await sim.clock.run(async () => {
    for (const { region, id } of replicas) {
      const input = { DBInstanceIdentifier: id, BackupRetentionPeriod: 1, ApplyImmediately: true };
      await sim.effects.aws.call({ service: 'rds', region, operation: 'ModifyDBInstance', input });
    }
    await sim.clock.sleep(300_000);
  });
}

export function drillCase(runbook: string, make: () => Promise<Simulation> = () => drillable(runbook)): Case {
  return { name: `drill of ${runbook}`, make, direction: DRILL, outcome: 'succeeded' };
}

interface Named {
  DBInstanceIdentifier?: string;
  TargetDBInstanceIdentifier?: string;
  AutoScalingGroupName?: string;
  ChangeBatch?: { Changes?: { ResourceRecordSet?: { Name?: string } }[] };
  InstanceIds?: readonly string[];
  TagSpecifications?: { Tags?: { Key?: string; Value?: string }[] }[];
}

/** It changes nothing, and asks only whether it might. */
export function isDryRun(input: unknown): boolean {
  return (input as { DryRun?: boolean }).DryRun === true;
}

/** As a drill sees an instance. Several may have one name. */
export function instanceName({ id, name = '' }: { id: string; name?: string | undefined }): string {
  return `${name} ${id}`.trim();
}

/** What a request names that it changes. An instance has the name that its tag says, and the launch of one without a name is one of nothing. */
export function namesChanged(world: World, { region, operation, input }: { region: string; operation: string; input: unknown }): string[] {
  const { DBInstanceIdentifier, TargetDBInstanceIdentifier, AutoScalingGroupName: group, ChangeBatch: batch, InstanceIds: ids = [], TagSpecifications: tags = [] } = input as Named;
  const launched = operation === 'RunInstances' ? [tags.flatMap(({ Tags = [] }) => Tags).find(({ Key }) => Key === 'Name')?.Value ?? 'an instance without a name'] : [];
  const instances = ids.map((id) => instanceName({ id, name: world.state.instances.get(region, id)?.tags.Name }));
  return [TargetDBInstanceIdentifier ?? DBInstanceIdentifier, group, ...(batch?.Changes ?? []).map((change) => change.ResourceRecordSet?.Name), ...launched, ...instances].filter((name) => name !== undefined);
}

/** Names of twins that are in a world, of whatever drill. */
export function twinsIn(sim: Simulation): string[] {
  sim.world.tick();
  const { databases, groups, records, instances } = sim.world.snapshot();
  return [...databases.map(({ id }) => id), ...groups.map(({ name }) => name), ...records.map(({ name }) => name), ...instances.map(instanceName)].filter((name) => name.startsWith('dr-drill-'));
}
