/** An alarm of CloudWatch. Nothing of the world decides its state: somebody sets it. */
export interface AlarmSeed {
  region: string;
  name: string;
  /** Default: OK. */
  state?: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
  reason?: string;
}

export class Alarms {
  private readonly byName = new Map<string, AlarmSeed & { since: number }>();

  /** A new one, or another state of one that is there. */
  set(seed: AlarmSeed, now: number): void {
    this.byName.set(`${seed.region}/${seed.name}`, { ...seed, since: now });
  }

  get(region: string, name: string): (AlarmSeed & { since: number }) | undefined {
    return this.byName.get(`${region}/${name}`);
  }
}
