import type { Clock } from '../../base/clock.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Effects } from '../../effects/effects.ts';
import { keyOfFinding } from '../../model/finding.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { CheckResult, PlacedFinding } from './check.ts';

/*
 * The same check again and again: what counts is what has changed since the last one.
 */

export interface Difference {
  runbook: string;
  appeared: readonly PlacedFinding[];
  gone: readonly PlacedFinding[];
}

/** What is new and what is gone between two checks, by rule, resource and direction; what is measured may change from one to the next. */
export function differencesOf(before: readonly CheckResult[], now: readonly CheckResult[], counts: (finding: PlacedFinding) => boolean): Difference[] {
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
export async function watchChecks({ everyMs, clock, until, check, counts, onRound, onError }: Watch): Promise<readonly CheckResult[]> {
  let last: readonly CheckResult[] = [];
  while (!until.aborted) {
    try {
      const results = await check();
      await onRound(results, differencesOf(last, results, counts));
      last = results;
    } catch (error) {
      onError(error);
    }
    await clock.sleep(everyMs, until).catch(() => undefined);
  }
  return last;
}

/** One line for each change. */
export function changeLines({ runbook, appeared, gone }: Difference): string[] {
  return [
    ...appeared.map((f) => `${runbook}: new ${f.severity} ${f.rule} ${f.resource}: ${f.observed}`),
    ...gone.map((f) => `${runbook}: gone: ${f.rule} ${f.resource}`),
  ];
}

/**
 * Tells the notifiers of the runbook, each for itself; what could not be told, in words. A topic of the region that would become active
 * is taken, where there is one: it lives when the other one does not.
 */
export async function tell({ aws, http, env }: Pick<Effects, 'aws' | 'http' | 'env'>, { runbook }: LoadedRunbook, lines: readonly string[], target: string | undefined): Promise<string[]> {
  const text = lines.join('\n');
  const sent = await Promise.allSettled(runbook.notify.map(async (notifier) => {
    if (notifier.type === 'slack') {
      const url = env(notifier.webhookEnv) ?? '';
      if (url === '') throw new Error(`${notifier.webhookEnv} is not set`);
      const body = JSON.stringify({ text: `dr check: ${text}` });
      const { status, error } = await http.request({ url, method: 'POST', headers: { 'content-type': 'application/json' }, body, timeoutMs: LIMITS.awsCallMs });
      if (status !== 200) throw new Error(`Slack gave no good answer: ${error ?? status}`);
      return;
    }
    const [region, topic] = Object.entries(notifier.topics).find(([id]) => id === target) ?? Object.entries(notifier.topics)[0] ?? [];
    if (region === undefined || topic === undefined) return;
    await aws.call({ service: 'sns', region, operation: 'Publish', input: { TopicArn: topic, Subject: `dr check: ${runbook.name}`.slice(0, 100), Message: text } });
  }));
  return sent.flatMap((one) => (one.status === 'rejected' ? [one.reason instanceof Error ? one.reason.message : String(one.reason)] : []));
}
