import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, type Call, type Shown, smallRds } from './small-rds.ts';

/* A promotion that had to wait, e.g. for a larger class: minutes after its loss was decided the source is looked at once more. */

const NOW = Date.parse('2026-12-01T10:00:00Z');
const SOURCE = { region: SEOUL, id: 'writer' };
const PARAMS = { name: 'orders', region: TOKYO, id: 'copy', source: SOURCE, planned: false, rpoMs: 300_000 };
const writer = (status: string) => ({ DBInstanceIdentifier: 'writer', DBInstanceStatus: status });
const copy = (replication: string) => ({ DBInstanceIdentifier: 'copy', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:111122223333:db:writer`, StatusInfos: [{ StatusType: 'read replication', Status: replication }] });
/** The newest sample of ReplicaLag, seconds, of a minute ago. */
const lag = (seconds: number) => ({ MetricDataResults: [{ Id: 'm1', StatusCode: 'Complete', Timestamps: [new Date(NOW - 60_000)], Values: [seconds] }] });
const SILENT = awsError('DescribeDBInstances', 'NoAnswer', SEOUL);
/** Of the source. */
const api = (answer: object | Error) => ({ DescribeDBInstances: ({ region }: Call) => (region !== SEOUL ? undefined : answer instanceof Error ? answer : { DBInstances: [answer] }) });

const fence = (verdict: string, at: number): Record<string, Json> => ({ 'fence.orders': { verdict, because: 'two signals', at } });
const rpo: Record<string, Json> = { 'rpo.orders': { database: 'orders', method: 'replica-lag', boundMs: 60_000, lagMs: 1_000, sampledAt: NOW - 660_000, ageMs: 60_000, outageAt: NOW - 600_000, because: 'measured' } };
const judged = (signal: object): Record<string, Json> => ({ 'signal.rds-api.orders': { vantage: 'source-api', because: 'as it was', ...signal } });
const SAID_NOTHING = judged({ says: 'down', silent: true, at: NOW - 600_000 });
const FACTS = { ...fence('source-down', NOW - 600_000), ...rpo, ...SAID_NOTHING };

interface Given extends AtHand {
  source?: object | Error;
  replication?: string;
  metrics?: object | Error;
  params?: object;
}

async function promoting({ source = SILENT, replication = 'error', metrics = lag(600), params = {}, facts = FACTS, ...at }: Given = {}) {
  const shown: Shown = { instances: { [TOKYO]: [copy(replication)] }, answers: { ...api(source), GetMetricData: metrics as Error } };
  const { aws, calls } = smallRds(shown);
  const step = await stepOf('rds-read-replica.promote', { ...PARAMS, ...params }, { clock: new VirtualClock(NOW), impactAt: NOW - 600_000, ...at, facts, effects: { aws } });
  return { ...step, askedOfSource: () => calls.filter(({ region }) => region === SEOUL) };
}

const refused = async (given: Given) => {
  const seen = await (await promoting(given)).observe();
  return seen.state === 'refused' ? seen.refusal : seen;
};

/** Here it is about the source. */
const ANY_LOSS = { acceptances: { dataLossSeconds: 'unknown', reason: 'decided' } } as const;
const MAY_BE_ASKED = { state: 'absent', because: 'copy is still a replica' };

describe('a promotion that had to wait', () => {
  it('asks a silent source once, for two seconds, and continues', async () => {
    const step = await promoting();
    expect(await step.observe()).toEqual(MAY_BE_ASKED);
    expect(step.askedOfSource()).toMatchObject([{ operation: 'DescribeDBInstances', attempts: 1, timeoutMs: 2_000 }]);
    expect(step.recorded).not.toHaveProperty('source.seen-alive');
  });

  it('is refused while the API of the source answers again for a database that may take writes', async () => {
    const step = await promoting({ source: writer('available') });
    expect(await step.observe()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'source-down',
        observed: `writer is available: the API of ${SEOUL} answers again`,
        threshold: 'no sign of life from the source since it was judged to be lost',
        consequence: 'users would write to copy while others may write to writer, and their data can no longer be joined',
        override: 'dr resume: looks at the source again, and fences it where it can; or --attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    expect(step.recorded).toMatchObject({ 'sign-shown.answers': true });
    for (const status of ['rebooting', 'a status of tomorrow']) expect(await refused({ source: writer(status) })).toMatchObject({ rule: 'source-down' });
  });

  it.each<[string, object | Error]>([
    ['is stopped', writer('stopped')],
    ['has no such database', awsError('DescribeDBInstances', 'DBInstanceNotFoundFault', SEOUL, 404)],
    ['refuses to say', awsError('DescribeDBInstances', 'AccessDenied', SEOUL, 403)],
  ])('is made where the source %s', async (_what, source) => {
    expect(await (await promoting({ source })).observe()).toEqual(MAY_BE_ASKED);
  });

  it('is refused while the copy receives from the source again', async () => {
    expect(await refused({ replication: 'replicating', metrics: lag(1) })).toMatchObject({ rule: 'source-down', observed: 'copy is replicating, lag 1.0 s, 1m ago: it receives from writer again' });
    expect(await refused({ source: writer('available'), replication: 'replicating', metrics: lag(1) })).toMatchObject({ observed: `writer is available: the API of ${SEOUL} answers again; copy is replicating, lag 1.0 s, 1m ago: it receives from writer again` });
    expect(await (await promoting({ replication: 'replicating', metrics: lag(600) })).observe()).toEqual(MAY_BE_ASKED);
    expect(await (await promoting({ replication: 'replicating', metrics: awsError('DescribeDBInstances', 'InternalFailure', TOKYO, 500) })).observe()).toEqual(MAY_BE_ASKED);
  });

  it.each<[string, Record<string, Json>]>([
    ['what is closed', fence('fenced', NOW - 600_000)],
    ['what takes no writes', fence('read-only', NOW - 600_000)],
    ['what was judged within the last minute', fence('source-down', NOW - 59_999)],
  ])('does not ask again for %s', async (_what, facts) => {
    const step = await promoting({ source: writer('available'), facts: { ...FACTS, ...facts }, ...ANY_LOSS });
    expect([await step.observe(), step.askedOfSource()]).toEqual([MAY_BE_ASKED, []]);
  });

  it('asks a minute later, and where nobody knows when it was judged', async () => {
    expect(await refused({ source: writer('available'), facts: { ...FACTS, ...fence('source-down', NOW - 60_000) }, ...ANY_LOSS })).toMatchObject({ rule: 'source-down' });
    expect(await refused({ source: writer('available'), facts: { ...FACTS, 'fence.orders': { verdict: 'source-down', because: '' } }, ...ANY_LOSS })).toMatchObject({ rule: 'source-down' });
  });

  it.each<[string, object]>([['up', { says: 'up' }], ['in no good order', { says: 'unknown', unsettled: true }]])('does not ask an API again that said that the database is %s: the fence has weighed that', async (_what, signal) => {
    const step = await promoting({ source: writer('available'), facts: { ...FACTS, ...fence('attested', NOW - 600_000), ...judged(signal) } });
    expect([await step.observe(), step.askedOfSource()]).toEqual([MAY_BE_ASKED, []]);
  });

  it('nor once it was asked for', async () => {
    const step = await promoting({ source: writer('available'), intends: [`rds:${TOKYO}:copy role`] });
    expect([await step.observe(), step.askedOfSource()]).toEqual([MAY_BE_ASKED, []]);
  });

  it('a word that was given before this was shown has not heard of it', async () => {
    const said = { source: writer('available'), acceptances: { sourceDown: 'kim' } };
    expect(await refused(said)).toMatchObject({ rule: 'source-down' });
    expect(await refused({ ...said, facts: { ...FACTS, 'sign-shown.receives': true } })).toMatchObject({ rule: 'source-down' });
  });

  it('by the word of who has been shown that: the verdict says so, and loss counts up to now', async () => {
    const shown = { source: writer('available'), facts: { ...FACTS, 'sign-shown.answers': true } };
    expect(await refused({ ...shown, acceptances: { sourceDown: 'kim' } })).toMatchObject({ rule: 'rpo-gate', observed: expect.stringContaining('at most 11m of writes would be lost') as string });
    const step = await promoting({ ...shown, acceptances: { sourceDown: 'kim', dataLossSeconds: 660, reason: 'decided' } });
    expect(await step.observe()).toEqual(MAY_BE_ASKED);
    expect(step.recorded).toMatchObject({
      'fence.orders': { verdict: 'attested', because: `writer is available: the API of ${SEOUL} answers again; attested by kim`, at: NOW },
      'source.seen-alive': NOW,
      'rpo.orders': { boundMs: 660_000, outageAt: NOW },
    });
  });
});
