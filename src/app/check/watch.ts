import type { Clock } from '../../base/clock.ts';
import { keyOfFinding } from '../../model/finding.ts';
import { rounds } from '../rounds.ts';
import type { CheckResult, PlacedFinding } from './check.ts';

/* The same check again and again: what counts is what has changed since the last one. */

interface Difference {
  runbook: string;
  appeared: readonly PlacedFinding[];
  gone: readonly PlacedFinding[];
}

/** What is new and what is gone between two checks, by rule, resource and direction; what is measured may change from one to the next. */
function differencesOf(before: readonly CheckResult[], now: readonly CheckResult[], counts: (finding: PlacedFinding) => boolean): Difference[] {
  return now.flatMap((result) => {
    const old = (before.find(({ runbook }) => runbook === result.runbook)?.findings ?? []).filter(counts);
    const fresh = result.findings.filter(counts);
    const keys = (list: readonly PlacedFinding[]) => new Set(list.map(keyOf));
    const [had, has] = [keys(old), keys(fresh)];
    const appeared = fresh.filter((finding) => !had.has(keyOf(finding)));
    const gone = old.filter((finding) => !has.has(keyOf(finding)));
    return appeared.length + gone.length === 0 ? [] : [{ runbook: result.runbook, appeared, gone }];
  });
}

function keyOf(finding: PlacedFinding): string {
  return `${finding.target} ${finding.severity} ${keyOfFinding(finding)}`;
}

interface Watch {
  everyMs: number;
  clock: Clock;
  /** Ends the watching. */
  until: AbortSignal;
  check: () => Promise<CheckResult[]>;
  counts: (finding: PlacedFinding) => boolean;
  /** After each check; `changes` since the one before, which of the first is everything that counts. */
  onRound: (results: readonly CheckResult[], changes: readonly Difference[]) => Promise<void> | void;
  /** A check that could not be made: the next one is made all the same. */
  onError: (error: unknown) => void;
}

/** Checks until it is aborted; the last results. */
export async function watchChecks({ check, counts, onRound, ...how }: Watch): Promise<readonly CheckResult[]> {
  let last: readonly CheckResult[] = [];
  await rounds({
    ...how,
    look: check,
    onRound: async (results) => {
      await onRound(results, differencesOf(last, results, counts));
      last = results;
    },
  });
  return last;
}

export function changeLines({ runbook, appeared, gone }: Difference): string[] {
  return [
    ...appeared.map((f) => `${runbook}: new ${f.severity} ${f.rule} ${f.resource}: ${f.observed}`),
    ...gone.map((f) => `${runbook}: gone: ${f.rule} ${f.resource}`),
  ];
}
