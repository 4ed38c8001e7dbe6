import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadRunbook } from '../../src/runbook/load.ts';
import { Journey, trouble } from '../lab/journey.ts';
import { cell, RUNBOOKS } from './cells.ts';
import { runbooksIn, type MatrixVerb } from './table.ts';

/**
 * Each runbook in one lab, with users on it all the time: a switchover that is rolled back, a failover while home is dead,
 * home rebuilt, and home again as planned. What a runbook waits for only to be sure is waited for two seconds.
 */
describe.each(await runbooksIn(RUNBOOKS))('%s in the lab', async (runbook) => {
  const { strategy, home, regions } = (await loadRunbook(join(RUNBOOKS, runbook))).runbook;
  const standby = regions.find(({ id }) => id !== home)?.id ?? '';
  const of = (verb: MatrixVerb) => ({ runbook, strategy, verb, world: 'lab' as const });
  let folder: string;
  let journey: Journey;
  let records: object[];
  let running: object;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dr-matrix-'));
    const path = join(folder, runbook);
    await writeFile(path, (await readFile(join(RUNBOOKS, runbook), 'utf8')).replace(/^( +(?:hold|between): )\w+/gm, '$12s'));
    journey = await Journey.begin(path);
    await users();
    records = await journey.recordSets();
    running = await journey.running();
  });
  afterAll(async () => {
    await journey.end();
    await rm(folder, { recursive: true });
  });

  /** They get more orders through, wherever. */
  const users = () => journey.servedAnywhere(40);
  const done = (result: Awaited<ReturnType<Journey['run']>>) => {
    expect(trouble(result)).toEqual([]);
    expect(result.state.outcome).toBe('succeeded');
  };
  const lost = async () => {
    const { loss, lossUnknown } = await journey.lab.ledger();
    if (loss === undefined) throw new Error(lossUnknown);
    return loss.lost;
  };

  /** The same instances run, in groups of the same size; one that is stopped takes a moment. */
  const asItRan = () => vi.waitFor(async () => expect(await journey.running()).toEqual(running), { timeout: 20_000, interval: 250 });

  it('abort', () =>
    cell(of('abort'), async () => {
      const stop = new AbortController();
      await journey.run({ verb: 'switchover', region: standby, from: home }, {
        drain: stop.signal,
        seen: ({ type }) => {
          if (type === 'step.acted') stop.abort();
        },
      });
      const result = await journey.abort();
      expect(result.state.outcome).toBe('aborted');
      expect([...result.state.steps.values()].some(({ state }) => state === 'undone')).toBe(true);
      await users();
      expect(await journey.recordSets()).toEqual(records);
      await asItRan();
      expect(await lost()).toBe(0);
      return '';
    }));

  it('failover', () =>
    cell(of('failover'), async () => {
      await journey.lab.breakRegion(home);
      const result = await journey.run({ verb: 'failover', region: standby, from: home });
      done(result);
      await journey.servedIn(standby);
      return '';
    }));

  it('reprotect', () =>
    cell(of('reprotect'), async () => {
      await journey.lab.heal(home);
      const before = await lost();
      done(await journey.run({ verb: 'reprotect', region: standby }));
      await users();
      expect(await lost()).toBe(before);
      return '';
    }));

  it('switchover', () =>
    cell(of('switchover'), async () => {
      const before = await lost();
      done(await journey.run({ verb: 'switchover', region: home, from: standby }));
      await journey.servedIn(home);
      expect(await lost()).toBe(before);
      done(await journey.run({ verb: 'reprotect', region: home }));
      expect(await journey.recordSets()).toEqual(records);
      await asItRan();
      return '';
    }));
});
