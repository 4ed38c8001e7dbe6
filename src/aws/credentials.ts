import type { Credentials, CredentialSource } from './clients.ts';

/** Why no credentials came; kept apart from what the called service itself says. */
export class CredentialsFailure extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'CredentialsFailure';
  }
}

/** Credentials are renewed when they last no longer than this, as the SDK does. */
const RENEW_BEFORE_MS = 300_000;

/**
 * One set of credentials for all clients of a process.
 *
 * Where a role is assumed, looking them up calls the STS of a region. That region may be the lost one, so each
 * region may start one look-up of its own, and the first that succeeds serves all regions: a dead STS in one
 * region never keeps calls to another waiting.
 */
export class SharedCredentials {
  private current: Credentials | undefined;
  private readonly inFlight = new Map<string, Promise<Credentials>>();
  /** Resolved by the next look-up that succeeds, no matter who began it. */
  private nextFound = Promise.withResolvers<Credentials>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** @throws CredentialsFailure */
  async get(region: string, source: CredentialSource): Promise<Credentials> {
    if (this.current && !this.expiring(this.current)) return this.current;
    const own = this.inFlight.get(region) ?? this.lookUp(region, source);
    this.inFlight.set(region, own);
    try {
      return await Promise.race([own, this.nextFound.promise]);
    } catch (error) {
      // What this region's own look-up says is closest to the call; but another may still find some.
      return await Promise.any(this.inFlight.values()).catch(() => {
        throw new CredentialsFailure(error);
      });
    }
  }

  /** What calls are signed with now, if it is known. */
  get known(): Credentials | undefined {
    return this.current;
  }

  /** Asks again for credentials that AWS has refused, once for all who had them. @returns whether there are others now */
  async renew(region: string, source: CredentialSource, refused: Credentials): Promise<boolean> {
    if (this.current === refused) this.current = undefined;
    const found = await this.get(region, source).catch(() => refused);
    return found.accessKeyId !== refused.accessKeyId || found.sessionToken !== refused.sessionToken;
  }

  private async lookUp(region: string, source: CredentialSource): Promise<Credentials> {
    try {
      const found = await source();
      this.current = found;
      this.nextFound.resolve(found);
      this.nextFound = Promise.withResolvers();
      return found;
    } finally {
      this.inFlight.delete(region);
    }
  }

  private expiring(credentials: Credentials): boolean {
    return credentials.expiration !== undefined && credentials.expiration.getTime() - this.now() < RENEW_BEFORE_MS;
  }
}
