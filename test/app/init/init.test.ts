import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { init, INIT_ACTIONS } from '../../../src/app/init/init.ts';
import type { AwsCaller, AwsRequest } from '../../../src/aws/caller.ts';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { loadRunbook } from '../../../src/runbook/load.ts';
import { SeededIds } from '../../../src/simulator/random.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { World } from '../../../src/simulator/world.ts';
import { APPROVED, planOf, runPlan, simulation } from '../../engine/simulated.ts';
import { madeOf, plansOf, UNKNOWN } from './same-plan.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const REGIONS = ['ap-northeast-2', 'ap-northeast-1'];
const runbook = (name: string): string => join(ROOT, 'runbooks', `${name}.yaml`);

function emptyAccount(): { clock: VirtualClock; world: World; aws: AwsCaller } {
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: [...REGIONS, 'us-east-1'] });
  return { clock, world, aws: reliableCaller(world, { clock, ids: new SeededIds(1) }) };
}

describe('dr init gives back the example runbooks', () => {
  it.each(Object.keys(UNKNOWN).flatMap((name) => (['failover', 'switchover'] as const).map((verb) => [name, verb] as const)))('%s: the plan of its %s equals that of the original, step by step, but for what AWS does not know', async (name, verb) => {
    const sim = await simulation({ path: runbook(name) });
    const { runbooks, notRead, notPlaced } = await madeOf(sim);
    expect([notRead, notPlaced]).toEqual([[], []]);
    expect(runbooks).toHaveLength(1);
    const [one] = runbooks;
    expect(one?.strategy).toBe(sim.loaded.runbook.strategy);
    const { original, made } = await plansOf(sim, one?.text ?? '', UNKNOWN[name] ?? [], verb);
    expect(made).toEqual(original);
    expect(original.length).toBeGreaterThan(8);
  });

  it('and without what AWS does not know, the plan is another one: nothing is filled in by the comparison', async () => {
    const sim = await simulation({ path: runbook('shop') });
    const { runbooks } = await madeOf(sim);
    const { original, made } = await plansOf(sim, runbooks[0]?.text ?? '', []);
    expect(made.length).toBeLessThan(original.length);
  });

  it('says what a person has to decide, at the place in the file, and where each value came from', async () => {
    const { runbooks } = await madeOf(await simulation({ path: runbook('shop') }));
    const text = runbooks[0]?.text ?? '';
    expect(runbooks[0]?.decide.map(({ path }) => path)).toEqual(expect.arrayContaining(['objectives', 'owner', 'databases.orders', 'approvals']));
    expect(text).toMatch(/# decide: who answers for it at 3 a\.m\.\nowner:/);
    expect(text).toMatch(/shop-orders is the writer; shop-orders-tokyo in Tokyo \(ap-northeast-1\) is its read replica\n[^]*\n {2}orders:\n/);
    expect(text).toMatch(/seoul leads to Seoul \(ap-northeast-2\): its health check asks app\.ap-northeast-2\.example\.com/);
  });
});

describe('dr init after a failover', () => {
  const OLD = { region: REGIONS[0] ?? '', id: 'shop-orders' };
  const NEW = { region: REGIONS[1] ?? '', id: 'shop-orders-tokyo' };

  it('names the old writer, which is closed, as the standby that a reprotect rebuilds, and no active-active', async () => {
    const sim = await simulation({ path: runbook('shop') });
    const run = await runPlan(sim, await planOf(sim, NEW.region), { acceptances: { ...APPROVED, sourceDown: 'alice', reason: 'a test' } });
    expect([run.outcome, sim.world.acceptsWrites(OLD), sim.world.acceptsWrites(NEW)]).toEqual(['succeeded', false, true]);
    const { runbooks } = await madeOf(sim);
    expect(runbooks.map(({ strategy, home }) => [strategy, home])).toEqual([['warm-standby', NEW.region]]);
    const text = runbooks[0]?.text ?? '';
    // Comments are wrapped.
    const plain = text.replace(/\n +# {2,}/g, ' ');
    expect(plain).toMatch(/shop-orders-tokyo is the writer; shop-orders in Seoul \(ap-northeast-2\) is closed by its security groups, as a failover leaves an old writer: it is no replica, and dr reprotect rebuilds it as one\n[^]*\n {2}orders:\n {4}kind: rds-read-replica\n/);
    const folder = await mkdtemp(join(tmpdir(), 'dr-init-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'shop.yaml'), text);
    expect((await loadRunbook(join(folder, 'shop.yaml'))).runbook.strategy).toBe('warm-standby');
  });

  it('says what it saw where the old writer is open: two writers, and records that lead to one region', async () => {
    const sim = await simulation({ path: runbook('shop') });
    sim.world.detachReplica(NEW);
    const { runbooks } = await madeOf(sim);
    expect(runbooks[0]?.decide.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^there is a failover pair of records, .* if one of these writers is what a failover has left, .* dr reprotect rebuilds the other one$/));
    const shared = await madeOf(await simulation({ path: runbook('active-active') }));
    expect(JSON.stringify(shared.runbooks[0]?.decide)).not.toContain('what a failover has left');
  });
});

describe('dr init finds the way in', () => {
  const [seoul = '', tokyo = ''] = REGIONS;
  const inText = async (plant: (world: World) => void, example = 'shop') => {
    const sim = await simulation({ path: runbook(example) });
    plant(sim.world);
    const result = await madeOf(sim);
    return { ...result, text: result.runbooks[0]?.text.replace(/\n +# {2,}/g, ' ') ?? '', decide: result.runbooks[0]?.decide.map(({ what }) => what) ?? [] };
  };

  it('the proxy that leads to the writer, the one that is called alike and waits, and the path whose name names the standby', async () => {
    const { text, notPlaced } = await inText((world) => {
      world.state.dbProxies.add({ region: seoul, name: 'shop-orders-seoul', target: 'shop-orders' });
      world.state.dbProxies.add({ region: tokyo, name: 'shop-orders-tokyo' });
      world.state.networkPaths.add({ region: tokyo, id: 'nip-0123456789abcdef0', name: 'app to shop-orders-tokyo', analyses: [] });
    });
    expect(text).toContain(`proxy: { ${seoul}: shop-orders-seoul, ${tokyo}: shop-orders-tokyo }`);
    expect(text).toContain(`reachability: { ${tokyo}: nip-0123456789abcdef0 }`);
    expect(text).toContain('shop-orders-seoul in Seoul (ap-northeast-2) leads to shop-orders; shop-orders-tokyo in Tokyo (ap-northeast-1) is called alike, and leads to nothing yet');
    expect(text).toContain('nip-0123456789abcdef0 is called app to shop-orders-tokyo');
    expect(notPlaced).toEqual([]);
  });

  it('nothing is guessed: of two a person chooses, and what leads elsewhere or is called otherwise is listed', async () => {
    const { text, decide, notPlaced } = await inText((world) => {
      world.state.dbProxies.add({ region: seoul, name: 'one', target: 'shop-orders' });
      world.state.dbProxies.add({ region: seoul, name: 'two', target: 'shop-orders' });
      world.state.dbProxies.add({ region: tokyo, name: 'shop-orders', target: 'other' });
      world.state.networkPaths.add({ region: tokyo, id: 'nip-0123456789abcdef0', analyses: [] });
      world.state.networkPaths.add({ region: seoul, id: 'nip-0123456789abcdef1', name: 'web-to-shop-orders-tokyo', analyses: [] });
    });
    expect(text).not.toMatch(/^ +(proxy|reachability):/m);
    expect(decide).toContain(`which proxy the application takes in Seoul (ap-northeast-2): proxy: { ${seoul}: one or two }`);
    expect(notPlaced).toEqual([
      expect.stringMatching(/^RDS Proxy shop-orders in ap-northeast-1: it leads to no database/),
      expect.stringMatching(/^path nip-0123456789abcdef1 of Reachability Analyzer in ap-northeast-2: /),
      expect.stringMatching(/^path nip-0123456789abcdef0 of Reachability Analyzer in ap-northeast-1: /),
    ]);
  });

  it('of a database that is yet to be restored: the proxy, and no path', async () => {
    const { text } = await inText((world) => {
      world.state.dbProxies.add({ region: seoul, name: 'archive-documents', target: 'archive-documents' });
      world.state.dbProxies.add({ region: tokyo, name: 'archive-documents-tokyo' });
    }, 'archive');
    expect(text).toContain(`proxy: { ${seoul}: archive-documents, ${tokyo}: archive-documents-tokyo }`);
  });

  it('of writers in each region: the proxy of each', async () => {
    const { text } = await inText((world) => {
      world.state.dbProxies.add({ region: seoul, name: 'a', target: 'tickets-seoul' });
      world.state.dbProxies.add({ region: tokyo, name: 'b', target: 'tickets-tokyo' });
    }, 'active-active');
    expect(text).toContain(`proxy: { ${seoul}: a, ${tokyo}: b }`);
  });

  it('a proxy of which AWS does not say where it leads is taken for none that waits', async () => {
    const { text, notRead } = await inText((world) => {
      world.state.dbProxies.add({ region: tokyo, name: 'shop-orders-tokyo' });
      world.addFault({ service: 'rds', operation: 'DescribeDBProxyTargets', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    });
    expect(text).not.toMatch(/^ +proxy:/m);
    expect(notRead).toMatchObject([{ region: tokyo, what: 'targets of the proxy shop-orders-tokyo' }]);
  });
});

describe('dr init', () => {
  it('writes runbooks that pass dr validate, and never touches a file that is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dr-init-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const sim = await simulation({ path: runbook('shop') });
    const go = () => init({ aws: sim.effects.aws, regions: REGIONS, runbooks: folder, now: 0, owner: 'me@example.com', rpo: '1m', rto: '2h', approvers: ['boss@example.com'] });
    await madeOf(sim);
    expect((await sim.clock.run(go)).runbooks.map(({ state }) => state)).toEqual(['written']);
    const { runbook: made } = await loadRunbook(join(folder, 'shop.yaml'));
    expect(made).toMatchObject({ owner: 'me@example.com', objectives: { rpoMs: 60_000, rtoMs: 7_200_000 } });
    expect(made.approvals[0]?.from.map(({ name }) => name)).toEqual(['boss@example.com']);
    await writeFile(join(folder, 'shop.yaml'), 'mine\n');
    expect((await sim.clock.run(go)).runbooks.map(({ state }) => state)).toEqual(['there']);
    expect(await readFile(join(folder, 'shop.yaml'), 'utf8')).toBe('mine\n');
  });

  it('calls what its permissions list, and nothing else', async () => {
    const actions = new Set<string>();
    for (const name of Object.keys(UNKNOWN)) {
      const sim = await simulation({ path: runbook(name) });
      sim.world.state.dbProxies.add({ region: 'ap-northeast-1', name: 'any' });
      const aws: AwsCaller = { call: ((request: AwsRequest) => {
        actions.add(`${request.service === 'elbv2' ? 'elasticloadbalancing' : request.service}:${String(request.operation)}`);
        return sim.effects.aws.call(request);
      }) as AwsCaller['call'] };
      await madeOf({ ...sim, effects: { ...sim.effects, aws } });
    }
    expect([...actions].sort()).toEqual([...INIT_ACTIONS]);
  });

  it('of an account with nothing in it says so, and writes nothing', async () => {
    const { clock, aws } = emptyAccount();
    const result = await clock.run(() => init({ aws, regions: REGIONS, runbooks: 'none', now: 0 }));
    expect(result).toMatchObject({ runbooks: [], notPlaced: [], notRead: [] });
  });

  it('without credentials, and with one region, says what to do', async () => {
    const { clock, world, aws } = emptyAccount();
    await expect(init({ aws, regions: ['ap-northeast-2'], runbooks: 'none', now: 0 })).rejects.toMatchObject({ code: 'REGIONS_NEEDED' });
    world.addFault({ effect: { kind: 'error', httpStatus: 403, code: 'ExpiredToken' } });
    await expect(clock.run(() => init({ aws, regions: REGIONS, runbooks: 'none', now: 0 }))).rejects.toMatchObject({ code: 'NO_CREDENTIALS' });
  });

  it('of a region that does not answer says so, and gives what the other one has', async () => {
    const sim = await simulation({ path: runbook('shop') });
    await madeOf(sim);
    sim.world.breakRegion('ap-northeast-1');
    const result = await madeOf(sim);
    expect(result.notRead).toEqual([expect.objectContaining({ region: 'ap-northeast-1', what: 'everything' })]);
    expect(result.runbooks).toEqual([]);
    expect(result.notPlaced).toEqual(expect.arrayContaining([expect.stringContaining('shop-orders in ap-northeast-2'), expect.stringContaining('shop-api in ap-northeast-2')]));
  });

  it('throttled now and then asks again, and finds the same', async () => {
    const sim = await simulation({ path: runbook('shop') });
    const before = await madeOf(sim);
    for (const service of ['rds', 'autoscaling', 'ec2', 'elbv2', 'route53', 'sns']) sim.world.addFault({ service, effect: { kind: 'throttle' }, times: 2 });
    const { runbooks, notRead, notPlaced } = await madeOf(sim);
    expect([runbooks.map(({ text }) => text), notRead, notPlaced]).toEqual([before.runbooks.map(({ text }) => text), [], before.notPlaced]);
  });

  it('of a service that it may not read says so, and reads the rest', async () => {
    const sim = await simulation({ path: runbook('shop') });
    await madeOf(sim);
    sim.world.addFault({ service: 'sns', effect: { kind: 'error', httpStatus: 403, code: 'AuthorizationError' } });
    const result = await madeOf(sim);
    expect(result.notRead.map(({ what }) => what)).toEqual(['topics', 'topics']);
    expect(result.runbooks[0]?.decide.map(({ path }) => path)).toContain('notify');
  });

  it('reads 5,000 instances and 10,000 records page by page, with progress, and keeps little of each', async () => {
    const { clock, world, aws } = emptyAccount();
    for (let i = 0; i < 5_000; i++) world.addEc2Instance({ region: 'ap-northeast-2', id: `i-${String(i).padStart(17, '0')}` });
    world.addHostedZone({ id: 'Z0000000000LARGE', name: 'large.example', records: Array.from({ length: 10_000 }, (_, i) => ({ name: `host-${i}.large.example`, type: 'A', ttl: 60, values: ['192.0.2.1'] })) });
    const seen: number[] = [];
    const { counts, notPlaced, calls } = await clock.run(() => init({ aws, regions: REGIONS, runbooks: 'none', now: 0, progress: (all) => seen.push(Object.values(all).reduce((a, b) => a + b, 0)) }));
    expect(counts).toMatchObject({ 'EC2 instances': 5_000, records: 10_002 });
    expect(calls).toBeLessThan(80);
    expect(seen.length).toBeGreaterThan(35);
    expect(notPlaced).toEqual([expect.stringContaining('5000 EC2 instances in ap-northeast-2')]);
  });
});
