/** An instance of the world: identifiers are unique in their region only. */
export interface DbRef {
  readonly region: string;
  readonly id: string;
}

export interface DbEndpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Real databases behind the model: what the lab implements. The model keeps AWS's states, the driver does the work.
 * Work that is rejected makes the instance `failed`. An operation whose hook is absent is refused as not supported.
 */
export interface DatabaseDriver {
  /**
   * Called when a promotion begins. The instance is done when this is fulfilled and the modelled time is over.
   */
  promote(ref: DbRef): Promise<void>;
  /** Lag of a replica behind its source in milliseconds, now; undefined when it cannot be told. */
  lagMs(ref: DbRef): number | undefined;
  /**
   * Called when a change of security groups begins: `closed` when none of the new groups lets anything in. Connections
   * that are there live on. The modification ends when this is fulfilled and the modelled time is over.
   */
  quarantine(ref: DbRef, closed: boolean): Promise<void>;
  /** Called when an instance is rebooted, which ends every session. Fulfilled when it runs again. Absent: only the model reboots. */
  reboot?(ref: DbRef): Promise<void>;
  /**
   * Called when an instance is made out of a backup of `source` that holds what was committed until `upTo`, reachable
   * unless `closed`. Fulfilled with its endpoint. Absent: these databases cannot be restored.
   */
  restore?(ref: DbRef, from: { source: DbRef; upTo: number; closed: boolean }): Promise<DbEndpoint>;
  /**
   * Called when a read replica of `source` is made, out of a fresh copy: reachable unless `closed`. Fulfilled with its
   * endpoint when it holds everything that was committed before the call, and continues replicating.
   */
  createReplica?(ref: DbRef, from: { source: DbRef; closed: boolean }): Promise<DbEndpoint>;
  /**
   * Called when an instance gets another identifier. Fulfilled with its endpoint under the new one, which is from then
   * on the only name it is known by here; it keeps its data, its groups and its replicas. Whatever takes the old
   * identifier later gets the old endpoint, as on AWS, where the endpoint is made of the name.
   */
  rename?(ref: DbRef, to: DbRef): Promise<DbEndpoint>;
  /** Called when an instance is deleted: its server ends, and its endpoint leads nowhere. */
  remove?(ref: DbRef): Promise<void>;
  /** Called when automated backups of an instance begin to be kept in another region, or it has a snapshot. */
  keepBackups?(source: DbRef): void;
  /**
   * Everything committed up to then can be restored elsewhere; undefined while there is nothing. The restorable time that
   * is shown is never newer.
   */
  restorableUpTo?(source: DbRef): number | undefined;
}

export function sameRef(a: DbRef | undefined, b: DbRef | undefined): boolean {
  return a !== undefined && b !== undefined && a.region === b.region && a.id === b.id;
}

/** RDS stores identifiers in lower case: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html */
export function folded(ref: DbRef): DbRef {
  return { region: ref.region, id: ref.id.toLowerCase() };
}

export function refKey(ref: DbRef): string {
  return `${ref.region}/${ref.id}`;
}

/** What was kept under one key is kept under another. */
export function rekey(map: Map<string, unknown>, from: string, to: string): void {
  const value = map.get(from);
  map.delete(from);
  if (value !== undefined) map.set(to, value);
}
