import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { SEOUL, simulation, type Simulation } from '../../engine/simulated.ts';
import { type AtHand, stepOf } from '../context.ts';
import { stepIn, wait } from '../world.ts';

const WRITER = { region: SEOUL, id: 'shop-orders' };
const verdict = (word: string): Record<string, Json> => ({ 'source.verdict': { verdict: word, because: `it is ${word}` } });

/** The fence step. The plan is made before Seoul is broken, where it is to be. */
async function fenceOf(sim: Simulation, at: AtHand & { broken?: boolean; group?: false } = {}) {
  const step = await stepIn(sim, 'databases.orders.fence', at);
  if (at.broken === true) sim.world.breakRegion(SEOUL);
  return step;
}

/** As a runbook without `fence` gives it. */
async function withoutGroup(sim: Simulation, at: AtHand = {}) {
  return stepIn(sim, 'databases.orders.fence', { ...at, params: { group: undefined as unknown as Json } });
}

describe('fencing the old writer', () => {
  it('that answers: its security groups are replaced by the closed one, a reboot ends its sessions, and it takes no more writes', async () => {
    const sim = await simulation();
    const step = await fenceOf(sim);
    expect(await step.check()).toMatchObject({ state: 'ok' });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'shop-orders answers, and is not in quarantine' });
    expect(sim.world.acceptsWrites(WRITER)).toBe(true);
    await step.act();
    const seen: unknown[] = [];
    for (let i = 0; i < 120 && step.recorded['fence.orders'] === undefined; i++) {
      await wait(sim, 1_000);
      const look = await step.observe();
      seen.push(look);
      // Not fenced before it is.
      if (sim.world.acceptsWrites(WRITER)) expect(step.recorded['fence.orders']).toBeUndefined();
      if (look.state === 'absent') await step.act();
    }
    expect(seen).toContainEqual({ state: 'pending', waitingFor: 'aws', because: 'sg-0aaaaaaaaaaaaaaaa is being applied to shop-orders' });
    expect(seen).toContainEqual({ state: 'absent', further: true, because: 'shop-orders accepts no new connection: its only security group is sg-0aaaaaaaaaaaaaaaa. Sessions from before it may still write' });
    expect(seen).toContainEqual({ state: 'pending', waitingFor: 'aws', because: 'shop-orders is rebooting, which ends its sessions' });
    expect(seen.at(-1)).toEqual({ state: 'reached', because: 'shop-orders accepts no connection: its only security group is sg-0aaaaaaaaaaaaaaaa, and a reboot has ended every session' });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: 'fenced' });
    expect(sim.world.acceptsWrites(WRITER)).toBe(false);
  });

  it.each(['source-down', 'attested'])('that is silent: the verdict %s on its region holds', async (word) => {
    const sim = await simulation();
    const step = await fenceOf(sim, { facts: verdict(word), broken: true });
    expect(await step.observe()).toMatchObject({ state: 'reached', because: expect.stringContaining(`it is ${word}`) as string });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: word });
  });

  it('that was found silent a moment ago is not asked again', async () => {
    const sim = await simulation();
    const signal = { vantage: 'source-api', says: 'down', because: 'the RDS API gives no answer', silent: true, at: sim.clock.now() };
    const step = await fenceOf(sim, { facts: { ...verdict('source-down'), 'signal.rds-api.orders': signal }, broken: true });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'the RDS API gives no answer, so that nothing can be fenced there; it is source-down' });
    expect(step.calls()).toEqual([]);
  });

  it('that was found silent is asked again where users are served: an answer may have been lost', async () => {
    const sim = await simulation();
    const silent = { vantage: 'source-api', says: 'down', because: 'the RDS API gives no answer', silent: true };
    const users = { vantage: 'users', says: 'up', because: 'status 200' };
    const step = await fenceOf(sim, { facts: { ...verdict('source-down'), 'signal.rds-api.orders': silent, 'signal.users': users } });
    expect(await step.observe()).toMatchObject({ state: 'absent', because: 'shop-orders answers, and is not in quarantine' });
    sim.world.breakRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ state: 'reached', because: expect.stringContaining('no answer within 2000 ms') as string });
  });

  it.each([['not-down', verdict('not-down')], ['missing', {}], ['none of ours', { 'source.verdict': 'down' }]])('that is silent, with a verdict that is %s: refused', async (_name, facts) => {
    const sim = await simulation();
    const step = await fenceOf(sim, { facts, broken: true });
    expect(await step.observe()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'fence',
        observed: 'the old writer shop-orders cannot be fenced: rds.DescribeDBInstances in ap-northeast-2: NoAnswer: no answer within 2000 ms',
        threshold: 'fenced, or the source down by two independent signals',
        consequence: 'two writers may accept orders at once, and their data can no longer be joined',
        override: '--attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    expect(step.recorded).toEqual({});
  });

  it('that has this name no more: only a person can say that it takes no writes under another one', async () => {
    const because = 'ap-northeast-2 answers that there is no gone: it was deleted, or has another name by now and takes writes under that';
    const seen = async (acceptances: { sourceDown?: string }, facts = {}) => {
      const step = await stepIn(await simulation(), 'databases.orders.fence', { params: { id: 'gone' }, acceptances, facts });
      return { seen: await step.observe(), recorded: step.recorded };
    };
    expect((await seen({}, verdict('source-down'))).seen).toMatchObject({ state: 'refused', refusal: { rule: 'fence', observed: `the old writer gone cannot be fenced: ${because}` } });
    expect(await seen({ sourceDown: 'kim' })).toMatchObject({ seen: { state: 'reached' }, recorded: { 'fence.orders': { verdict: 'attested', because: `${because}; attested by kim` } } });
  });

  it('that dies while it is being fenced: the next look decides', async () => {
    const sim = await simulation();
    const step = await fenceOf(sim, { facts: verdict('source-down') });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    sim.world.breakRegion(SEOUL);
    await step.act();
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it('a clear no of AWS is an error, never a verdict', async () => {
    const sim = await simulation();
    sim.world.addFault({ region: SEOUL, service: 'rds', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    const step = await fenceOf(sim, { facts: verdict('source-down') });
    await expect(step.observe()).rejects.toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
    await expect(step.act()).rejects.toMatchObject({ code: 'AccessDenied' });
    expect(step.recorded).toEqual({});
  });
});

describe('ending the sessions of the old writer', () => {
  /** In quarantine, and asked for a reboot or not. */
  async function closed(at: AtHand = {}) {
    const sim = await simulation();
    await sim.clock.run(() => sim.effects.aws.call({ service: 'rds', region: SEOUL, operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'] } }));
    await wait(sim, 60_000);
    return { sim, step: await fenceOf(sim, at) };
  }

  it('a quarantine that somebody else made is not enough', async () => {
    const { sim, step } = await closed();
    expect(await step.observe()).toMatchObject({ state: 'absent', further: true });
    await step.act();
    expect(step.calls().map((call) => call.operation)).toEqual(['DescribeDBInstances', 'RebootDBInstance']);
    await wait(sim, 60_000);
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it('a reboot that nobody here asked for does not count', async () => {
    const { sim, step } = await closed();
    await sim.clock.run(() => sim.effects.aws.call({ service: 'rds', region: SEOUL, operation: 'RebootDBInstance', input: { DBInstanceIdentifier: WRITER.id } }));
    expect(await step.observe()).toEqual({ state: 'pending', waitingFor: 'aws', because: 'shop-orders is closed to new connections, and rebooting' });
    await wait(sim, 60_000);
    expect(await step.observe()).toMatchObject({ state: 'absent', further: true });
  });

  it('one that was asked for counts after a crash when it is seen, and is asked for again when it is not', async () => {
    const { sim, step } = await closed({ facts: { 'sessions.orders': { asked: true } } });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    await sim.clock.run(() => sim.effects.aws.call({ service: 'rds', region: SEOUL, operation: 'RebootDBInstance', input: { DBInstanceIdentifier: WRITER.id } }));
    expect(await step.observe()).toMatchObject({ state: 'pending', because: 'shop-orders is rebooting, which ends its sessions' });
    await wait(sim, 60_000);
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it('a look that shows `available` too soon is not believed', async () => {
    const { sim, step } = await closed();
    await step.observe();
    await step.act();
    const end = sim.world.addFault({ region: SEOUL, service: 'rds', effect: { kind: 'stale-read', ms: 30_000 } });
    expect(await step.observe()).toEqual({ state: 'pending', waitingFor: 'aws', because: 'shop-orders is being rebooted' });
    end();
  });

  it('a quarantine that was taken back and made again needs another reboot', async () => {
    const { sim, step } = await closed({ facts: { 'sessions.orders': { asked: true, rebootingAt: 1 } } });
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    const groups = (id: string) => sim.clock.run(() => sim.effects.aws.call({ service: 'rds', region: SEOUL, operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds: [id] } }));
    sim.world.state.securityGroups.add({ region: SEOUL, id: 'sg-0bbbbbbbbbbbbbbbb', name: 'app', closed: false });
    await groups('sg-0bbbbbbbbbbbbbbbb');
    await wait(sim, 60_000);
    expect(await step.observe()).toMatchObject({ state: 'absent', because: 'shop-orders answers, and is not in quarantine' });
    await step.act();
    await wait(sim, 60_000);
    expect(await step.observe()).toMatchObject({ state: 'absent', further: true });
  });

  it.each([['source-down', 'reached'], ['not-down', 'refused']])('one that takes too long is as good as the region’s verdict %s', async (word, state) => {
    const { sim, step } = await closed({ facts: verdict(word) });
    sim.world.setDbStatus(WRITER, 'available');
    await step.observe();
    await step.act();
    const row = sim.world.state.databases.row(WRITER);
    if (row?.reboot === undefined) throw new Error('it is not being rebooted');
    sim.world.state.databases.table(SEOUL).set(WRITER.id, { ...row, reboot: { ...row.reboot, driverDone: false } }, sim.clock.now());
    await wait(sim, 121_000);
    expect(await step.observe()).toMatchObject({ state });
  });

  it('one that is stopped has none; of one that AWS does not reboot a person decides, who is given what stays', async () => {
    const { sim, step } = await closed({ facts: verdict('not-down') });
    sim.world.setDbStatus(WRITER, 'storage-full');
    let last: unknown;
    for (let i = 0; i < 10; i++) {
      last = await step.observe();
      if ((last as { state: string }).state !== 'absent') break;
      await expect(step.act()).rejects.toMatchObject({ code: 'InvalidDBInstanceState', isPassing: true });
    }
    const observed = expect.stringMatching(/storage-full; AWS refuses the change: .*InvalidDBInstanceState.*\. It stays closed: dr resume tries again, dr abort gives its security groups back$/) as string;
    expect(last).toMatchObject({ state: 'refused', refusal: { rule: 'fence', observed, override: '--attest-source-down NAME --reason "who has seen it, and how"' } });
    sim.world.setDbStatus(WRITER, 'stopped');
    expect(await step.observe()).toMatchObject({ state: 'reached', because: 'shop-orders is stopped, and accepts no connection: its only security group is sg-0aaaaaaaaaaaaaaaa' });
  });

  it('a reboot without an answer is looked for, and one that AWS refuses is an error', async () => {
    const { sim, step } = await closed();
    await step.observe();
    const lost = sim.world.addFault({ region: SEOUL, service: 'rds', operation: 'RebootDBInstance', effect: { kind: 'answer-lost' } });
    await expect(step.act()).rejects.toMatchObject({ unreachable: true });
    lost();
    expect(await step.observe()).toMatchObject({ state: 'pending', because: 'shop-orders is rebooting, which ends its sessions' });
    await expect(step.act()).rejects.toMatchObject({ isPassing: true });
    sim.world.addFault({ region: SEOUL, service: 'rds', operation: 'RebootDBInstance', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    await expect(step.act()).rejects.toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
  });
});

describe('an old writer from which a replica receives', () => {
  const facts = { ...verdict('source-down'), 'signal.replication.orders': { vantage: 'replication', says: 'up', because: 'lag 1 s', receiving: true } };

  it('is not out because its API is silent: only a named person may say so', async () => {
    const sim = await simulation();
    const step = await fenceOf(sim, { facts, broken: true });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'fence', observed: expect.stringContaining('a replica still receives from the source') as string } });
    const attested = await fenceOf(sim, { facts: { ...facts, ...step.recorded }, acceptances: { sourceDown: 'alice' } });
    expect(await attested.observe()).toMatchObject({ state: 'reached', because: expect.stringContaining('attested by alice') as string });
  });

  it('nor because its region does not know it', async () => {
    const step = await stepIn(await simulation(), 'databases.orders.fence', { facts, params: { id: 'gone' } });
    expect(await step.observe()).toMatchObject({ state: 'refused' });
  });
});

describe('without a quarantine group', () => {
  it.each(['backing-up', 'modifying', 'storage-optimization', 'maintenance', 'rebooting', 'starting', 'storage-full', 'quantum-leaping'])('one that is %s is as one that is available', async (status) => {
    const sim = await simulation();
    sim.world.setDbStatus(WRITER, status);
    const observed = `the old writer shop-orders cannot be fenced: its API answers that it is ${status}, and the runbook names no quarantine group`;
    expect(await (await withoutGroup(sim, { facts: verdict('source-down') })).observe()).toMatchObject({ state: 'refused', refusal: { observed } });
  });

  it('a writer that answers as available is not safe by what users and checkers see: a person must say so', async () => {
    const sim = await simulation();
    const step = await withoutGroup(sim, { facts: verdict('source-down') });
    expect(await step.observe()).toMatchObject({
      state: 'refused',
      refusal: {
        rule: 'fence',
        observed: 'the old writer shop-orders cannot be fenced: its API answers that it is available, and the runbook names no quarantine group',
        threshold: 'fenced by a security group, or a named person who says that it takes no writes',
        override: '--attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    const attested = await withoutGroup(sim, { facts: verdict('source-down'), acceptances: { sourceDown: 'alice' } });
    expect(await attested.observe()).toMatchObject({ state: 'reached' });
    expect(attested.recorded['fence.orders']).toMatchObject({ verdict: 'attested', because: expect.stringContaining('attested by alice') as string });
  });

  it('one that answers as stopped is as good as its region’s verdict', async () => {
    const sim = await simulation();
    sim.world.setDbStatus(WRITER, 'stopped');
    expect(await (await withoutGroup(sim, { facts: verdict('source-down') })).observe()).toMatchObject({ state: 'reached' });
    expect(await (await withoutGroup(sim, { facts: verdict('not-down') })).observe()).toMatchObject({ state: 'refused' });
  });

  it('a silent one is as before', async () => {
    const sim = await simulation();
    const step = await withoutGroup(sim, { facts: verdict('source-down') });
    sim.world.breakRegion(SEOUL);
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });
});

describe('what AWS will refuse', () => {
  it('is a warning before a failover: a quarantine group that is not there, or in another VPC. A run does not wait for the source to say so', async () => {
    const sim = await simulation();
    sim.world.addSecurityGroup({ region: SEOUL, id: 'sg-0eeeeeeeeeeeeeeee', name: 'elsewhere', closed: true, vpc: 'vpc-2' });
    const warned = async (group: string) => (await stepIn(sim, 'databases.orders.fence', { preview: true, params: { group } })).check();
    const warning = (why: string) => ({ state: 'ok', warnings: [{ rule: 'quarantine', observed: `the old writer shop-orders cannot be put into quarantine: ${why}. While its API answers, the failover needs --attest-source-down` }] });
    expect(await warned('sg-0eeeeeeeeeeeeeeee')).toMatchObject(warning('the security group sg-0eeeeeeeeeeeeeeee is in vpc-2, and shop-orders is in vpc-00000000000000001'));
    expect(await warned('sg-0fffffffffffffffe')).toMatchObject(warning(`the security group sg-0fffffffffffffffe does not exist in ${SEOUL}`));
    const run = await stepIn(sim, 'databases.orders.fence', { params: { group: 'sg-0fffffffffffffffe' } });
    expect([await run.check(), run.calls()]).toEqual([{ state: 'ok', because: '' }, []]);
    // While its API answers, a person decides at once, and AWS is not asked for what it would refuse.
    expect(await run.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'fence', observed: `the old writer shop-orders cannot be fenced: it cannot be put into quarantine: the security group sg-0fffffffffffffffe does not exist in ${SEOUL}` } });
  });

  it('is not asked for: the groups of a member of a cluster. A person must say that it takes no writes', async () => {
    const member = { DBInstanceIdentifier: 'orders', DBInstanceStatus: 'available', Engine: 'postgres', DBClusterIdentifier: 'orders-cluster' };
    const aws = { call: () => Promise.resolve({ output: { DBInstances: [member] }, requestId: undefined }) };
    const params = { name: 'orders', region: SEOUL, id: 'orders', group: 'sg-0aaaaaaaaaaaaaaaa' };
    const ask = (sourceDown?: string) => stepOf('rds-read-replica.fence', params, { preview: true, effects: { aws } as never, facts: verdict('source-down'), acceptances: sourceDown === undefined ? {} : { sourceDown } });
    const why = 'its API answers that it is available, and it is a member of the Multi-AZ DB cluster orders-cluster, whose security groups AWS does not change by itself';
    expect(await (await ask()).observe()).toMatchObject({ state: 'refused', refusal: { rule: 'fence', observed: `the old writer orders cannot be fenced: ${why}` } });
    expect(await (await ask('alice')).observe()).toEqual({ state: 'reached', because: `${why}; attested by alice` });
    const warnings = [{ observed: 'the old writer orders cannot be put into quarantine: orders is a member of the Multi-AZ DB cluster orders-cluster. While its API answers, the failover needs --attest-source-down' }];
    expect(await (await ask()).check()).toMatchObject({ state: 'ok', warnings });
    expect(await (await stepOf('rds-read-replica.fenceAgain', params, { effects: { aws } as never })).observe()).toMatchObject({ state: 'pending', waitingFor: 'hold' });
  });
});
