/*
 * Whether several writers can make keys without making the same one twice: each counts in steps of its own, from a start
 * of its own. Pure.
 * https://dev.mysql.com/doc/refman/8.4/en/replication-options-source.html#sysvar_auto_increment_increment
 */

/** What MySQL counts with, where nobody has said otherwise. */
export const DEFAULTS = { increment: 1, offset: 1 } as const;

export interface KeySettings {
  region: string;
  /** `runbook`: said by the runbook, for the region could not be asked. */
  from: 'group' | 'runbook';
  /** Undefined: not known. */
  increment: number | undefined;
  offset: number | undefined;
}

/** What is wrong with the writers' settings together; empty when no two can make the same key. */
export function keyProblems(writers: readonly KeySettings[]): string[] {
  const problems: string[] = [];
  for (const { region, increment, offset } of writers) {
    if (increment !== undefined && increment < writers.length) {
      problems.push(`${region} counts in steps of ${increment}, and there are ${writers.length} writers`);
    }
    // MySQL ignores an offset that is above the increment.
    if (increment !== undefined && offset !== undefined && offset > increment) {
      problems.push(`${region} has the offset ${offset} above its increment ${increment}, which MySQL ignores`);
    }
  }
  const known = writers.filter((writer) => writer.increment !== undefined);
  const other = known.find((writer) => writer.increment !== known[0]?.increment);
  if (other !== undefined) problems.push(`${known[0]?.region ?? ''} counts in steps of ${known[0]?.increment ?? 0}, ${other.region} in steps of ${other.increment ?? 0}`);
  const seen = new Map<number, string>();
  for (const { region, offset } of writers) {
    if (offset === undefined) continue;
    const twin = seen.get(offset);
    if (twin !== undefined) problems.push(`${twin} and ${region} both start at ${offset}`);
    else seen.set(offset, region);
  }
  return problems;
}
