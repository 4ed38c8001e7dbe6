import type { Core } from './core.ts';

/** An event of AWS Health. Nothing of the world publishes one: somebody does. */
interface HealthEventSeed {
  /** `global` for a service that has no region. */
  region: string;
  service: string;
  /** Default: an operational issue of the service. */
  code?: string;
  /** Default: issue. */
  category?: 'issue' | 'accountNotification' | 'scheduledChange';
  /** Default: open. */
  status?: 'open' | 'closed' | 'upcoming';
  zone?: string;
  /** Milliseconds since the epoch. Default: now. */
  startedAt?: number;
}

type PublishedEvent = Required<Omit<HealthEventSeed, 'zone'>> & Pick<HealthEventSeed, 'zone'> & { updatedAt: number };

export class HealthEvents {
  /** Whether the account has a plan of AWS Support that the API needs. */
  plan = true;
  private readonly core: Core;
  private readonly all: PublishedEvent[] = [];

  constructor(core: Core) {
    this.core = core;
  }

  add(seed: HealthEventSeed): void {
    const now = this.core.clock.now();
    this.all.push({ code: `AWS_${seed.service}_OPERATIONAL_ISSUE`, category: 'issue', status: 'open', startedAt: now, ...seed, updatedAt: now });
  }

  newestFirst(): readonly PublishedEvent[] {
    return this.all.toReversed();
  }
}
