import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Figures, Rehearsal } from './rehearse/one.ts';

/** What a thread gets: it reads the runbook itself. */
export interface Job {
  rehearsal: Omit<Rehearsal, 'loaded'> & { path: string };
  /** Seeds from, from + step, … below `to`. */
  from: number;
  to: number;
  step: number;
}

/** What it says, some at a time. */
export type Message = Figures[];

/** Short-lived objects by the million: a larger nursery halves the time that goes into collecting them. */
const ROOM = { maxYoungGenerationSizeMb: 96 };
/** Fewer are not worth a second thread: loading the program takes as long. */
const RUNS_A_THREAD = 40;

/** All figures in the order of seeds, rehearsed on as many threads as are worth it. @throws what a thread throws */
export async function rehearseOnThreads(
  rehearsal: Rehearsal & { path: string },
  { from, runs, threads: wanted, progress }: { from: number; runs: number; threads: number; progress?: ((done: number) => void) | undefined },
): Promise<{ figures: Figures[]; threads: number }> {
  const threads = Math.max(1, Math.min(wanted, Math.ceil(runs / RUNS_A_THREAD)));
  const { loaded: _loaded, ...plain } = rehearsal;
  const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../app/rehearse-worker.ts' : '../app/rehearse-worker.js', import.meta.url));
  const all: Figures[] = [];
  await Promise.all(
    Array.from({ length: threads }, (_, i) => new Promise<void>((resolve, reject) => {
      const job: Job = { rehearsal: plain, from: from + i, to: from + runs, step: threads };
      const worker = new Worker(entry, { workerData: job, resourceLimits: ROOM });
      worker.on('message', (message: Message) => {
        all.push(...message);
        progress?.(all.length);
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    })),
  );
  return { figures: all.sort((a, b) => a.seed - b.seed), threads };
}
