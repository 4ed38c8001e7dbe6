/** Capacity that an account has reserved in a zone. */
export interface ReservationSeed {
  region: string;
  id: string;
  type: string;
  zone: string;
  /** Instances. */
  total: number;
  /** Instances that can still be launched into it. Default: all. */
  available?: number;
  /** Default: active. */
  state?: 'active' | 'pending' | 'expired' | 'cancelled' | 'failed';
}

/** Capacity reservations by region. They do not change: what is launched into one is not counted. */
export class Reservations {
  private readonly byId = new Map<string, Required<ReservationSeed>>();

  add(seed: ReservationSeed): void {
    this.byId.set(`${seed.region}/${seed.id}`, { state: 'active', available: seed.total, ...seed });
  }

  get(region: string, id: string): Required<ReservationSeed> | undefined {
    return this.byId.get(`${region}/${id}`);
  }
}
