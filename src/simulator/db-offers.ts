/*
 * What RDS offers in a region: everything, but what a seed withholds.
 */

interface Withheld {
  region: string;
  instanceClass: string;
  /** Default: all. */
  zones?: readonly string[];
  /** As Multi-AZ only. */
  multiAz?: true;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html */
export const AUTHORITIES: readonly string[] = ['rds-ca-rsa2048-g1', 'rds-ca-rsa4096-g1', 'rds-ca-ecc384-g1'];
const ZONES = ['a', 'b', 'c', 'd'];

export class DbOffers {
  readonly #withheld: Withheld[] = [];
  readonly #withoutAuthority = new Set<string>();

  withhold(seed: Withheld): void {
    this.#withheld.push(seed);
  }

  withholdAuthority(region: string, id: string): void {
    this.#withoutAuthority.add(`${region} ${id}`);
  }

  hasAuthority(region: string, id: string): boolean {
    return AUTHORITIES.includes(id) && !this.#withoutAuthority.has(`${region} ${id}`);
  }

  /** Where a class may be made; empty where it is not offered at all. */
  zonesOf(region: string, instanceClass: string): string[] {
    const own = this.#withheld.filter((one) => one.region === region && one.instanceClass === instanceClass && one.multiAz === undefined);
    if (own.some(({ zones }) => zones === undefined)) return [];
    return ZONES.map((letter) => `${region}${letter}`).filter((zone) => !own.some(({ zones }) => zones?.includes(zone) === true));
  }

  asMultiAz(region: string, instanceClass: string): boolean {
    return !this.#withheld.some((one) => one.region === region && one.instanceClass === instanceClass && one.multiAz === true);
  }
}
