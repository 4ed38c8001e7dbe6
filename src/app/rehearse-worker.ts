import { parentPort, workerData } from 'node:worker_threads';
import { loadRunbook } from '../runbook/load.ts';
import type { Job, Message } from './rehearse-threads.ts';
import { type Figures, rehearseOnce, rehearsable } from './rehearse/one.ts';

/* One thread of a rehearsal: plays its seeds, and says what came of them, some at a time. */

const BATCH = 20;

// Simulated AWS answers with thousands of errors, and nobody reads where in this program each was made.
Error.stackTraceLimit = 0;

async function work({ rehearsal, from, to, step }: Job): Promise<void> {
  const say = (message: Message) => parentPort?.postMessage(message);
  const loaded = rehearsable(await loadRunbook(rehearsal.path), rehearsal.durations);
  let batch: Figures[] = [];
  for (let seed = from; seed < to; seed += step) {
    batch.push((await rehearseOnce({ ...rehearsal, loaded, figuresOnly: true }, seed)).figures);
    if (batch.length < BATCH) continue;
    say(batch);
    batch = [];
  }
  say(batch);
}

await work(workerData as Job);
