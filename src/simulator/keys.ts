import type { Core } from './core.ts';

export interface Key {
  readonly region: string;
  readonly arn: string;
  readonly state: 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport' | 'Unavailable';
  /** A key of AWS itself needs no permission of anybody, and cannot be changed. */
  readonly manager: 'AWS' | 'CUSTOMER';
  /** ARNs that its policy lets use it, besides the account itself; `*`: everybody. */
  readonly users: readonly string[];
  readonly granted: readonly string[];
}

type KeySeed = Pick<Key, 'region' | 'arn'> & Partial<Key>;

/** The key of AWS itself that everything is encrypted with where no other is named. */
export function defaultKey(region: string, account: string): string {
  return `arn:aws:kms:${region}:${account}:key/00000000-0000-4000-8000-000000000000`;
}

/** Keys by region. What something was encrypted with is there; nobody but a seed changes it. */
export class Keys {
  private readonly core: Core;
  private readonly byArn = new Map<string, Key>();

  constructor(core: Core) {
    this.core = core;
  }

  add(seed: KeySeed): void {
    const known: Key = this.byArn.get(seed.arn) ?? { state: 'Enabled', manager: 'CUSTOMER', users: [], granted: [], region: seed.region, arn: seed.arn };
    this.byArn.set(seed.arn, { ...known, ...seed });
  }

  used(region: string, arn: string | undefined): void {
    if (arn !== undefined && !this.byArn.has(arn)) this.add({ region, arn });
  }

  /** What is encrypted with it can be opened. */
  usable(region: string, arn: string): boolean {
    return this.find(region, arn)?.state === 'Enabled';
  }

  remove(arn: string): void {
    this.byArn.delete(arn);
  }

  /** By its id or its ARN, in its own region only. */
  find(region: string, idOrArn: string): Key | undefined {
    const arn = idOrArn.startsWith('arn:') ? idOrArn : `arn:aws:kms:${region}:${this.core.account}:key/${idOrArn}`;
    const known = this.byArn.get(arn);
    if (known !== undefined) return known.region === region ? known : undefined;
    if (arn !== defaultKey(region, this.core.account)) return undefined;
    return { region, arn, state: 'Enabled', manager: 'AWS', users: [], granted: [] };
  }
}
