/*
 * vCPUs that run on demand, by family: what an account may have in a region, and what it has. A stopped instance does not count.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
 */

/** Of the families that the world knows: that of A, C, D, H, I, M, R, T and Z. */
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

  /** Of instances of these types that run, and of the others. */
  used(region: string, running: readonly string[]): number {
    return running.reduce((sum, type) => sum + vcpusOf(type), this.#others.get(region) ?? 0);
  }
}
