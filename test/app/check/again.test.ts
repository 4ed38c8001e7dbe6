import { describe, expect, it } from 'vitest';
import { changeLines, watchChecks } from '../../../src/app/check/watch.ts';
import { tellNotifiers } from '../../../src/app/tell.ts';
import type { CheckResult } from '../../../src/app/check/check.ts';
import { TOKYO } from '../../engine/simulated.ts';
import { accepting } from './examples.ts';
import { COPY } from './troubles.ts';
import { checkIn, shortly, worldOf } from './world.ts';

describe('what the runbook accepts', () => {
  it('is shown with its owner; its line is that of the database', async () => {
    const sim = await worldOf('shop', accepting('2026-12-31'));
    sim.world.setReplication(COPY, { mode: 'stopped' });
    await sim.clock.run(() => sim.clock.sleep(600_000));
    const { findings } = await checkIn(sim);
    const gate = findings.find(({ rule }) => rule === 'rpo-gate');
    expect(gate).toMatchObject({ severity: 'error', accepted: { owner: 'lead@example.com', until: '2026-12-31' } });
    expect(gate?.line).toBe(sim.loaded.at(['databases', 'orders']).line);
    expect(findings.filter(({ rule }) => rule === 'replication').every(({ accepted }) => accepted === undefined)).toBe(true);
  });

  it('counts again when its day is over, which is said', async () => {
    const sim = await worldOf('shop', accepting('2026-11-19'));
    sim.world.setReplication(COPY, { mode: 'stopped' });
    await sim.clock.run(() => sim.clock.sleep(600_000));
    const { findings } = await checkIn(sim);
    expect(findings.find(({ rule }) => rule === 'rpo-gate')?.accepted).toBeUndefined();
    expect(findings.map(({ rule }) => rule)).toContain('accept-expired');
  });

  it('is a note where nothing of it was found', async () => {
    expect(shortly(await checkIn(await worldOf('shop', accepting('2026-12-31'))))).toContain('note accept-unused runbook:shop');
  });

  it.each(['2026-02-31', '31.12.2026', 'never'])('%s is no day', async (until) => {
    await expect(worldOf('shop', accepting(until))).rejects.toMatchObject({ code: 'RUNBOOK_INVALID', detail: expect.stringContaining('expected a day, e.g. 2027-03-31') as string });
  });
});

describe('a check that is made again and again', () => {
  it('says what is new and what is gone, also after one that failed', async () => {
    const sim = await worldOf('shop');
    const stop = new AbortController();
    const said: string[][] = [];
    const errors: unknown[] = [];
    const results: CheckResult[] = [];
    for (const round of [0, 1, 2]) {
      if (round === 1) sim.world.detachReplica(COPY);
      results.push(await checkIn(sim));
    }
    const answers: (() => Promise<CheckResult[]>)[] = [
      () => Promise.resolve(results.slice(0, 1)),
      () => Promise.reject(new Error('no network')),
      () => Promise.resolve(results.slice(1, 2)),
      () => Promise.resolve(results.slice(2, 3)),
      () => Promise.resolve(results.slice(0, 1)),
    ];
    await sim.clock.run(() => watchChecks({
      everyMs: 300_000,
      clock: sim.clock,
      until: stop.signal,
      check: () => {
        const next = answers.shift() ?? (() => Promise.reject(new Error('too often')));
        if (answers.length === 0) queueMicrotask(() => stop.abort(new Error('enough')));
        return next();
      },
      counts: ({ severity }) => severity === 'error',
      onRound: (_results, changes) => void said.push(changes.flatMap(changeLines)),
      onError: (error) => errors.push(error),
    }));
    expect(errors).toMatchObject([{ message: 'no network' }]);
    expect(said.map((lines) => lines.map((line) => line.split(':').slice(0, 2).join(':')))).toEqual([
      [],
      ['shop: new error rpo-gate databases.orders', expect.stringContaining('shop: new error replica-role') as string],
      [],
      ['shop: gone', 'shop: gone'],
    ]);
  });

  it('tells the topic of the region that would become active, and says who could not be told', async () => {
    const sim = await worldOf('shop');
    const why = await sim.clock.run(() => tellNotifiers({ ...sim.effects, env: () => undefined }, sim.loaded, 'shop: new error replication', TOKYO));
    expect(sim.world.state.published.map(({ topic, message }) => [topic, message])).toEqual([[`arn:aws:sns:${TOKYO}:111122223333:dr`, 'shop: new error replication']]);
    expect(why).toEqual(['SLACK_WEBHOOK_URL is not set']);
  });
});
