import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cleanDrill, sweepDrills, type SweepRequest } from '../../src/app/sweep-drills.ts';
import { expiredTwins } from '../../src/app/left-twins.ts';
import { dueCleanUps } from '../../src/app/due-drill.ts';
import { planWithPreview } from '../../src/app/preview.ts';
import { standingOf } from '../../src/app/standing.ts';
import { openState } from '../../src/app/state.ts';
import { planText } from '../../src/cli/plan-view.ts';
import { statusText } from '../../src/cli/run-view.ts';
import { sweepJson, sweepText } from '../../src/cli/sweep-view.ts';
import { plain as PLAIN } from '../../src/cli/text.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { criticalPath } from '../../src/plan/feasibility.ts';
import { DRILL, keepBackups, twinsIn } from '../engine/drills.ts';
import { planOf, SEOUL, SHOP, TOKYO } from '../engine/simulated.ts';
import { bench, type Bench } from './fixture.ts';

const DRAIN = new AbortController().signal;
const HOUR = 3_600_000;

async function drillBench(runbook = SHOP): Promise<Bench> {
  const b = await bench({ alive: true, runbook });
  await keepBackups(b.sim);
  await Promise.all((await planOf(b.sim, DRILL)).steps.map((step) => loadStepKind(step.kind)));
  return b;
}

const kept = (b: Bench, keepTwinsMs = 2 * HOUR) => b.start({ ...DRILL, acceptances: { approvedBy: [], keepTwinsMs } });
const sweep = (b: Bench, more: Partial<SweepRequest> = {}) =>
  b.sim.clock.run(() => sweepDrills({ regions: [SEOUL, TOKYO], state: { folder: b.state }, list: false, drain: DRAIN, effects: b.sim.effects, ...more }));
const clean = (b: Bench, run: string) => b.sim.clock.run(() => cleanDrill({ run, state: { folder: b.state }, effects: b.sim.effects, drain: DRAIN, onRecord: () => undefined }));
const words = ({ found }: Awaited<ReturnType<typeof sweep>>) => found.map(({ word, twin }) => `${word} ${twin.resource.replaceAll(/dr-drill-[0-9a-f]{8}/g, 'dr-drill-M')}`).sort();

const ALL = ['autoscaling:ap-northeast-1:dr-drill-M-shop-api', 'rds:ap-northeast-1:dr-drill-M-shop-orders-tokyo', 'route53:Z0123456789ABCDEFGHIJ:dr-drill-M-a.shop.example.com A'];

describe('twins that are kept', () => {
  it('stay until somebody deletes them; then the drill ends as its steps have ended', async () => {
    const b = await drillBench();
    const { state, exit, summary } = await kept(b);
    expect([exit, state.outcome, state.kept?.ended]).toEqual(['leftBehind', undefined, 'succeeded']);
    expect(summary.join('\n')).toContain('kept until');
    expect(twinsIn(b.sim)).toHaveLength(4);
    const ended = await clean(b, state.run);
    expect([ended.exit, ended.state.outcome, twinsIn(b.sim)]).toEqual(['ok', 'succeeded', []]);
  });

  it('also of a drill whose steps have failed, which stays failed', async () => {
    const b = await drillBench();
    b.sim.world.addFault({ service: 'rds', operation: 'PromoteReadReplica', effect: { kind: 'error', httpStatus: 400, code: 'InvalidParameterValue', message: 'no' } });
    const { state, exit } = await kept(b);
    expect([exit, state.kept?.ended]).toEqual(['leftBehind', 'failed']);
    expect((await clean(b, state.run)).state.outcome).toBe('failed');
  });

  it('nothing is kept of a drill that was refused, or that a person has stopped', async () => {
    const b = await drillBench();
    const stop = new AbortController();
    const { state } = await b.start({ ...DRILL, acceptances: { approvedBy: [], keepTwinsMs: HOUR }, drain: stop.signal, onRecord: ({ type }) => type === 'step.acted' && stop.abort(new Error('Ctrl-C')) });
    expect([state.kept, state.outcome, twinsIn(b.sim)]).toEqual([undefined, 'aborted', []]);
  });

  it('their clean-up is shown by status, and once it is due by check and by --due', async () => {
    const b = await drillBench();
    const { state } = await kept(b);
    const { sim } = b;
    const due = () => dueCleanUps({ runbooks: b.runbooks, region: TOKYO, state: { folder: b.state }, mode: state.mode, withinMs: HOUR, now: sim.clock.now() });
    const found = () => expiredTwins(openState({ folder: b.state }), state.plan, sim.clock.now());
    const shown = async () => statusText(await standingOf({ folder: b.state }, state.run, sim.clock.now()), PLAIN);
    expect(await shown()).toContain(`kept until`);
    expect(await shown()).toContain(`dr drill clean ${state.run}`);
    expect([await due(), await found()]).toEqual([[], []]);
    await sim.clock.run(() => sim.clock.sleep(3 * HOUR));
    expect(await shown()).toContain('clean-up is due for 1h');
    expect((await due()).map(({ run }) => run)).toEqual([state.run]);
    expect((await found()).map(({ run }) => run)).toEqual([state.run]);
  });

  it('a later drill of the application says so, and leaves them', async () => {
    const b = await drillBench();
    const { state } = await kept(b);
    const said: string[] = [];
    const later = await b.start({ ...DRILL, onMessage: (text) => void said.push(text) });
    expect(said.join('\n')).toMatch(new RegExp(`Drill ${state.run}: .* kept until .* dr drill clean ${state.run}`));
    expect([later.state.outcome, twinsIn(b.sim).length]).toEqual(['succeeded', 4]);
  });
});

