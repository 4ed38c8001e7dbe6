import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Observation } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, noInstance, SEOUL, stepOf } from '../context.ts';

/* What the fence, and the guard after it, decide by what AWS shows of the old writer, for how long, and by what AWS refuses. */

const CLOSED = 'sg-0aaaaaaaaaaaaaaaa';
const OPEN = 'sg-0bbbbbbbbbbbbbbbb';
const shown = (group: string, status = 'available', more: object = {}) => ({ DBInstanceIdentifier: 'writer', DBInstanceStatus: status, VpcSecurityGroups: [{ VpcSecurityGroupId: group, Status: 'active' }], ...more });
const error = (operation: string, code: string, httpStatus: number) => new AwsError({ service: 'rds', operation, region: SEOUL, code, message: 'said AWS', httpStatus });
const verdict = (word: string): Record<string, Json> => ({ 'source.verdict': { verdict: word, because: `it is ${word}`, weighed: { short: word, signals: [] } } });
const refusals = (times: number): Record<string, Json> => ({ [`refused.${SEOUL}.writer`]: { words: 'said AWS', times, since: 0, last: 0 } });

interface World extends AtHand {
  /** What RDS shows; undefined: there is none. */
  instance?: object | Error | undefined;
  /** What EC2 shows of the quarantine group. */
  groups?: object[] | Error;
  params?: Record<string, Json>;
  kind?: string;
}

const GROUP = { GroupId: CLOSED, VpcId: 'vpc-1', IpPermissions: [] };

async function fence({ instance, groups = [GROUP], params = {}, kind = 'fence', ...at }: World) {
  const clock = at.clock ?? new VirtualClock();
  const world = { instance };
  const asked: { operation: string; input: unknown; attempts?: number; timeoutMs?: number }[] = [];
  const aws = {
    call: ({ operation, input, attempts, timeoutMs }: { operation: string; input: unknown; attempts?: number; timeoutMs?: number }) => {
      asked.push({ operation, input, ...(attempts === undefined ? {} : { attempts }), ...(timeoutMs === undefined ? {} : { timeoutMs }) });
      const answer: unknown = operation === 'DescribeDBInstances' ? world.instance : operation === 'DescribeSecurityGroups' ? groups : { DBInstance: { DBInstanceIdentifier: 'writer', DBInstanceStatus: 'available' } };
      if (answer === undefined) return Promise.reject(noInstance(SEOUL));
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve({ output: operation === 'DescribeDBInstances' ? { DBInstances: [answer] } : operation === 'DescribeSecurityGroups' ? { SecurityGroups: answer } : answer, requestId: 'r' });
    },
  };
  const step = await stepOf(`rds-read-replica.${kind}`, { name: 'orders', region: SEOUL, id: 'writer', group: CLOSED, ...params }, { ...at, clock, effects: { aws } as never });
  const look = async (afterMs = 0): Promise<Observation> => {
    if (afterMs > 0) await clock.run(() => clock.sleep(afterMs));
    return step.observe();
  };
  /** Looks every ten seconds until something else is said, and how long that took. */
  const until = async (state: string, step_ = 10_000): Promise<[Observation, number]> => {
    const began = clock.now();
    for (let seen = await look(); ; seen = await look(step_)) {
      if (seen.state !== state) return [seen, clock.now() - began];
      if (clock.now() - began > 600_000) throw new Error('it does not end');
    }
  };
  return { ...step, asked, look, until, world };
}

