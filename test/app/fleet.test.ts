import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { confirmFleet, fleetText, fleetWord } from '../../src/cli/fleet-view.ts';
import { plain } from '../../src/cli/text.ts';
import type { FleetPlan, FleetResult } from '../../src/app/fleet/fleet.ts';
import { endpointOverrides } from '../../src/app/live-effects.ts';
import { lockName } from '../../src/app/locks.ts';
import { resume } from '../../src/app/resume.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import type { DrError } from '../../src/base/errors.ts';
import { application, type FleetSimulation, fleetSimulation, SEOUL, TOKYO } from './fleet-world.ts';

const standings = (result: FleetResult) => Object.fromEntries(result.outcomes.map((o) => [o.name, o.standing === 'ran' ? o.because : o.standing]));
const startOf = (result: FleetResult, name: string) => result.outcomes.find((o) => o.name === name)?.result?.state.startedAt ?? 0;
const endOf = (result: FleetResult, name: string) => result.outcomes.find((o) => o.name === name)?.result?.state.lastAt ?? 0;
const runOf = (result: FleetResult, name: string) => result.outcomes.find((o) => o.name === name)?.result?.state.run ?? '';
const refusalOf = (result: FleetResult, name: string, step: string) => result.outcomes.find((o) => o.name === name)?.result?.state.steps.get(step)?.refusal;
const refusal = (work: Promise<unknown>) => work.then(() => 'not refused', (error: unknown) => {
    const { code, exit, message } = error as DrError;
    return [code, exit, message];
  });
const answers = (sim: FleetSimulation, name: string) => sim.world.resolve(`${name}.example.com`, 'A').values;

