// npm run sim -- --seeds 2000           that many fresh seeds, on two threads
// npm run sim -- --seeds 100000 --minutes 20   as many of them as are played in that time
// npm run sim -- --seed 42              the whole story of one seed
// npm run sim -- --from 1 --seeds 500   known seeds
// npm run sim -- --bug NAME [--seed S]  with a planted defect; --bug all hunts every one, up to --seeds (2,000)
// npm run sim -- --odd pause,groups     only these odd worlds
import { randomInt } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    seed: { type: 'string' },
    from: { type: 'string' },
    bug: { type: 'string' },
    threads: { type: 'string', default: '2' },
    minutes: { type: 'string' },
    odd: { type: 'string' },
  },
});

if (values.odd !== undefined) process.env.SIM_ODD = values.odd;

/** Short-lived objects by the million: a larger nursery halves the time that goes into collecting them. */
const ROOM = { maxYoungGenerationSizeMb: 96 };
const path = (name) => new URL(`../test/sim/${name}`, import.meta.url);
const seeds = Number(values.seeds);

if (values.seed !== undefined) {
  const args = [fileURLToPath(path('replay.ts')), values.seed, ...(values.bug === undefined ? [] : [values.bug])];
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1);
}

/** Plays [from, from + count) on all threads; `until` ends it early. */
function play(from, count, bug, until = () => false) {
  const threads = Number(values.threads);
  const sum = { runs: 0, starts: 0, verbs: {}, ends: {}, gaps: {}, failed: [] };
  const add = (to, more) => Object.entries(more).forEach(([key, n]) => (to[key] = (to[key] ?? 0) + n));
  return new Promise((resolve, reject) => {
    let open = threads;
    const workers = Array.from({ length: threads }, (_, i) => {
      const worker = new Worker(path('worker.ts'), { workerData: { from: from + i, to: from + count, step: threads, bug }, resourceLimits: ROOM });
      worker.on('message', ({ failed, played }) => {
        if (failed !== undefined) {
          sum.failed.push(failed);
          if (bug === undefined && sum.failed.length <= SHOWN) tell(failed);
        }
        if (played !== undefined) {
          sum.runs += played.runs;
          sum.starts += played.starts;
          add(sum.verbs, played.verbs);
          add(sum.ends, played.ends);
          add(sum.gaps, played.gaps);
        }
        if (until(sum)) workers.forEach((w) => void w.terminate());
      });
      worker.on('error', reject);
      worker.on('exit', () => {
        open -= 1;
        if (open === 0) resolve(sum);
      });
      return worker;
    });
  });
}

/** So many are given in full. */
const SHOWN = 20;

function tell({ seed, broken }) {
  for (const { invariant, why } of broken) console.log(`seed ${seed}: invariant ${invariant} is broken: ${why}    npm run sim -- --seed ${seed}`);
}

async function hunt() {
  const { BUGS } = await import(path('bugs.ts'));
  let missed = 0;
  for (const bug of BUGS.filter((b) => values.bug === 'all' || b.name === values.bug)) {
    const right = ({ broken }) => broken.some((b) => bug.breaks.includes(b.invariant));
    const sum = await play(bug.from ?? 1, seeds, bug.name, ({ failed }) => failed.some(right));
    const first = sum.failed.filter(right).map((f) => f.seed).sort((a, b) => a - b)[0];
    if (first === undefined) missed += 1;
    console.log(`${bug.name.padEnd(26)} invariant ${bug.breaks.join(' or ').padEnd(8)} ${first === undefined ? 'NOT FOUND' : `found at seed ${first}`}`);
  }
  return missed;
}

if (values.bug !== undefined) {
  process.exitCode = (await hunt()) === 0 ? 0 : 1;
} else {
  const from = values.from === undefined ? randomInt(1, 2 ** 31) : Number(values.from);
  console.log(`${seeds} seeds from ${from}`);
  const began = performance.now();
  const timeUp = values.minutes === undefined ? () => false : () => performance.now() - began > Number(values.minutes) * 60_000;
  const sum = await play(from, seeds, undefined, timeUp);
  const seconds = (performance.now() - began) / 1000;
  const list = (counts) => Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, n]) => `${n} ${key}`).join(', ');
  console.log(`${sum.runs} runs of ${list(sum.verbs)}; ${sum.starts} starts of the tool (${list(sum.ends)}); ${seconds.toFixed(0)} s, ${(sum.runs / seconds).toFixed(0)} runs/s`);
  if (Object.keys(sum.gaps).length > 0) console.log(`known gaps, see docs/simulation.md: ${list(sum.gaps)}`);
  console.log(`${sum.failed.length} seeds with a broken invariant`);
  process.exitCode = sum.failed.length === 0 && (sum.runs === seeds || timeUp()) ? 0 : 1;
}
