import { DrError, messageOf } from '../../base/errors.ts';
import { EXIT, type ExitName } from '../../base/exit-codes.ts';
import type { RunResult } from '../run-to-the-end.ts';

export interface FleetOutcome {
  name: string;
  /** How its run ended, or why it has none. */
  standing: 'ran' | 'active already' | 'held back' | 'not begun' | 'failed';
  because: string;
  exit: ExitName;
  result?: RunResult;
  error?: DrError;
}

interface InTurn {
  name: string;
  /** Must have succeeded. */
  needs: readonly string[];
  /** Must have ended: they share a resource. */
  follows: readonly string[];
  /** Known before its turn: it is not run. */
  ended?: FleetOutcome | undefined;
}

/**
 * Runs each as soon as those before it are done, all that can at once. One that ends badly holds back those that need it, directly or
 * not, and nobody else. After `drain` nothing new is begun.
 * @param members each after those that it needs or follows; names that are not among them count for nothing
 * @returns what became of each, in the same order
 */
export function runInTurn(members: readonly InTurn[], drain: AbortSignal, run: (name: string) => Promise<FleetOutcome>): Promise<FleetOutcome[]> {
  const ends = new Map<string, Promise<FleetOutcome>>();
  const endsOf = (names: readonly string[]) => Promise.all(names.flatMap((name) => ends.get(name) ?? []));
  const play = async ({ name, needs, follows, ended }: InTurn): Promise<FleetOutcome> => {
    if (ended !== undefined) return ended;
    const [needed] = await Promise.all([endsOf(needs), endsOf(follows)]);
    const bad = needed.find((other) => !isGood(other) && other.standing !== 'not begun');
    if (bad !== undefined) return { name, standing: 'held back', because: `it depends on ${bad.name}, which did not succeed`, exit: bad.exit };
    if (drain.aborted || !needed.every(isGood)) return { name, standing: 'not begun', because: 'the run was stopped before its turn', exit: 'interrupted' };
    return run(name);
  };
  for (const member of members) ends.set(member.name, play(member));
  return Promise.all(ends.values());
}

/** It is active where it has to be. */
export function isGood({ standing, result }: FleetOutcome): boolean {
  return standing === 'active already' || result?.state.outcome === 'succeeded';
}

/** It needs nothing: it is active there already. */
export function activeAlready(name: string, because: string): FleetOutcome {
  return { name, standing: 'active already', because, exit: 'ok' };
}

export async function outcomeOf(name: string, run: Promise<RunResult>): Promise<FleetOutcome> {
  try {
    const result = await run;
    return { name, standing: 'ran', because: result.state.outcome ?? 'interrupted', exit: result.exit, result };
  } catch (error) {
    return failed(name, error instanceof DrError ? error : asDefect(error));
  }
}

export function failed(name: string, error: DrError): FleetOutcome {
  return { name, standing: 'failed', because: error.message, exit: error.exit, error };
}

/** What went wrong with one application and nobody foresaw: it must not stop the others. */
export function asDefect(error: unknown): DrError {
  return new DrError({ code: 'BUG', exit: 'bug', title: `a defect in dr: ${messageOf(error)}`, cause: error });
}

/** From harmless to worst: the exit code of many runs is the worst of theirs. */
const SEVERITY: readonly ExitName[] = ['ok', 'changes', 'notReady', 'notMeasured', 'objectiveMissed', 'declined', 'usage', 'runbook', 'lab', 'interrupted', 'refused', 'busy', 'aws', 'journal', 'failed', 'bug'];

/** The worst of several exits; `ok` of none. */
export function worst(exits: readonly ExitName[]): ExitName {
  const rank = (name: ExitName) => (name in EXIT ? SEVERITY.indexOf(name) : SEVERITY.length);
  return exits.reduce<ExitName>((bad, name) => (rank(name) > rank(bad) ? name : bad), 'ok');
}