describe('a fence that does not get further', () => {
  const words = (seen: Observation) => (seen.state === 'refused' ? seen.refusal.observed.replace('the old writer writer cannot be fenced: ', '') : seen.state);

  it('is for a person after three minutes where nothing changes', async () => {
    const [seen, ms] = await (await fence({ instance: shown(OPEN, 'modifying'), facts: verdict('source-down') })).until('absent');
    expect([words(seen), ms]).toEqual(['it is modifying, and not in quarantine', 180_000]);
    expect(seen).toMatchObject({ refusal: { threshold: 'fenced by a security group, or a named person who says that it takes no writes' } });
  });

  it('after one and a half where AWS refuses the change, whose words are shown; a word that was given before is asked for again', async () => {
    const [seen, ms] = await (await fence({ instance: shown(OPEN), facts: refusals(3) })).until('absent');
    expect([words(seen), ms]).toEqual(['it is available, and not in quarantine; AWS refuses the change: said AWS', 90_000]);
    const said = await fence({ instance: shown(OPEN), facts: refusals(3), acceptances: { sourceDown: 'alice' } });
    const [asked] = await said.until('absent');
    expect(words(asked)).toBe('it is available, and not in quarantine; AWS refuses the change: said AWS. alice said that it is down, and had not been shown that AWS answers for the database, and refuses to close it');
    expect(await said.look()).toMatchObject({ state: 'reached', because: expect.stringMatching(/; attested by alice$/) as string });
  });

  it('and one who has said so before is believed where AWS refuses nothing', async () => {
    const [seen] = await (await fence({ instance: shown(OPEN, 'modifying'), acceptances: { sourceDown: 'alice' } })).until('absent');
    expect(seen).toEqual({ state: 'reached', because: 'it is modifying, and not in quarantine; attested by alice' });
  });

  it('while it is closed and its sessions last, says that it stays closed', async () => {
    const [seen, ms] = await (await fence({ instance: shown(CLOSED, 'starting') })).until('pending');
    expect([words(seen), ms]).toEqual(['writer is closed to new connections, and starting; it is starting. It stays closed: dr resume tries again, dr abort gives its security groups back', 180_000]);
  });

  it('counts from the last change that was seen, and only while it looks', async () => {
    const step = await fence({ instance: shown(OPEN, 'modifying') });
    for (let i = 0; i < 17; i++) expect(await step.look(10_000)).toMatchObject({ state: 'absent' });
    step.world.instance = shown(CLOSED, 'starting');
    expect(await step.look(10_000)).toMatchObject({ state: 'pending' });
    for (let i = 0; i < 17; i++) expect(await step.look(10_000)).toMatchObject({ state: 'pending' });
    // A minute in which nobody looked: it may have been anything meanwhile.
    expect(await step.look(60_000)).toMatchObject({ state: 'pending' });
    expect(await step.look(10_000)).toMatchObject({ state: 'pending' });
  });

  it('is asked for again where it was refused, and nothing shows of it', async () => {
    expect(await (await fence({ instance: shown(OPEN), facts: refusals(1) })).look()).toEqual({ state: 'absent', because: 'writer answers, and is not in quarantine', further: true });
    expect(await (await fence({ instance: shown(OPEN) })).look()).toEqual({ state: 'absent', because: 'writer answers, and is not in quarantine' });
    expect(await (await fence({ instance: shown(OPEN, 'modifying') })).look()).toEqual({ state: 'absent', because: 'writer is modifying, and not in quarantine' });
    const sessions = { 'sessions.orders': { asked: true } };
    expect(await (await fence({ instance: shown(CLOSED), facts: { ...sessions, ...refusals(1) } })).look()).toMatchObject({ state: 'absent', further: true });
    expect(await (await fence({ instance: shown(CLOSED), facts: sessions })).look()).not.toHaveProperty('further');
    expect(await (await fence({ instance: shown(CLOSED, 'starting'), facts: refusals(1) })).look()).toEqual({ state: 'pending', because: 'writer is closed to new connections, and starting', waitingFor: 'aws' });
  });
});

describe('a fence of what AWS says is stopped', () => {
  it('is the verdict on its region, with and without the signals', async () => {
    const step = await fence({ instance: shown(OPEN, 'stopped'), facts: verdict('source-down') });
    expect(await step.look()).toEqual({ state: 'reached', because: 'its API answers that it is stopped (AWS starts it by itself after seven days); source-down' });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: 'source-down', because: 'its API answers that it is stopped (AWS starts it by itself after seven days); it is source-down' });
    const plain = await fence({ instance: shown(OPEN, 'stopped'), facts: { 'source.verdict': { verdict: 'attested', because: 'by alice' } } });
    expect(await plain.look()).toEqual({ state: 'reached', because: 'its API answers that it is stopped (AWS starts it by itself after seven days); by alice' });
  });
});

