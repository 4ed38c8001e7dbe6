import { isDefaultGroup } from './db-settings.ts';
import { VPC } from './security-groups.ts';

/** Subnet groups, parameter groups and option groups of databases, by region and name. They do not change. */
export class DbGroups {
  private readonly subnets = new Map<string, string>();
  private readonly options = new Set<string>();
  private readonly parameters = new Map<string, string>();
  /** What people have set in a parameter group. */
  private readonly values = new Map<string, Readonly<Record<string, string>>>();

  addSubnetGroup(seed: { region: string; name: string; vpc?: string }): void {
    this.subnets.set(`${seed.region}/${seed.name}`, seed.vpc ?? VPC);
  }

  addParameterGroup(seed: { region: string; name: string; family?: string; parameters?: Readonly<Record<string, string>> }): void {
    this.parameters.set(`${seed.region}/${seed.name}`, seed.family ?? 'postgres17');
    this.values.set(`${seed.region}/${seed.name}`, seed.parameters ?? {});
  }

  addOptionGroup(seed: { region: string; name: string }): void {
    this.options.add(`${seed.region}/${seed.name}`);
  }

  /** Names, sorted. */
  subnetGroupsIn(region: string): string[] {
    return namesIn(this.subnets, region);
  }

  parameterGroupsIn(region: string): string[] {
    return namesIn(this.parameters, region);
  }

  hasOptionGroup(region: string, name: string): boolean {
    return isDefaultGroup(name) || this.options.has(`${region}/${name}`);
  }

  hasSubnetGroup(region: string, name: string): boolean {
    return this.subnets.has(`${region}/${name}`);
  }

  /** That of a subnet group, which an instance in it is in too. */
  vpcOf(region: string, name: string): string {
    return this.subnets.get(`${region}/${name}`) ?? VPC;
  }

  hasParameterGroup(region: string, name: string): boolean {
    return this.parameters.has(`${region}/${name}`);
  }

  valuesOf(region: string, name: string): Readonly<Record<string, string>> {
    return this.values.get(`${region}/${name}`) ?? {};
  }

  familyOf(region: string, name: string): string | undefined {
    return this.parameters.get(`${region}/${name}`);
  }
}

function namesIn(table: ReadonlyMap<string, string>, region: string): string[] {
  return [...table.keys()].filter((key) => key.startsWith(`${region}/`)).map((key) => key.slice(region.length + 1)).sort();
}
