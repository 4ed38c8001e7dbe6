import type { OutputOf } from '../aws/operations.ts';

type ProxyView = NonNullable<OutputOf<'rds', 'DescribeDBProxies'>['DBProxies']>[number];
type HealthView = NonNullable<NonNullable<OutputOf<'rds', 'DescribeDBProxyTargets'>['Targets']>[number]['TargetHealth']>;

/** A proxy of RDS. */
export interface DbProxySeed {
  region: string;
  name: string;
  /** Default: POSTGRESQL. */
  engineFamily?: 'MYSQL' | 'POSTGRESQL' | 'SQLSERVER';
  /** Default: the VPC that everything is in. */
  vpc?: string;
  /** Default: available. */
  status?: NonNullable<ProxyView['Status']>;
  /** The one DB instance that it leads to. Default: none. */
  target?: string;
  /** Of the target. Default: AVAILABLE. */
  health?: HealthView;
}

/** Proxies by region and name. They do not change. */
export class DbProxies {
  private readonly byName = new Map<string, DbProxySeed>();

  add(seed: DbProxySeed): void {
    this.byName.set(`${seed.region}/${seed.name.toLowerCase()}`, seed);
  }

  remove(region: string, name: string): void {
    this.byName.delete(`${region}/${name.toLowerCase()}`);
  }

  /** By name. */
  in(region: string): DbProxySeed[] {
    return [...this.byName.values()].filter((one) => one.region === region).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(region: string, name: string): DbProxySeed | undefined {
    return this.byName.get(`${region}/${name.toLowerCase()}`);
  }
}