describe('dr drill sweep', () => {
  it('leaves what is kept until it is due, then deletes what its journal has made, in its own clean-up', async () => {
    const b = await drillBench();
    const { state } = await kept(b);
    expect(words(await sweep(b))).toEqual(ALL.map((one) => `kept ${one}`));
    await b.sim.clock.run(() => b.sim.clock.sleep(3 * HOUR));
    const listed = await sweep(b, { list: true });
    expect(words(listed)).toEqual(ALL.map((one) => `ours ${one}`));
    const text = sweepText(listed, undefined, PLAIN);
    expect(text).toMatch(/3h \S+ old, about \$4\.\d\d a day; left by/);
    expect(text).toContain(`dr drill clean ${state.run}`);
    expect(twinsIn(b.sim)).toHaveLength(4);
    const swept = await sweep(b);
    expect(words(swept)).toEqual(ALL.map((one) => `deleted ${one}`));
    expect(sweepJson(swept)).toMatchObject({ left: 0, cost: { usdPerDay: 0, withoutPrice: [] } });
    expect(twinsIn(b.sim)).toEqual([]);
    expect((await standingOf({ folder: b.state }, state.run, 1)).state.outcome).toBe('succeeded');
    expect(words(await sweep(b))).toEqual([]);
  });

  it('lists and leaves what no journal of this state has made: without a tag, without a name, of an unknown run', async () => {
    const b = await drillBench();
    const { sim } = b;
    const stranger = (id: string, tags: Record<string, string>) => sim.world.addDbInstance({ region: SEOUL, id, tags, instanceClass: 'db.x2g.large' });
    stranger('dr-drill-00000000-untagged', {});
    stranger('copy-of-a-twin', { 'dr:drill': '20261101T000000Z-shop-drill-aaaaaa' });
    stranger('dr-drill-11111111-elsewhere', { 'dr:drill': '20261101T000000Z-shop-drill-aaaaaa' });
    const result = await sweep(b);
    expect(result.found.map(({ word, because }) => `${word}: ${because}`).sort()).toEqual([
      'other: it has the name of a twin, and no tag',
      'other: it has the tag of a twin, and no name of one',
      'other: this state has no journal of 20261101T000000Z-shop-drill-aaaaaa that can be read',
    ]);
    const text = sweepText(result, undefined, PLAIN);
    expect(text).toContain('aws rds delete-db-instance --region ap-northeast-2 --db-instance-identifier copy-of-a-twin');
    expect(text).toContain('at least $0.38 a day (no price is known of db.x2g.large)');
    expect(sim.world.snapshot().databases.filter(({ id }) => id.includes('twin') || id.startsWith('dr-drill')).length).toBe(3);
  });

  it('does not touch a twin whose name a journal has made, and whose tag is of another run', async () => {
    const b = await drillBench();
    const { state } = await kept(b, 60_000);
    const [twin = ''] = state.plan.steps.flatMap(({ changes }) => changes.flatMap(({ resource }) => (resource.startsWith('rds:') ? resource.split(':')[2] ?? '' : [])));
    const { sim } = b;
    await sim.clock.run(() => sim.effects.aws.call({ service: 'rds', region: TOKYO, operation: 'DeleteDBInstance', input: { DBInstanceIdentifier: twin, SkipFinalSnapshot: true } }));
    await sim.clock.run(() => sim.clock.sleep(HOUR));
    sim.world.addDbInstance({ region: TOKYO, id: twin, tags: { 'dr:drill': '20261101T000000Z-shop-drill-aaaaaa' } });
    const result = await sweep(b);
    expect(result.found.find(({ twin: found }) => found.name === twin)?.word).toBe('other');
    expect(sim.world.snapshot().databases.map(({ id }) => id)).toContain(twin);
  });

  it('says which part of the account gave no answer, and calls nothing in it gone', async () => {
    const b = await drillBench();
    await kept(b, 60_000);
    b.sim.world.addFault({ service: 'autoscaling', operation: 'DescribeAutoScalingGroups', region: SEOUL, effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied', message: 'not you' } });
    const result = await sweep(b, { list: true });
    expect(result.notLooked).toEqual([{ what: `Auto Scaling groups in ${SEOUL}`, why: expect.stringContaining('not you') as string }]);
    expect(sweepText(result, undefined, PLAIN)).toContain('Not looked at: Auto Scaling groups in ap-northeast-2');
  });
});

describe('the plan of a drill', () => {
  it('names every twin, and about what they cost', async () => {
    const b = await drillBench();
    const { plan, twins } = await b.sim.clock.run(() => planWithPreview({ ...DRILL, runbooks: b.runbooks, state: { folder: b.state }, effects: b.sim.effects }));
    expect(twins?.twins.map(({ resource }) => resource.replaceAll(/dr-drill-[0-9a-f]{8}/g, 'dr-drill-M')).sort()).toEqual(ALL);
    // db.m6g.large with 100 GiB, and one m6g.large.
    expect(twins?.cost).toEqual({ usdPerHour: expect.closeTo(0.159 + (100 * 0.115) / 730 + 0.077, 4) as number, unknown: [] });
    const shown = planText({ plan, critical: criticalPath(plan), preview: { refusals: [], notEvaluated: [], warnings: [] }, twins, command: '', iam: false, width: undefined }, PLAIN);
    expect(shown).toMatch(/Cost: about \$0\.\d\d for this drill; left as they are: about \$6\.04 a day\./);
    expect(shown).toContain(plan.drill?.mark);
  });

  it('with `capacity: full` it launches as many instances as a failover', async () => {
    const b = await drillBench();
    const file = join(b.runbooks, 'shop.yaml');
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.replace('    kind: auto-scaling-group\n', '    kind: auto-scaling-group\n    drill: { capacity: full }\n'));
    let most = 0;
    const { state } = await b.start({ ...DRILL, onRecord: () => { most = Math.max(most, b.sim.world.snapshot().groups.find(({ name }) => name.startsWith('dr-drill-'))?.desired ?? 0); } });
    expect([state.outcome, most]).toEqual(['succeeded', Number(/active: \{[^}]*desired: (\d+)/.exec(whole)?.[1])]);
    expect(most).toBeGreaterThan(1);
  });
});

it('a sweep finds the twin of an image, and its clean-up leaves an instance of somebody else that has its name', async () => {
  const b = await drillBench(SHOP.replace('shop.yaml', 'archive.yaml'));
  const { state } = await kept(b);
  const found = await sweep(b, { list: true });
  const twin = found.found.find(({ twin: { resource } }) => resource.startsWith('ec2:'));
  expect([twin?.word, twin?.twin.rented, twin?.twin.byHand]).toEqual(['kept', [{ what: 'instance', class: 'm6g.large', count: 1 }], expect.stringMatching(/^aws ec2 terminate-instances --region ap-northeast-1 --instance-ids i-0/)]);
  // The same name, and no tag of the drill.
  b.sim.world.addEc2Instance({ region: TOKYO, id: 'i-0feedfeed', tags: { Name: twin?.twin.name ?? '' } });
  expect((await sweep(b, { list: true })).found.filter(({ twin: { resource } }) => resource.startsWith('ec2:')).map(({ word }) => word).sort()).toEqual(['kept', 'other']);
  const ended = await clean(b, state.run);
  expect(ended.state.steps.get('compute.api.twinInstances')?.notUndone?.message).toContain('carries no tag dr:drill: it is left as it is');
  expect(b.sim.world.snapshot().instances.filter(({ name }) => name === twin?.twin.name).map(({ id }) => id)).toEqual(['i-0feedfeed']);
});