describe('many applications', () => {
  it('are moved side by side, those that depend on others after them, each with a journal and report of its own', async () => {
    const sim = await fleetSimulation({
      shop: application('shop', 1, { text: 'dependsOn: [identity]\n' }),
      identity: application('identity', 2),
      blog: application('blog', 3),
    });
    let word = '';
    const result = await sim.failover({
      confirm: (plan) => {
        word = fleetWord(plan);
        return Promise.resolve('typed');
      },
    });
    expect(standings(result)).toEqual({ blog: 'succeeded', identity: 'succeeded', shop: 'succeeded' });
    expect(word).toBe(`3@${TOKYO}`);
    expect(['ok', 'objectiveMissed', 'notMeasured']).toContain(result.exit);
    expect(['shop', 'identity', 'blog'].map((name) => answers(sim, name))).toEqual([['10.0.1.1'], ['10.0.1.2'], ['10.0.1.3']]);
    expect(startOf(result, 'blog')).toBe(startOf(result, 'identity'));
    expect(startOf(result, 'shop')).toBeGreaterThanOrEqual(endOf(result, 'identity'));
    const runs = await readdir(join(sim.state, 'runs'));
    expect(runs).toHaveLength(3);
    for (const run of runs) expect(await readdir(join(sim.state, 'runs', run))).toEqual(expect.arrayContaining(['journal.jsonl', 'report.html', 'report.json']));
    const started = sim.records.filter((r) => r.type === 'run.started');
    expect(new Set(started.map((r) => r.fleet?.id)).size).toBe(1);
    expect(started[0]?.fleet?.members.map((m) => [m.name, m.needs])).toEqual([['blog', []], ['identity', []], ['shop', ['identity']]]);
  });

  it('one that fails holds back those that depend on it, and nobody else; resume --all continues the rest', async () => {
    const job = 'steps:\n  job: { kind: command, after: data, limit: 30s, run: [./job] }\n';
    const sim = await fleetSimulation({
      a: application('a', 1, { text: job }),
      b: application('b', 2, { text: 'dependsOn: [a]\n' }),
      c: application('c', 3, { text: 'dependsOn: [b]\n' }),
      d: application('d', 4),
    });
    sim.world.ran.answer = () => ({ code: 1, output: 'no disk' });
    const first = await sim.failover();
    expect(standings(first)).toEqual({ a: 'failed', b: 'held back', c: 'held back', d: 'succeeded' });
    expect(first.exit).toBe('failed');
    expect(first.outcomes.find((o) => o.name === 'c')?.because).toBe('it depends on b, which did not succeed');
    sim.world.ran.answer = () => ({});
    const second = await sim.resume({ approvedBy: [], dataLossSeconds: 1_800, reason: 'b and c waited' });
    expect(second.outcomes.every((o) => o.because === 'succeeded' || o.standing === 'active already')).toBe(true);
    expect(['a', 'b', 'c', 'd'].flatMap((name) => answers(sim, name))).toEqual(['10.0.1.1', '10.0.1.2', '10.0.1.3', '10.0.1.4']);
    expect(second.id).toBe(first.id);
    expect(await refusal(sim.resume())).toEqual(['NOTHING_TO_RESUME', 'usage', 'No run of many applications is open.']);
  });

  it('says before anybody confirms what would refuse each of them, as for one alone', async () => {
    const gate = 'approvals:\n  - { before: point-of-no-return, from: [ann, ben], quorum: 1 }\n';
    const sim = await fleetSimulation({ shop: application('shop', 1, { text: gate }), blog: application('blog', 2) });
    const text = { shown: '' };
    const io = { tty: true, write: (words: string) => void (text.shown += words), ask: () => Promise.resolve('no') };
    const asked = sim.failover({ acceptances: { approvedBy: [] }, confirm: (plan, look) => confirmFleet(plan, { approvedBy: [] }, undefined, io, plain, look) });
    expect(await refusal(asked)).toContain('NOT_CONFIRMED');
    const [, blog, shop] = /Would they be refused now\?\n {2}blog: (.*)\n {2}shop: ([^]*?)\n\nfailover of 2/.exec(text.shown) ?? [];
    expect(blog).toBe(`nothing would refuse it now (3 warnings: dr plan --region ${TOKYO} --runbook blog)`);
    expect(shop).toMatch(/^would be refused now: approval \(3 warnings.*\)\n/);
    expect(shop).toMatch(/observed +0 of 1 approvals \(just now\)/);
    expect(shop).toMatch(/override +--approved-by ann/);
    expect(await readdir(sim.state)).toEqual([]);
  });

  it('one that another machine holds is named before anybody confirms', async () => {
    const sim = await fleetSimulation({ shop: application('shop', 1), blog: application('blog', 2) });
    const run = '20261120T000000Z-shop-failover-000001';
    // That of every simulation.
    const account = '000000000000';
    const lock = lockName('shop', account, endpointOverrides());
    await new LocalState(sim.state).lease({ lock, run, operator: { identity: 'arn', user: 'ben', host: 'elsewhere', pid: 7 }, now: 0, ids: new SeededIds(1) });
    let notes: readonly string[] = [];
    const declined = sim.failover({
      confirm: (plan) => {
        ({ notes } = plan);
        return Promise.reject(new Error('no'));
      },
    });
    await expect(declined).rejects.toThrow('no');
    expect(notes).toEqual([`shop is held by run ${run} (ben on elsewhere) and would not begin: dr status ${run}`]);
  });

  it('one in which another machine drills is moved like the others, and the drill is named', async () => {
    const sim = await fleetSimulation({ shop: application('shop', 1), blog: application('blog', 2) });
    const run = '20261120T000000Z-shop-drill-000001';
    const lock = lockName('shop', '000000000000', endpointOverrides());
    const lease = await new LocalState(sim.state).lease({ lock, run, operator: { identity: 'arn', user: 'ben', host: 'elsewhere', pid: 7 }, now: 0, ids: new SeededIds(1) });
    let notes: readonly string[] = [];
    const result = await sim.failover({
      confirm: (plan) => {
        ({ notes } = plan);
        return Promise.resolve('typed');
      },
    });
    expect(notes).toEqual([`shop is held by the drill ${run}, which gives way; its twins stay: dr drill clean ${run}`]);
    expect(standings(result)).toEqual({ blog: 'succeeded', shop: 'succeeded' });
    expect(result.outcomes.find((o) => o.name === 'shop')?.result?.state.stoppedDrills).toEqual([run]);
    expect(fleetText(result, plain)).toContain(`A drill of shop gave way. Delete what it has left: dr drill clean ${run}`);
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED' });
  });

  it('one that has just moved is refused by its flap guard', async () => {
    const sim = await fleetSimulation({ a: application('a', 1), b: application('b', 2) });
    expect(standings(await sim.failover({ only: ['a'] }))).toEqual({ a: 'succeeded' });
    sim.world.healRegion(SEOUL);
    const back = await sim.failover({ region: SEOUL, from: TOKYO });
    expect(standings(back)).toEqual({ a: 'refused', b: 'active already' });
    expect(back.outcomes[0]?.result?.state.steps.get('assess.flap-guard')?.refusal?.rule).toBe('flap-guard');
  });

  it('a shared database is failed over once: the second owner finds it done', async () => {
    const sim = await fleetSimulation({ one: application('one', 1, { db: 'core' }), two: application('two', 2, { db: 'core' }), three: application('three', 3) });
    const result = await sim.failover();
    expect(standings(result)).toEqual({ one: 'succeeded', three: 'succeeded', two: 'succeeded' });
    expect(startOf(result, 'two')).toBeGreaterThanOrEqual(endOf(result, 'one'));
    const promote = (name: string) => result.outcomes.find((o) => o.name === name)?.result?.state.steps.get('databases.main.promote');
    expect([promote('one')?.already, promote('two')?.already]).toEqual([false, true]);
    expect(sim.records.filter((r) => r.type === 'step.acted' && r.step === 'databases.main.promote')).toHaveLength(2);
    expect([answers(sim, 'one'), answers(sim, 'two')]).toEqual([['10.0.1.1'], ['10.0.1.2']]);
  });

  it('a shared database that no run of this failover promoted is refused', async () => {
    const sim = await fleetSimulation({ one: application('one', 1, { db: 'core' }), two: application('two', 2, { db: 'core' }) });
    expect(standings(await sim.failover({ only: ['one'] }))).toEqual({ one: 'succeeded' });
    const later = await sim.failover({ only: ['two'] });
    expect(standings(later)).toEqual({ two: 'refused' });
    expect(later.outcomes[0]?.result?.state.steps.get('databases.main.rpoGate')?.refusal?.observed).toContain('this run did not promote it');
  });

  it('a new run after one that promoted and failed before traffic is refused, and names the run to resume', async () => {
    const sim = await fleetSimulation({ a: application('a', 1, { text: 'steps:\n  job: { kind: command, after: data, limit: 30s, run: [./job] }\n' }) });
    sim.world.ran.answer = () => ({ code: 1, output: 'no disk' });
    const first = await sim.failover();
    sim.world.ran.answer = () => ({});
    const second = await sim.failover({ impactAt: sim.brokenAt });
    expect([standings(first), standings(second)]).toEqual([{ a: 'failed' }, { a: 'refused' }]);
    expect(refusalOf(second, 'a', 'databases.main.rpoGate')?.override).toContain(`dr resume ${runOf(first, 'a')}, which began the promotion`);
    const { effects, state } = sim;
    const ended = await sim.clock.run(() => resume({ run: runOf(first, 'a'), effects, state: { folder: state }, acceptances: { approvedBy: [], customSteps: true }, onRecord: () => undefined, drain: new AbortController().signal }));
    expect([ended.state.outcome, answers(sim, 'a')]).toEqual(['succeeded', ['10.0.1.1']]);
  });

  it('whatever else they share is changed by one at a time: the second waits, and is not refused for what the first holds', async () => {
    const shared = (name: string, n: number) => application(name, n).replaceAll(`${name}-api`, 'farm');
    const sim = await fleetSimulation({ one: shared('one', 1), two: shared('two', 2), three: application('three', 3) });
    const plans: FleetPlan[] = [];
    const result = await sim.failover({ confirm: (plan) => (plans.push(plan), Promise.resolve('flag')) });
    expect(standings(result)).toEqual({ one: 'succeeded', three: 'succeeded', two: 'succeeded' });
    expect(plans[0]?.members.map(({ name, follows }) => [name, follows])).toEqual([['one', []], ['three', []], ['two', ['one']]]);
    expect(startOf(result, 'two')).toBeGreaterThanOrEqual(endOf(result, 'one'));
    expect(startOf(result, 'three')).toBeLessThan(endOf(result, 'one'));
  });

  it('what is active already is skipped and said, and counts as in place for those that depend on it', async () => {
    const sim = await fleetSimulation({ a: application('a', 1), b: application('b', 2, { text: 'dependsOn: [a]\n' }) });
    expect(standings(await sim.failover({ only: ['a'] }))).toEqual({ a: 'succeeded' });
    // Minutes later: when users began to suffer is known from the alarm.
    const result = await sim.failover({
      impactAt: sim.brokenAt,
      confirm: (plan) => {
        expect([fleetWord(plan), plan.members.map((m) => m.state)]).toEqual([`1@${TOKYO}`, ['there', 'planned']]);
        return Promise.resolve('flag');
      },
    });
    expect(standings(result)).toEqual({ a: 'active already', b: 'succeeded' });
    expect(result.outcomes[0]?.because).toBe(`a is active in ${TOKYO} already.`);
    const nothing = await sim.failover({ confirm: () => Promise.reject(new Error('nobody is asked')) });
    expect([nothing.exit, standings(nothing)]).toEqual(['ok', { a: 'active already', b: 'active already' }]);
  });

  it('one that cannot be planned stops all of them before anybody is asked, until it is left out by name', async () => {
    const sim = await fleetSimulation({ a: application('a', 1), b: application('b', 2, { text: 'dependsOn: [c]\n' }), c: application('c', 3), d: application('d', 4) });
    await writeFile(join(sim.folder, 'c.yaml'), application('c', 3, { db: 'gone' }));
    const refused = (more: object) => sim.failover({ confirm: () => Promise.reject(new Error('nobody is asked')), ...more }).catch((error: unknown) => error);
    const error = await refused({});
    expect(error).toMatchObject({ code: 'FLEET_NOT_PLANNED', exit: 'refused', message: `3 of 4 applications can be moved to ${TOKYO}. Nothing was done.` });
    expect(error).toMatchObject({ detail: expect.stringContaining('c cannot be planned: ') as string });
    const first = (of: unknown) => (of as { next: string[] }).next[0];
    // b would be moved onto what stays.
    expect(first(error)).toContain(`dr failover --region ${TOKYO} --except c,b `);
    expect(first(await refused({ except: ['d'] }))).toContain('--except d,c,b ');
    expect(first(await refused({ only: ['a', 'b', 'c'] }))).toContain('--only a ');
    expect(first(await refused({ only: ['c', 'b'] }))).toContain(`dr plan --region ${TOKYO} --runbook c`);
    expect(standings(await sim.failover({ except: ['c', 'b'] }))).toEqual({ a: 'succeeded', d: 'succeeded' });
  });

  it('after the first Ctrl-C nothing new is begun; resume --all begins it', async () => {
    const stop = new AbortController();
    const sim = await fleetSimulation({ a: application('a', 1), b: application('b', 2, { text: 'dependsOn: [a]\n' }) });
    const first = await sim.failover({
      drain: stop.signal,
      onRecord: (record) => {
        if (record.type === 'step.done' && record.step === 'databases.main.promote') stop.abort(new Error('SIGINT'));
      },
    });
    expect(standings(first)).toEqual({ a: 'interrupted', b: 'held back' });
    expect(first.exit).toBe('interrupted');
    // Nobody knows when users of b began to suffer, so that its loss counts up to now: over the RPO.
    const second = await sim.resume();
    expect(standings(second)).toEqual({ a: 'succeeded', b: 'refused' });
    const third = await sim.resume({ approvedBy: [], dataLossSeconds: 900, reason: 'seen at 10:10' });
    expect(standings(third)).toEqual({ a: 'active already', b: 'succeeded' });
  });

  it('resume --all refuses what was changed since it was confirmed', async () => {
    const stop = new AbortController();
    const sim = await fleetSimulation({ a: application('a', 1), b: application('b', 2, { text: 'dependsOn: [a]\n' }) });
    await sim.failover({ drain: stop.signal, onRecord: (r) => (r.type === 'step.done' && r.step.endsWith('promote') ? stop.abort() : undefined) });
    await writeFile(join(sim.folder, 'b.yaml'), application('b', 2, { text: 'dependsOn: [a]\n# changed\n' }));
    const second = await sim.resume();
    expect(second.outcomes.find((o) => o.name === 'b')?.error).toMatchObject({ code: 'RUNBOOK_CHANGED', exit: 'refused', next: [`dr failover --region ${TOKYO} --runbook b`] });
  });
});

