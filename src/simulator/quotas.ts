/* What an account may have in a region. The defaults are AWS's; those of an account may be other ones. */

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html */
export const DB_QUOTAS = { DBInstances: 40, AllocatedStorage: 100_000, ReadReplicasPerMaster: 15 } as const;
export type DbQuotaName = keyof typeof DB_QUOTAS;

export class DbQuotas {
  readonly #own = new Map<string, number>();

  set(region: string, name: DbQuotaName, max: number): void {
    this.#own.set(`${region} ${name}`, max);
  }

  max(region: string, name: DbQuotaName): number {
    return this.#own.get(`${region} ${name}`) ?? DB_QUOTAS[name];
  }
}

/**
 * vCPUs that run on demand, of the families that the world knows: A, C, D, H, I, M, R, T and Z. A stopped instance does not count.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
 */
export const STANDARD = { code: 'L-1216C47A', name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances', class: 'Standard/OnDemand' } as const;

/** Not AWS's default of 5, which no account that runs anything has left. */
const VCPUS = 512;

const SIZES: Readonly<Record<string, number>> = { nano: 2, micro: 2, small: 2, medium: 2, large: 2, xlarge: 4 };

/** https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html: a large has two, and each size doubles it. */
export function vcpusOf(type: string): number {
  const size = type.split('.')[1] ?? '';
  const times = /^(\d+)xlarge$/.exec(size)?.[1];
  return times === undefined ? (SIZES[size] ?? 2) : 4 * Number(times);
}

export class VcpuQuotas {
  readonly #own = new Map<string, number>();
  /** Beside what the world knows of, e.g. of other applications. */
  readonly #others = new Map<string, number>();

  set(region: string, max: number): void {
    this.#own.set(region, max);
  }

  max(region: string): number {
    return this.#own.get(region) ?? VCPUS;
  }

  setOthers(region: string, vcpus: number): void {
    this.#others.set(region, vcpus);
  }

  used(region: string, running: readonly string[]): number {
    return running.reduce((sum, type) => sum + vcpusOf(type), this.#others.get(region) ?? 0);
  }
}
