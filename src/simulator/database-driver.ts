/** An instance of the world: identifiers are unique in their region only. */
export interface DbRef {
  readonly region: string;
  readonly id: string;
}

/**
 * Real databases behind the model: what the lab implements. The model keeps AWS's states, the driver does the work.
 */
export interface DatabaseDriver {
  /**
   * Called when a promotion begins. The instance is done when this is fulfilled and the modelled time is over; if it
   * is rejected, the instance becomes `failed`.
   */
  promote(ref: DbRef): Promise<void>;
  /** Lag of a replica behind its source in milliseconds, now; undefined when it cannot be told. */
  lagMs(ref: DbRef): number | undefined;
  /**
   * Called when a change of security groups begins: `closed` when none of the new groups lets anything in. The
   * modification ends when this is fulfilled and the modelled time is over.
   */
  quarantine(ref: DbRef, closed: boolean): Promise<void>;
  /**
   * Called when an instance is made out of a backup of `source` that holds what was committed until `upTo`, reachable
   * unless `closed`. Fulfilled with its endpoint. Absent: these databases cannot be restored.
   */
  restore?(ref: DbRef, from: { source: DbRef; upTo: number; closed: boolean }): Promise<{ address: string; port: number }>;
}

export function sameRef(a: DbRef | undefined, b: DbRef | undefined): boolean {
  return a !== undefined && b !== undefined && a.region === b.region && a.id === b.id;
}

/** Key of an instance in tables and maps. */
export function refKey(ref: DbRef): string {
  return `${ref.region}/${ref.id}`;
}