describe('the choice', () => {
  it('is by name; an unknown or empty one is refused, and never means all', async () => {
    const sim = await fleetSimulation({ shop: application('shop', 1), identity: application('identity', 2) });
    const ask = (request: Parameters<FleetSimulation['failover']>[0]) => refusal(sim.failover({ confirm: () => Promise.reject(new Error('asked')), ...request }));
    expect(await ask({ only: ['shpo'] })).toEqual(['RUNBOOK_NOT_FOUND', 'usage', `--only shpo: there is no such runbook in ${sim.folder}.`]);
    expect(await ask({ except: ['shop', 'nobody'] })).toEqual(['RUNBOOK_NOT_FOUND', 'usage', `--except nobody: there is no such runbook in ${sim.folder}.`]);
    expect(await ask({ only: [] })).toEqual(['FLEET_EMPTY', 'usage', '--only names nothing.']);
    expect(await ask({ except: [] })).toEqual(['FLEET_EMPTY', 'usage', '--except names nothing.']);
    expect(await ask({ except: ['shop', 'identity'] })).toEqual(['FLEET_EMPTY', 'usage', `No runbook in ${sim.folder} that --except leaves has the region ${TOKYO}.`]);
    expect(await ask({ region: 'eu-west-1' })).toEqual(['FLEET_EMPTY', 'usage', `No runbook in ${sim.folder} has the region eu-west-1.`]);
    expect(await ask({ only: ['shop'], region: 'eu-west-1' })).toEqual(['REGION_UNKNOWN', 'usage', 'shop has no region eu-west-1.']);
  });

  it('a runbook that cannot be read stops all, unless it is left out by name', async () => {
    const sim = await fleetSimulation({ shop: application('shop', 1) });
    await writeFile(join(sim.folder, 'torn.yaml'), 'runbook: torn\nowner:\n');
    expect(await refusal(sim.failover())).toEqual(['RUNBOOK_INVALID', 'runbook', 'The folder of runbooks is not sound.']);
    expect(standings(await sim.failover({ except: ['torn'] }))).toEqual({ shop: 'succeeded' });
  });

  it('a circle is refused', async () => {
    const sim = await fleetSimulation({ a: application('a', 1, { text: 'dependsOn: [b]\n' }), b: application('b', 2, { text: 'dependsOn: [a]\n' }) });
    expect(await refusal(sim.failover())).toEqual(['RUNBOOK_INVALID', 'runbook', 'The folder of runbooks is not sound.']);
    expect(sim.world.isAlive(SEOUL)).toBe(false);
  });
});
