import { parentPort, workerData } from 'node:worker_threads';
import { BUGS } from './bugs.ts';
import { playSeed } from './run.ts';

/*
 * Plays seeds in a thread of its own: `from`, `from + step`, … below `to`. Tells what broke, and at the end what it saw.
 */

export interface Task {
  from: number;
  to: number;
  step: number;
  bug?: string;
}

export interface Told {
  failed?: { seed: number; broken: readonly { invariant: number; why: string }[] };
  /** Scenarios since the last time, moves in them by verb, starts of the tool, ends by their name, known gaps by what they are. */
  played?: { runs: number; starts: number; verbs: Record<string, number>; ends: Record<string, number>; gaps: Record<string, number> };
}

const EVERY = 50;

async function work({ from, to, step, bug: name }: Task, tell: (told: Told) => void): Promise<void> {
  const bug = BUGS.find((b) => b.name === name);
  const fresh = (): NonNullable<Told['played']> => ({ runs: 0, starts: 0, verbs: {}, ends: {}, gaps: {} });
  let seen = fresh();
  for (let seed = from; seed < to; seed += step) {
    const played = await playSeed(seed, bug);
    seen.runs += 1;
    seen.starts += played.starts;
    for (const verb of played.verbs) seen.verbs[verb] = (seen.verbs[verb] ?? 0) + 1;
    for (const end of played.end.split(' ')) {
      const word = end.split(':')[1] ?? 'nothing';
      seen.ends[word] = (seen.ends[word] ?? 0) + 1;
    }
    for (const gap of played.gaps) seen.gaps[gap] = (seen.gaps[gap] ?? 0) + 1;
    if (played.broken.length > 0) tell({ failed: { seed, broken: played.broken.map(({ invariant, why }) => ({ invariant, why })) } });
    if (seen.runs % EVERY === 0) {
      tell({ played: seen });
      seen = fresh();
    }
  }
  tell({ played: seen });
}

// Nobody reads a stack here, and errors are what a simulation is full of.
Error.stackTraceLimit = 0;

const port = parentPort;
if (port !== null) await work(workerData as Task, (told) => port.postMessage(told));
