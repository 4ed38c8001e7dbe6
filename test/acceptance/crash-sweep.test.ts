import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { JournalRecord } from '../../src/journal/events.ts';
import { APPROVED, endState, type Envelope, envelopeOf, runsIn, type Stage, stage, TOKYO } from './stage.ts';

/*
 * kill -9 of a real `dr failover` at every record of its journal, then `dr resume`: real processes, real PostgreSQL, one
 * lab a point. What `dr` sent is known from a proxy before the AWS endpoint, and not from what `dr` says.
 */

const CRASH = ['--import', fileURLToPath(new URL('./crash-at.mjs', import.meta.url))];
const AT_ONCE = 2;
/** DR_TEST_SWEEP=all takes every record; else, as in `.ci/run`, one in four, DR_TEST_SEED choosing which. */
const ONE_IN = process.env.DR_TEST_SWEEP === 'all' ? 1 : 4;
const SEED = Number(process.env.DR_TEST_SEED ?? 3);
const LIVES = 20;
const SWEEP_MS = 900_000;
/** For DNS, health checks and users to have found the new region after the end of a run. */
const SETTLED_MS = 15_000;

interface End {
  exit: Pick<Envelope, 'exit'> & { standing: string };
  steps: Record<string, string>;
  world: unknown;
}

