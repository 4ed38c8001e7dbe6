import { VPC } from './security-groups.ts';

/** What an option group is for. */
export interface OptionGroup {
  readonly engine: string;
  readonly majorVersion: string;
  /** The one VPC that its members must be in. */
  readonly vpc: string | undefined;
}

export interface OptionGroupSeed {
  region: string;
  name: string;
  /** Default: postgres. */
  engine?: string;
  /** Default: 17. */
  majorVersion?: string;
  vpc?: string;
}

/** Subnet groups, parameter groups and option groups of databases, by region and name. They do not change. */
export class DbGroups {
  private readonly subnets = new Map<string, string>();
  private readonly options = new Map<string, OptionGroup>();
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

  addOptionGroup({ region, name, engine = 'postgres', majorVersion = '17', vpc }: OptionGroupSeed): void {
    this.options.set(`${region}/${name}`, { engine, majorVersion, vpc });
  }

  /** Names, sorted. */
  subnetGroupsIn(region: string): string[] {
    return namesIn(this.subnets, region);
  }

  parameterGroupsIn(region: string): string[] {
    return namesIn(this.parameters, region);
  }

  /** One that somebody has made. */
  optionGroup(region: string, name: string): OptionGroup | undefined {
    return this.options.get(`${region}/${name}`);
  }

  optionGroupsIn(region: string): string[] {
    return namesIn(this.options, region);
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

function namesIn(table: ReadonlyMap<string, unknown>, region: string): string[] {
  return [...table.keys()].filter((key) => key.startsWith(`${region}/`)).map((key) => key.slice(region.length + 1)).sort();
}