describe('a quarantine group that is none', () => {
  const open = [{ ...GROUP, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }] }];
  const why = `the security group ${CLOSED} has 1 inbound rule, and keeps nobody out`;

  it('is for a person, before AWS is asked for it', async () => {
    expect(await (await fence({ instance: shown(OPEN), groups: open })).look()).toMatchObject({ state: 'refused', refusal: { observed: `the old writer writer cannot be fenced: it cannot be put into quarantine: ${why}` } });
    const attested = await fence({ instance: shown(OPEN), groups: open, acceptances: { sourceDown: 'alice' } });
    expect(await attested.look()).toEqual({ state: 'reached', because: `it cannot be put into quarantine: ${why}; attested by alice` });
  });

  it('says each reason', async () => {
    const step = await fence({ instance: shown(OPEN, 'available', { DBSubnetGroup: { VpcId: 'vpc-2' } }), groups: open });
    expect(await step.look()).toMatchObject({ refusal: { observed: expect.stringContaining(`the security group ${CLOSED} is in vpc-1, and writer is in vpc-2; ${why}`) as string } });
  });

  it('is looked at once and briefly, and tried where it cannot be looked at', async () => {
    const denied = await fence({ instance: shown(OPEN), groups: error('DescribeSecurityGroups', 'UnauthorizedOperation', 403) });
    expect(await denied.look()).toMatchObject({ state: 'absent' });
    expect(denied.asked).toMatchObject([{ operation: 'DescribeDBInstances', attempts: 1, timeoutMs: 2_000 }, { operation: 'DescribeSecurityGroups', attempts: 1, timeoutMs: 2_000 }]);
    await expect((await fence({ instance: shown(OPEN), groups: new Error('a defect') })).look()).rejects.toThrow('a defect');
    const stop = AbortSignal.abort(new Error('stopped'));
    await expect((await fence({ instance: shown(OPEN), groups: error('DescribeSecurityGroups', 'NoAnswer', 0), signal: stop })).look()).rejects.toThrow('stopped');
    // What AWS refuses anyway is not looked at again.
    const refused = await fence({ instance: shown(OPEN), groups: open, facts: refusals(1) });
    expect(await refused.look()).toMatchObject({ state: 'absent' });
    expect(refused.asked.map(({ operation }) => operation)).toEqual(['DescribeDBInstances']);
  });

  const check = async (at: World) => {
    const step = await fence({ preview: true, ...at });
    const verdict = await step.check();
    for (const { attempts, timeoutMs } of step.asked) expect([attempts, timeoutMs]).toEqual([1, 2_000]);
    return [verdict, step.asked.map(({ operation }) => operation)] as const;
  };

  it('is a warning before a run, which says how to mend it', async () => {
    const page = 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.RDSSecurityGroups.html';
    const wanted = 'an old writer that a security group without rules can cut off';
    const observed = (reason: string) => `the old writer writer cannot be put into quarantine: ${reason}. While its API answers, the failover needs --attest-source-down`;
    expect((await check({ instance: shown(OPEN), groups: open }))[0]).toEqual({ state: 'ok', because: '', warnings: [{ rule: 'quarantine', observed: observed(why), wanted, mend: `correct the group ${CLOSED} in ${SEOUL}, or \`fence.quarantine\` in the runbook`, page }] });
    const member = shown(OPEN, 'available', { Engine: 'postgres', DBClusterIdentifier: 'shop' });
    expect((await check({ instance: member }))[0]).toEqual({ state: 'ok', because: '', warnings: [{ rule: 'quarantine', observed: observed('writer is a member of the Multi-AZ DB cluster shop'), wanted, mend: 'agree beforehand on who attests that the source is lost (--attest-source-down)', page }] });
  });

  it('is no warning where nothing is to be closed, and where nobody can say', async () => {
    const fine = { state: 'ok', because: '' };
    const look = ['DescribeDBInstances'];
    expect(await check({ instance: shown(OPEN) })).toEqual([fine, [...look, 'DescribeSecurityGroups']]);
    expect(await check({ instance: shown(CLOSED), groups: open })).toEqual([fine, look]);
    expect(await check({ instance: undefined, groups: open })).toEqual([fine, look]);
    expect(await check({ instance: error('DescribeDBInstances', 'NoAnswer', 0), groups: open })).toEqual([fine, look]);
    expect(await check({ instance: shown(OPEN), groups: open, params: { group: undefined as unknown as Json } })).toEqual([fine, []]);
    await expect(check({ instance: new Error('a defect') })).rejects.toThrow('a defect');
    await expect(check({ instance: error('DescribeDBInstances', 'NoAnswer', 0), signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  });
});

describe('an API that was silent', () => {
  const BEGAN = new VirtualClock().now();
  const silent = { 'signal.rds-api.orders': { vantage: 'source-api', says: 'down', because: 'silent', silent: true, at: BEGAN - 59_999 } };
  const users = (says: string) => ({ 'signal.users': { vantage: 'users', says, because: '' } });

  it('is asked three times where users are served, once where nothing is known of it, and not at all else', async () => {
    const attempts = async (facts: Record<string, Json>) => {
      const step = await fence({ instance: error('DescribeDBInstances', 'NoAnswer', 0), facts: { ...verdict('source-down'), ...facts } });
      expect(await step.look()).toMatchObject({ state: 'reached' });
      return step.asked.map((call) => [call.attempts, call.timeoutMs]);
    };
    expect(await attempts({ ...silent, ...users('up') })).toEqual([[3, 2_000]]);
    expect(await attempts({})).toEqual([[1, 2_000]]);
    expect(await attempts({ ...silent, ...users('down') })).toEqual([]);
    // A program before the fence took its time: it may answer again.
    for (const at of [BEGAN - 60_000, BEGAN + 1, undefined as unknown as number]) expect(await attempts({ 'signal.rds-api.orders': { ...silent['signal.rds-api.orders'], at } })).toEqual([[1, 2_000]]);
  });

  it('that gives an answer nobody can read is as good as silent', async () => {
    const step = await fence({ instance: error('DescribeDBInstances', 'MalformedAnswer', 200), facts: verdict('source-down') });
    expect(await step.look()).toMatchObject({ state: 'reached' });
    await expect((await fence({ instance: new Error('a defect') })).look()).rejects.toThrow('a defect');
  });
});

describe('an API that answered before, and does not now', () => {
  const answered = { 'signal.rds-api.orders': { vantage: 'source-api', says: 'up', because: 'writer is available' } };

  it('is asked again until it has been silent for fifteen seconds, each database for itself', async () => {
    const step = await fence({ instance: error('DescribeDBInstances', 'NoAnswer', 0), facts: answered });
    expect(await step.look()).toMatchObject({ state: 'pending', waitingFor: 'aws' });
    expect(await step.look(14_999)).toMatchObject({ state: 'pending' });
    expect(step.recorded).toHaveProperty(['lasts.fence-quiet.orders']);
    expect(await step.look(1)).toMatchObject({ state: 'refused' });
  });

  it('is out by a word only where its giver has been shown that a replica receives from it', async () => {
    const receiving = { 'signal.replication.orders': { vantage: 'replication', says: 'up', because: 'lag 1 s', receiving: true } };
    const step = await fence({ instance: error('DescribeDBInstances', 'NoAnswer', 0), facts: receiving, acceptances: { sourceDown: 'alice' } });
    expect(await step.look()).toMatchObject({ state: 'refused', refusal: { observed: expect.stringContaining('alice said that it is down, and had not been shown that a replica still receives from it') as string } });
    expect(await step.look()).toMatchObject({ state: 'reached' });
  });
});

describe('how an old writer is cut off', () => {
  const sessions = (value: Json): Record<string, Json> => ({ 'sessions.orders': value });
  const START = new VirtualClock().now();

  it('a reboot counts once it has been seen for ten seconds, and not before', async () => {
    const step = await fence({ instance: shown(CLOSED), facts: sessions({ asked: true, rebootingAt: START }) });
    expect(await step.look(9_999)).toEqual({ state: 'pending', because: 'writer is being rebooted', waitingFor: 'aws' });
    expect(await step.look(1)).toMatchObject({ state: 'reached', because: `writer accepts no connection: its only security group is ${CLOSED}, and a reboot has ended every session` });
  });

  it('a reboot that lasts for two minutes is not waited for; until then it is', async () => {
    const step = await fence({ instance: shown(CLOSED, 'rebooting'), facts: { ...sessions({ asked: true, rebootingAt: START }), ...verdict('source-down') } });
    expect(await step.look(119_999)).toEqual({ state: 'pending', because: 'writer is rebooting, which ends its sessions', waitingFor: 'aws' });
    expect(await step.look(1)).toEqual({ state: 'reached', because: 'it has been rebooting for 2m; source-down' });
    expect(step.recorded).not.toHaveProperty(['sessions.orders']);
  });

  it('by a machine whose clock was ahead it counts again', async () => {
    const step = await fence({ instance: shown(CLOSED, 'rebooting'), facts: sessions({ asked: true, rebootingAt: START + 1 }) });
    expect(await step.look()).toMatchObject({ state: 'pending' });
    expect(step.recorded['sessions.orders']).toEqual({ asked: true, rebootingAt: START });
  });

  it('a reboot that somebody else asked for is waited out; then it is rebooted', async () => {
    const step = await fence({ instance: shown(CLOSED, 'rebooting'), facts: verdict('source-down') });
    expect(await step.look()).toEqual({ state: 'pending', because: 'writer is closed to new connections, and rebooting', waitingFor: 'aws' });
    expect(step.recorded).not.toHaveProperty(['sessions.orders']);
    step.world.instance = shown(CLOSED);
    expect(await step.look()).toMatchObject({ state: 'absent', further: true });
    expect(step.recorded['sessions.orders']).toEqual({ asked: true });
    await step.act();
    expect(step.asked.at(-1)).toEqual({ operation: 'RebootDBInstance', input: { DBInstanceIdentifier: 'writer' }, attempts: 1, timeoutMs: expect.any(Number) as number });
    expect(step.recorded['sessions.orders']).toEqual({ asked: true });
  });

  it('the answer that it is rebooting is the first look at that', async () => {
    const clock = new VirtualClock();
    const aws = { call: () => Promise.resolve({ output: { DBInstance: { DBInstanceIdentifier: 'writer', DBInstanceStatus: 'rebooting' } }, requestId: 'r' }) };
    const step = await stepOf('rds-read-replica.fence', { name: 'orders', region: SEOUL, id: 'writer', group: CLOSED }, { clock, facts: sessions({ asked: true }), effects: { aws } as never });
    await step.act();
    expect(step.recorded['sessions.orders']).toEqual({ asked: true, rebootingAt: clock.now() });
  });

  it('one that is open again needs all of it again', async () => {
    const step = await fence({ instance: shown(OPEN), facts: sessions({ asked: true, rebootingAt: START }) });
    expect(await step.look()).toMatchObject({ state: 'absent' });
    expect(step.recorded).toMatchObject({ 'sessions.orders': {}, 'groups-before.orders': [OPEN] });
    await step.act();
    expect(step.asked.at(-1)).toMatchObject({ operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: 'writer', VpcSecurityGroupIds: [CLOSED] } });
  });
});

