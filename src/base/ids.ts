/** Random names as a dependency, so that a simulated run can be replayed from its seed. */
export interface Ids {
  /** Lower-case hexadecimal of `bytes` random bytes. */
  hex(bytes: number): string;
}

export const systemIds: Ids = { hex: (bytes) => process.getBuiltinModule('node:crypto').randomBytes(bytes).toString('hex') };

/** e.g. `20261120T101500Z-shop-failover-1a2b3c`: sorts by time, safe as a file name. */
export function runId(ids: Ids, nowMs: number, runbook: string, verb: string): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  return `${stamp}-${runbook}-${verb}-${ids.hex(3)}`;
}

/** Run ids become folder names: nothing else may pass. */
export const RUN_ID = /^\d{8}T\d{6}Z-[a-z0-9][a-z0-9-]{0,62}-[a-z]+-[0-9a-f]{6}$/;

/** What a run id says by itself. Undefined of anything else. */
export function partsOfRunId(id: string): { startedAt: number; runbook: string; verb: string } | undefined {
  if (!RUN_ID.test(id)) return undefined;
  const [stamp = '', ...rest] = id.split('-');
  const startedAt = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  return { startedAt, runbook: rest.slice(0, -2).join('-'), verb: rest.at(-2) ?? '' };
}
