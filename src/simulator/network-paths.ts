/** A path of Reachability Analyzer, with its analyses. */
export interface NetworkPathSeed {
  region: string;
  id: string;
  /** Its tag `Name`. Default: no tag. */
  name?: string;
  analyses: readonly AnalysisSeed[];
}

export interface AnalysisSeed {
  /** Milliseconds, from when it is seeded. */
  ageMs: number;
  /** Default: succeeded. */
  status?: 'running' | 'succeeded' | 'failed';
  /** Why it failed. */
  message?: string;
  /** Of one that succeeded. */
  found?: boolean;
  /** Why no path was found. */
  codes?: readonly string[];
}

/** Paths by region. They do not change, and nothing of the world decides what an analysis has found. */
export class NetworkPaths {
  private readonly byId = new Map<string, NetworkPathSeed & { seededAt: number }>();

  add(seed: NetworkPathSeed, now: number): void {
    this.byId.set(`${seed.region}/${seed.id}`, { ...seed, seededAt: now });
  }

  remove(region: string, id: string): void {
    this.byId.delete(`${region}/${id}`);
  }

  /** By id. */
  in(region: string): NetworkPathSeed[] {
    return [...this.byId.values()].filter((one) => one.region === region).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(region: string, id: string): (NetworkPathSeed & { seededAt: number }) | undefined {
    return this.byId.get(`${region}/${id}`);
  }
}
