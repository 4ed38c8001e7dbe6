/** A certificate of ACM. Times in milliseconds. */
export interface CertificateSeed {
  region: string;
  arn: string;
  /** The first is its domain name. */
  names: readonly string[];
  /** Default: ISSUED. */
  status?: 'ISSUED' | 'PENDING_VALIDATION' | 'EXPIRED' | 'REVOKED' | 'FAILED';
  /** From now on. Default: 200 days. */
  validForMs?: number;
  /** Default: AMAZON_ISSUED. */
  type?: 'AMAZON_ISSUED' | 'IMPORTED';
}

export interface OwnCertificate extends Required<Omit<CertificateSeed, 'validForMs'>> {
  readonly notAfter: number;
}

const VALID_MS = 200 * 86_400_000;

/** Certificates by region. They do not change. */
export class Certificates {
  private readonly byArn = new Map<string, OwnCertificate>();

  add({ validForMs = VALID_MS, ...seed }: CertificateSeed, now: number): void {
    this.byArn.set(seed.arn, { status: 'ISSUED', type: 'AMAZON_ISSUED', ...seed, notAfter: now + validForMs });
  }

  get(region: string, arn: string): OwnCertificate | undefined {
    const found = this.byArn.get(arn);
    return found?.region === region ? found : undefined;
  }
}