describe('the guard beside the promotion', () => {
  const guard = (at: World) => fence({ kind: 'fenceAgain', ...at });
  const START = new VirtualClock().now();
  const before = (word: string) => ({ 'fence.orders': { verdict: word, because: '', at: 1 } });

  it('asks nothing where the old writer was fenced or read-only before, and looks where it was not, or after an attempt of its own', async () => {
    for (const word of ['fenced', 'read-only']) {
      const step = await guard({ instance: shown(OPEN), facts: before(word) });
      expect([await step.look(), step.asked]).toEqual([{ state: 'reached', because: 'writer was fenced before its copy took over' }, []]);
    }
    for (const word of ['source-down', 'attested']) expect(await (await guard({ instance: shown(OPEN), facts: before(word) })).look()).toMatchObject({ state: 'absent' });
  });

  it('looks once and briefly; what is no silence is an error', async () => {
    const step = await guard({ instance: error('DescribeDBInstances', 'MalformedAnswer', 200) });
    expect(await step.look()).toEqual({ state: 'pending', because: `writer in ${SEOUL} has not answered since, so it is not fenced. Once it answers, dr reprotect fences it before anything else`, waitingFor: 'hold' });
    expect(step.asked).toMatchObject([{ attempts: 1, timeoutMs: 2_000 }]);
    for (const thrown of [error('DescribeDBInstances', 'AccessDenied', 403), new Error('a defect')]) await expect((await guard({ instance: thrown })).look()).rejects.toBe(thrown);
  });

  it('is not done where AWS finds no old writer of that name: it may have another one, and was open if it was seen to be', async () => {
    const step = await guard({ instance: undefined, facts: before('source-down') });
    expect(await step.look()).toMatchObject({ state: 'pending', waitingFor: 'hold', because: expect.stringContaining(`${SEOUL} answers that there is no writer: it was deleted, or has another name by now`) as string });
    expect(step.recorded['fence.orders']).toBeUndefined();
    expect(await step.look()).not.toHaveProperty('unsafe');
    const seen = await guard({ instance: undefined, facts: { 'seen-again.orders': START - 60_000 } });
    expect(await seen.look()).toMatchObject({ state: 'pending', unsafe: true });
  });

  it('says until when one that is closed took writes', async () => {
    const step = await guard({ instance: shown(CLOSED, 'stopped'), facts: { 'seen-again.orders': START - 60_000 } });
    expect(await step.look()).toMatchObject({ state: 'reached' });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: 'fenced', returnedAt: START - 60_000, because: expect.stringMatching(/\. It answered again at \S+, after its copy had taken over: what it took until \S+ is in no other instance$/) as string });
  });

  it('remembers when it was first seen again, and nothing of one that takes no writes', async () => {
    const step = await guard({ instance: shown(OPEN) });
    await step.look();
    expect(step.recorded).toMatchObject({ 'seen-again.orders': START, 'groups-before.orders': [OPEN] });
    await step.look(1_000);
    expect(step.recorded['seen-again.orders']).toBe(START);
    const stopped = await guard({ instance: shown(OPEN, 'stopped') });
    const seen = await stopped.look();
    expect(seen).toEqual({ state: 'pending', because: 'writer is stopped, and takes no writes. It is not in quarantine: dr reprotect fences it before anything else', waitingFor: 'hold' });
    expect(stopped.recorded).not.toHaveProperty(['seen-again.orders']);
  });

  it('holds back the success of the run while it may take writes, whatever it waits for', async () => {
    const unsafe = async (instance: object, facts: Record<string, Json> = {}) => (await guard({ instance, facts })).look();
    expect(await unsafe(shown(OPEN, 'starting'))).toEqual({ state: 'pending', because: 'writer answers again, and is starting: not fenced yet', waitingFor: 'aws', unsafe: true });
    expect(await unsafe(shown(OPEN, 'available', { Engine: 'postgres', DBClusterIdentifier: 'shop' }))).toEqual({
      state: 'pending', because: 'writer answers again, and takes writes: it is a member of the Multi-AZ DB cluster shop, which dr cannot put into quarantine. Close it by hand', waitingFor: 'hold', unsafe: true,
    });
    const lasting = { 'sessions.orders': { asked: true, rebootingAt: START - 120_000 } };
    expect(await unsafe(shown(CLOSED, 'rebooting'), lasting)).toEqual({ state: 'pending', because: 'writer answers again: it has been rebooting for 2m', waitingFor: 'aws', unsafe: true });
    expect(await unsafe(shown(CLOSED, 'starting'))).toMatchObject({ state: 'pending', unsafe: true });
    expect(await unsafe(shown(CLOSED, 'stopped'))).toMatchObject({ state: 'reached' });
    expect(await unsafe(shown(OPEN))).toEqual({ state: 'absent', because: 'writer answers again, and is not in quarantine' });
  });

  it('takes a minute of silence after an answer for a loss, and says so', async () => {
    const facts = { 'seen-again.orders': START };
    const step = await guard({ instance: error('DescribeDBInstances', 'NoAnswer', 0), facts });
    for (let i = 0; i < 6; i++) expect(await step.look(i === 0 ? 0 : 10_000)).toMatchObject({ state: 'pending', unsafe: true, waitingFor: 'aws' });
    expect(await step.look(9_999)).toMatchObject({ unsafe: true });
    expect(step.recorded).toHaveProperty(['lasts.guard-quiet.orders']);
    expect(await step.look(1)).toEqual({ state: 'pending', because: `writer in ${SEOUL} answered again, and is silent now, so it is not fenced. Once it answers, dr reprotect fences it before anything else`, waitingFor: 'hold' });
  });

  it('insists on its quarantine: a request without an answer is made again', async () => {
    const step = await guard({ instance: shown(OPEN) });
    await step.look();
    await step.act();
    expect(step.asked.at(-1)).toMatchObject({ operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: 'writer', VpcSecurityGroupIds: [CLOSED] }, attempts: 1 });
  });
});
