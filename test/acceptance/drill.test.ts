import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LocalStore } from '../../src/journal/local-store.ts';
import { endState, envelopeOf, runsIn, SEOUL, stage, type Stage, TOKYO } from './stage.ts';

/*
 * Real `dr drill` processes against one lab with users on it: a whole one, one that is stopped by a person, and ones that are killed and
 * cleaned up after. What was asked of AWS is known from the proxy before the endpoint.
 */

const CRASH = ['--import', fileURLToPath(new URL('./crash-at.mjs', import.meta.url))];
const DRILL = ['drill', '--region', TOKYO, '--confirm', 'shop', '--json'];
/** Every record; else one in so many. */
const ALL = process.env.DR_TEST_SWEEP === 'all';
const ONE_IN = 12;

let on: Stage;
beforeAll(async () => {
  on = await stage();
}, 120_000);
afterAll(() => on.close());

/** A state of its own, for each drill is one run. */
const stateOf = (name: string) => join(on.folder, `state-${name.replaceAll(':', '-')}`);
const drill = (name: string, env: Record<string, string> = {}) => on.dr(DRILL, { env: { DR_STATE: stateOf(name), ...env }, nodeArgs: Object.keys(env).length === 0 ? [] : CRASH });
const clean = (name: string) => on.dr(['drill', 'clean', '--json'], { env: { DR_STATE: stateOf(name) } });

async function records(name: string) {
  const [run = ''] = await runsIn(stateOf(name));
  return new LocalStore(stateOf(name), run).read();
}

/** Production as a lab shows it, without what moves by itself: on a busy machine users may miss an answer, of whichever region. */
async function production(): Promise<unknown> {
  const { servers, usersServedBy: _, ...rest } = (await endState(on)) as Record<string, unknown>;
  return JSON.parse(JSON.stringify({ servers, ...rest })) as unknown;
}

it('a drill passes, users stay where they are, and nothing of it is left', { timeout: 120_000 }, async () => {
  const before = await production();
  const whole = envelopeOf(await drill('whole'));
  expect(whole.exit).toBe('ok');
  expect(whole.result.summary.join('\n')).toContain('DRILL of shop');
  expect(await production()).toEqual(before);
  expect((await on.lab.status()).users.lastGood?.region).toBe(SEOUL);
  expect(on.proxy.accepted('PromoteReadReplica')).toHaveLength(1);
  expect(JSON.stringify(await on.lab.status())).not.toContain('dr-drill-');
});

it('stopped by Ctrl-C it deletes what it has made', { timeout: 120_000 }, async () => {
  const before = await production();
  const stopped = envelopeOf(await drill('stopped', { DR_TEST_CRASH: 'at:step.acted:databases.orders.promote', DR_TEST_SIGNAL: 'SIGINT' }));
  expect(stopped.exit).toBe('failed');
  expect(stopped.result.summary.join('\n')).toContain('nothing of it is left');
  expect(await production()).toEqual(before);
});

it('killed at records of its journal and cleaned it leaves nothing', { timeout: ALL ? 7_200_000 : 600_000 }, async () => {
  const before = await production();
  const whole = await records('whole');
  // Right after an intent nobody knows whether the request was made: that is waited out for two minutes, and not part of the sample.
  const sampled = (type: string, i: number) => type !== 'step.intent' && i % ONE_IN === 7;
  const durable = whole.flatMap(({ type }, i) => (i < whole.length - 1 && (ALL || sampled(type, i)) ? [`after:${i + 1}`] : []));
  const torn = whole.flatMap((record) => (record.type === 'step.acted' && record.calls.length > 0 ? [`during:step.acted:${record.step}`] : []));
  const places = [...durable, ...torn];
  const wrong: unknown[] = [];
  for (const place of places) {
    const killed = await drill(place, { DR_TEST_CRASH: place });
    const cleaned = killed.code === null ? await clean(place) : killed;
    const after = await production();
    const left = JSON.stringify(await on.lab.status()).match(/dr-drill-[\w-]+/)?.[0];
    if (killed.code !== null || left !== undefined || JSON.stringify(after) !== JSON.stringify(before)) wrong.push({ place, code: killed.code, left, before, after, cleaned: cleaned.stdout, stderr: cleaned.stderr });
  }
  console.log(`drill in the lab: killed at ${places.length} places of ${whole.length} records and cleaned, ${wrong.length} wrong`);
  expect(wrong).toEqual([]);
  expect(places.length).toBeGreaterThan(4);
});

it('refuses the active region', { timeout: 120_000 }, async () => {
  const active = envelopeOf(await on.dr(['drill', '--region', SEOUL, '--confirm', 'shop', '--json'], {}));
  expect(active.error?.code).toBe('ALREADY_ACTIVE');
});
