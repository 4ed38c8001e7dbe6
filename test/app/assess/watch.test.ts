import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assessLoaded } from '../../../src/app/assess/assess.ts';
import { heldNow, type Heartbeat, type News, newsLines, type Standing, watchAssessments } from '../../../src/app/assess/watch.ts';
import { planFor } from '../../../src/app/make-plan.ts';
import { tellNotifiers } from '../../../src/app/tell.ts';
import { SEOUL, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { worldOf } from '../check/world.ts';

const EVERY_MS = 30_000;

interface Said {
  news: News[];
  beats: Heartbeat[];
  errors: (string | undefined)[];
}

/** Watches until `script` is over, which runs beside it. */
async function watched(sim: Simulation, script: (sleep: (ms: number) => Promise<void>) => Promise<void>, more: { confirm?: number; plansInto?: string } = {}): Promise<Said> {
  const said: Said = { news: [], beats: [], errors: [] };
  const stop = new AbortController();
  const state = { folder: await mkdtemp(join(tmpdir(), 'dr-watch-')) };
  await sim.clock.run(async () => {
    const over = script((ms) => sim.clock.sleep(ms)).then(() => stop.abort(new Error('enough')));
    await watchAssessments({
      everyMs: EVERY_MS,
      heartbeatMs: 600_000,
      confirm: 3,
      clock: sim.clock,
      until: stop.signal,
      assess: (impactAt) => assessLoaded(sim.loaded, { runbooks: '.', state, impactAt, effects: sim.effects, signal: stop.signal }),
      plan: async (target) => (await planFor(sim.effects, sim.loaded, { verb: 'failover', region: target })).plan,
      onLook: () => undefined,
      onNews: (news) => void said.news.push(news),
      onHeartbeat: (beat) => void said.beats.push(beat),
      onError: (why) => void said.errors.push(why),
      ...more,
    });
    await over;
  });
  return said;
}

const changes = ({ news }: Said): string[] => news.map(({ was, standing }) => `${was} → ${standing}`);

describe('what is held to be so', () => {
  const W = 'well', T = 'trouble', M = 'move';
  it.each<[string, Standing, Standing[], Standing]>([
    ['one bad look is none', W, [W, W, M], W],
    ['all of them worse', W, [T, T, T], T],
    ['as bad as the least of them', W, [T, M, M], T],
    ['trouble and advice by turns is trouble', T, [M, T, M], T],
    ['not better because one look is', M, [M, W, M], M],
    ['better where none is as bad', M, [W, T, W], T],
    ['over', T, [W, W, W], W],
    ['too few looks', W, [M, M], W],
  ])('%s', (_what, held, newest, then) => {
    expect(heldNow(held, newest, 3)).toBe(then);
  });
});

describe('an application that is watched', () => {
  it('nothing is said while all is well, but that it is watched', async () => {
    const said = await watched(await worldOf('shop'), (sleep) => sleep(1_300_000));
    expect([said.news, said.errors]).toEqual([[], []]);
    expect(said.beats).toHaveLength(2);
    expect(said.beats[0]).toMatchObject({ failed: 0, ways: [{ runbook: 'shop', source: SEOUL, target: TOKYO, standing: 'well' }] });
  });

  it('a region that is lost: trouble, then the recommendation, each once, with evidence, plan and command', async () => {
    const sim = await worldOf('shop');
    const plansInto = await mkdtemp(join(tmpdir(), 'dr-watch-'));
    const said = await watched(sim, async (sleep) => {
      await sleep(60_000);
      sim.world.breakRegion(SEOUL);
      await sleep(1_800_000);
    }, { plansInto });
    expect(changes(said)).toEqual(['well → trouble', 'trouble → move']);
    const news = said.news.at(-1) as News;
    const lines = newsLines(news);
    expect(lines[0]).toBe(`shop: MOVE from ${SEOUL} to ${TOKYO} is recommended, as 3 looks in a row say. A person decides`);
    expect(lines).toContain(`Command: ${news.way.failover?.command ?? '?'}`);
    // Since users were last seen to be served, and not since it was said.
    expect(news.way.failover?.command).toMatch(/--impact-at 2026-\S+Z/);
    expect(lines.filter((line) => line.startsWith('Seen: ')).length).toBeGreaterThan(1);
    const file = join(plansInto, `shop-${TOKYO}.json`);
    expect(lines.some((line) => line.endsWith(`saved as ${file}`))).toBe(true);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ verb: 'failover', target: TOKYO });
    await sim.clock.run(() => tellNotifiers({ ...sim.effects, env: () => undefined }, sim.loaded, lines.join('\n'), news.target));
    expect(sim.world.state.published.map(({ message }) => message)).toEqual([lines.join('\n')]);
  });

  it('before the time that the runbook has agreed on: trouble; then the recommendation, without anybody who says when it began', async () => {
    const sim = await worldOf('shop', (text) => `${text}\ndecide: { after: 5m }\n`);
    let lostAt = 0;
    const said = await watched(sim, async (sleep) => {
      await sleep(60_000);
      sim.world.breakRegion(SEOUL);
      lostAt = sim.clock.now();
      await sleep(1_200_000);
    });
    expect(changes(said)).toEqual(['well → trouble', 'trouble → move']);
    expect(Date.parse(said.news[1]?.at ?? '') - lostAt).toBeGreaterThanOrEqual(300_000 - EVERY_MS);
    expect(newsLines(said.news[0] as News)[0]).toContain('and moving is not recommended now, as 3 looks in a row say');
  });

  it('an application that comes and goes at each second look is said once', async () => {
    const sim = await worldOf('shop');
    const up = (is: boolean): void => { for (const app of sim.world.state.applications.in(SEOUL)) sim.world.setApplicationUp(app.address, is); };
    const said = await watched(sim, async (sleep) => {
      up(false);
      await sleep(400_000);
      for (let i = 0; i < 20; i++) {
        up(i % 2 === 0);
        await sleep(EVERY_MS);
      }
      up(true);
      await sleep(600_000);
    });
    expect(changes(said)).toEqual(['well → trouble', 'trouble → well']);
  });

  it('a look that cannot be made is said once, and the next one is made', async () => {
    const sim = await worldOf('shop');
    const said = await watched(sim, async (sleep) => {
      await sleep(60_000);
      const clear = sim.world.addFault({ service: 'sts', effect: { kind: 'error', httpStatus: 403, code: 'InvalidClientTokenId', message: 'not valid' } });
      await sleep(300_000);
      clear();
      await sleep(300_000);
    });
    expect(said.errors).toEqual([expect.any(String) as string, undefined]);
    expect(said.news).toEqual([]);
  });
});