const FAILOVER = (impact: string) => ['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED, '--impact-at', impact, '--json'];

function endOf({ exit, result }: Envelope, world: unknown): End {
  return { exit: { exit, standing: result.standing }, steps: Object.fromEntries(result.steps.map(({ id, state }) => [id, state])), world };
}

async function onStage<T>(work: (on: Stage) => Promise<T>): Promise<T> {
  const on = await stage();
  try {
    return await work(on);
  } finally {
    await on.close();
  }
}

async function undisturbed(): Promise<{ end: End; records: JournalRecord[] }> {
  return onStage(async (on) => {
    const whole = envelopeOf(await on.dr(FAILOVER(await on.breakSeoul())));
    expect(whole.exit).toBe('ok');
    const world = await settled(on, (w) => (w as { usersServedBy?: string }).usersServedBy === TOKYO);
    return { end: endOf(whole, world), records: await on.journal() };
  });
}

/** What is so once nothing moves any more, or at the end of the time. */
async function settled(on: Stage, wanted: (world: unknown) => boolean): Promise<unknown> {
  const until = performance.now() + SETTLED_MS;
  for (;;) {
    const world = await endState(on);
    if (wanted(world) || performance.now() > until) return world;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A crash at that place, and as many resumes as it takes. Whatever else it has is wrong. */
interface Crashed {
  place: string;
  lives: number;
  [wrong: string]: unknown;
}

/** `resumeCrash`: where each process that resumes is killed, too, unless it gets to the end before. */
async function crashed(place: string, wanted: End): Promise<Crashed> {
  return onStage(async (on) => {
    const first = await on.dr(FAILOVER(await on.breakSeoul()), { nodeArgs: CRASH, env: { DR_TEST_CRASH: place } });
    if (first.code !== null) return { place, lives: 1, problem: 'it did not crash', code: first.code, stderr: first.stderr };
    if ((await runsIn(on.state)).length !== 1) return { place, lives: 1, problem: 'no run', stderr: first.stderr };
    let last = first;
    let lives = 1;
    while (last.code === null && lives < LIVES) {
      last = await on.dr(['resume', '--json'], {});
      lives += 1;
    }
    const resumed = envelopeOf(last);
    if (resumed.error !== undefined) return { place, lives, problem: resumed.error };
    const end = endOf(resumed, await settled(on, (world) => isDeepStrictEqual(world, wanted.world)));
    const problems = [...unintended(on, await on.journal()), ...twice(on)];
    if (isDeepStrictEqual(end, wanted) && problems.length === 0) return { place, lives };
    return { place, lives, problems, differs: differences(end, wanted), summary: resumed.result.summary };
  });
}

/** Where two values differ: `path: is, wanted`. */
function differences(is: unknown, wanted: unknown, path = ''): string[] {
  if (isDeepStrictEqual(is, wanted)) return [];
  if (typeof is !== 'object' || typeof wanted !== 'object' || is === null || wanted === null) {
    return [`${path}: ${JSON.stringify(is)}, wanted ${JSON.stringify(wanted)}`];
  }
  const keys = [...new Set([...Object.keys(is), ...Object.keys(wanted)])];
  return keys.flatMap((key) => differences((is as Record<string, unknown>)[key], (wanted as Record<string, unknown>)[key], `${path}/${key}`));
}

/** Changes that cannot be made twice, or need not be. */
function twice({ proxy }: Stage): string[] {
  const flips = proxy.calls.filter((call) => call.operation.startsWith('POST /2013-04-01/hostedzone') && call.status === 200);
  const counts = { promotions: proxy.accepted('PromoteReadReplica').length, flips: flips.length };
  return Object.entries(counts).flatMap(([what, count]) => (count === 1 ? [] : [`${count} ${what}`]));
}

/** Changes that were sent before their intent was durable. */
function unintended({ proxy }: Stage, records: readonly JournalRecord[]): string[] {
  const intents = records.filter((r) => r.type === 'step.intent');
  const steps: Record<string, RegExp> = { promote: /^PromoteReadReplica$/, scaleOut: /^UpdateAutoScalingGroup$/, flip: /^POST \/2013-04-01\/hostedzone/, 'sns-1': /^Publish$/ };
  return Object.entries(steps).flatMap(([name, operation]) => {
    const sent = proxy.calls.filter((call) => operation.test(call.operation)).map(({ at }) => at);
    const intended = intents.filter(({ step }) => step.endsWith(`.${name}`)).map(({ at }) => at);
    return sent.filter((at) => !intended.some((intent) => intent <= at)).map(() => `${name} was sent without an intent`);
  });
}

/** Runs the work of all places, a few at once. */
async function sweep(places: readonly string[], work: (place: string) => Promise<Crashed>): Promise<Crashed[]> {
  const queue = [...places];
  const wrong: Crashed[] = [];
  const worker = async (): Promise<void> => {
    for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
      const end = await work(place).catch((error: unknown): Crashed => ({ place, lives: 1, problem: String(error) }));
      if (Object.keys(end).some((key) => key !== 'place' && key !== 'lives')) wrong.push(end);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return wrong;
}

it('kill -9 at any record of the journal, then resume, ends where an undisturbed run ends', { timeout: SWEEP_MS }, async () => {
  const { end: wanted, records } = await undisturbed();
  expect(wanted.world).toMatchObject({ usersServedBy: TOKYO, everyOrderLookedFor: true });
  expect(Object.values(wanted.steps).every((state) => state === 'done' || state === 'unmet')).toBe(true);
  expect(records.length).toBeGreaterThan(55);

  // Not at the last record: then the run has ended, and there is nothing to resume.
  const all = Array.from({ length: records.length - 1 }, (_, i) => `after:${i + 1}`);
  const durable = all.filter((_, i) => i % ONE_IN === SEED % ONE_IN);
  // The change is made and the journal does not know it: the worst moment, once for each change.
  const torn = records.flatMap((r) => (r.type === 'step.acted' ? [`during:${r.type}:${r.step}`] : []));
  expect(torn.length).toBeGreaterThanOrEqual(4);
  const started = performance.now();
  const wrong = await sweep([...durable, ...torn], (place) => crashed(place, wanted));
  console.log(`crash sweep in the lab: ${durable.length} of ${all.length} records (seed ${SEED}), ${torn.length} torn ones, ${wrong.length} wrong, ${Math.round((performance.now() - started) / 1000)} s`);
  expect(wrong).toEqual([]);
});
