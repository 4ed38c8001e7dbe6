import type { LoadedRunbook } from '../runbook/runbook.ts';
import type { AutomatedBackupSeed, AutoScalingGroupSeed, DbInstanceSeed, HealthCheckSeed, HostedZoneSeed, SecurityGroupSeed } from '../simulator/seeds.ts';
import { SharedWorld } from '../simulator/shared-world.ts';
import { VirtualClock } from '../simulator/virtual-clock.ts';
import { type Account, keyIn, recordKey } from './account.ts';
import { kindsOf, simulateAll } from './stage.ts';

/** What a runbook's world is made of: for each thing in it an account can be asked. */
export class Implied extends SharedWorld {
  readonly databases: DbInstanceSeed[] = [];
  readonly groups: AutoScalingGroupSeed[] = [];
  readonly securityGroups: SecurityGroupSeed[] = [];
  readonly backups: AutomatedBackupSeed[] = [];
  readonly zones: HostedZoneSeed[] = [];
  readonly checks: HealthCheckSeed[] = [];

  override addDbInstance(seed: DbInstanceSeed): void {
    this.databases.push(seed);
    super.addDbInstance(seed);
  }

  override addAutoScalingGroup(seed: AutoScalingGroupSeed): void {
    this.groups.push(seed);
    super.addAutoScalingGroup(seed);
  }

  override addSecurityGroup(seed: SecurityGroupSeed): void {
    this.securityGroups.push(seed);
    super.addSecurityGroup(seed);
  }

  override addAutomatedBackup(seed: AutomatedBackupSeed): void {
    this.backups.push(seed);
    super.addAutomatedBackup(seed);
  }

  override addHostedZone(seed: HostedZoneSeed): void {
    this.zones.push(seed);
    super.addHostedZone(seed);
  }

  override addHealthCheck(seed: HealthCheckSeed): void {
    this.checks.push(seed);
    super.addHealthCheck(seed);
  }
}

export async function impliedBy(loaded: LoadedRunbook): Promise<Implied> {
  const regions = loaded.runbook.regions.map(({ id }) => id);
  const world = new Implied({ clock: new VirtualClock(), seed: 1, regions: [...new Set([...regions, 'us-east-1'])] });
  simulateAll(world, loaded, await kindsOf(loaded));
  return world;
}

/**
 * What an account lacks of this runbook's world, in words; empty where it has all. What nobody has read would be played as the runbook has it,
 * and called the account's.
 */
export function missingIn(account: Partial<Account>, { databases, groups, securityGroups, backups, checks, zones }: Implied): string[] {
  const gone = account.zonesGone ?? [];
  const wanted: ['databases' | 'groups' | 'securityGroups' | 'backups' | 'checks' | 'records', string[]][] = [
    ['databases', databases.map(({ region, id }) => keyIn(region, id))],
    ['groups', groups.map(({ region, name }) => keyIn(region, name))],
    ['securityGroups', securityGroups.map(({ region, id }) => keyIn(region, id))],
    ['backups', backups.map(({ region, source }) => keyIn(region, source.id))],
    ['checks', checks.map(({ id }) => id)],
    ['records', zones.filter(({ id }) => !gone.includes(id)).flatMap(({ id, records }) => records.map((set) => recordKey(id, set)))],
  ];
  const lists = (['zonesGone', 'protections', 'seen', 'assumed', 'unlike'] as const).filter((part) => !Array.isArray(account[part]));
  return [...lists, ...wanted.flatMap(([part, keys]) => keys.filter((key) => !Object.hasOwn(account[part] ?? {}, key)).map((key) => `${part} ${key}`))];
}
