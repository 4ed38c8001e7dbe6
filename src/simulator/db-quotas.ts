/*
 * What an account may have of RDS in a region, and what it has.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
 */

/** The defaults of AWS; that of an account may be another one. */
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
