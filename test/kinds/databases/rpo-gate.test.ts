import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';

const NOW = new VirtualClock().now();
const REPLICA = { DBInstanceIdentifier: 'replica', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:111122223333:db:writer` };
const WRITER = { DBInstanceIdentifier: 'replica', DBInstanceStatus: 'available' };
const INTENDS = { intends: [`rds:${TOKYO}:replica role`] };
const replicating = (Status: string) => ({ ...REPLICA, StatusInfos: [{ StatusType: 'read replication', Status, Normal: Status === 'replicating' }] });

interface World extends AtHand {
  instance?: object | undefined;
  /** Seconds of lag, a minute ago, two minutes ago, … */
  lag?: readonly number[] | Error;
}

/** The gate, of what AWS shows of the replica and of its lag. */
async function gate({ lag = [2], ...at }: World) {
  const instance = 'instance' in at ? at.instance : REPLICA;
  const aws = {
    call: ({ operation, input }: { operation: string; input: { MetricDataQueries?: { Id: string }[] } }) => {
      if (operation === 'DescribeDBInstances') return instance === undefined ? Promise.reject(noInstance(TOKYO)) : Promise.resolve({ output: { DBInstances: [instance] }, requestId: 'r' });
      if (lag instanceof Error) return Promise.reject(lag);
      const MetricDataResults = (input.MetricDataQueries ?? []).map(({ Id }) => ({ Id, StatusCode: 'Complete', Timestamps: lag.map((_, i) => new Date(NOW - 60_000 * (i + 1))), Values: lag }));
      return Promise.resolve({ output: { MetricDataResults }, requestId: 'r' });
    },
  };
  const params = { name: 'orders', region: TOKYO, id: 'replica', rpoMs: 300_000 };
  return stepOf('rds-read-replica.rpoGate', params, { ...at, effects: { aws } as never });
}

const said = async (world: World) => {
  const seen = await (await gate(world)).observe();
  return seen.state === 'refused' ? seen.refusal.observed : 'because' in seen ? seen.because : '';
};

describe('the gate of a replica', () => {
  it('says on what its bound rests, and that it does not replicate any more where AWS says so', async () => {
    expect(await said({})).toBe('at most 1m 2s of writes would be lost (lag 2.0 s, sample 1m old)');
    expect(await said({ lag: [0] })).toBe('at most 1m of writes would be lost (lag 0.0 s, sample 1m old)');
    expect(await said({ lag: [-1, 3] })).toBe('at most 2m 3s of writes would be lost (lag 3.0 s, sample 2m old; ReplicaLag is −1: replica is not replicating)');
    expect(await said({ instance: replicating('replicating') })).toBe('at most 1m 2s of writes would be lost (lag 2.0 s, sample 1m old)');
    expect(await said({ instance: replicating('error') })).toBe('at most 1m 2s of writes would be lost (lag 2.0 s, sample 1m old; replication has the status error)');
  });

  it.each(['mysql', 'mariadb'])('of %s counts also the minute in which it does not notice that nothing arrives', async (Engine) => {
    const step = await gate({ instance: { ...REPLICA, Engine }, lag: [0] });
    expect(await step.observe()).toMatchObject({ because: 'at most 2m of writes would be lost (lag 0.0 s, sample 1m old; and 1m, in which this engine does not notice that nothing arrives. On a network that is too slow its lag says less than there is)' });
    expect(step.recorded).toMatchObject({ 'rpo.orders': { boundMs: 120_000 } });
    expect(await said({ instance: { ...REPLICA, Engine: 'postgres' }, lag: [0] })).toBe('at most 1m of writes would be lost (lag 0.0 s, sample 1m old)');
  });

  it('refuses what is unknown, and says why it is', async () => {
    expect(await said({ lag: [] })).toBe('the lag of replica is unknown: no lag sample was found');
    expect(await said({ lag: [-1], instance: replicating('stopped') })).toBe('the lag of replica is unknown: no lag sample was found; ReplicaLag is −1: replica is not replicating; replication has the status stopped');
    const silent = new AwsError({ service: 'cloudwatch', operation: 'GetMetricData', region: TOKYO, code: 'NoAnswer', message: 'no answer' });
    expect(await said({ lag: silent })).toBe('the lag of replica is unknown: cloudwatch.GetMetricData in ap-northeast-1: NoAnswer: no answer');
    await expect((await gate({ lag: new Error('a defect') })).observe()).rejects.toThrow('a defect');
  });

  it('measures by a sample that is its own: of a writer that is younger it says nothing', async () => {
    const born = (ms: number, instance = WRITER) => ({ ...instance, InstanceCreateTime: new Date(NOW - ms) });
    const accepted = { acceptances: { dataLossSeconds: 'unknown' as const, reason: 'seen' } };
    expect(await said({ instance: born(59_999), ...accepted })).toMatch(/; loss of orders is unknown; accepted: seen$/);
    expect(await said({ instance: born(60_000), ...accepted })).toMatch(/; at most 1m 2s of writes would be lost \(.*\); accepted: seen$/);
    // A replica may have been made again, and its lag counts as it is.
    expect(await said({ instance: born(1, REPLICA) })).toMatch(/^at most 1m 2s/);
    expect(await said({ instance: born(1), lag: [], ...accepted })).toMatch(/loss of orders is unknown/);
  });

  it('counts the loss of a writer that somebody else made up to now, whatever a probe saw, unless a person says when the outage began', async () => {
    const born = { ...WRITER, InstanceCreateTime: new Date(NOW - 600_000) };
    const at = { lag: [Number.NaN, -1, -1, 2], impactAt: NOW - 200_000, acceptances: { dataLossSeconds: 'unknown' as const, reason: 'seen' } };
    expect(await said({ instance: born, ...at })).toMatch(/; at most 4m 2s of writes would be lost/);
    expect(await said({ instance: born, ...at, impactNamed: true })).toMatch(/; at most 42 s of writes would be lost/);
    expect(await said({ instance: REPLICA, ...at })).toMatch(/^at most 42 s of writes would be lost/);
  });

  it('asks nothing of a writer that this run has made, and does not take a replica for one', async () => {
    const step = await gate({ instance: WRITER, lag: [], ...INTENDS });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'replica is a writer: this run has promoted it' });
    expect(step.recorded['rpo.orders']).toMatchObject({ boundMs: undefined });
    expect(await said({ instance: REPLICA, lag: [], ...INTENDS })).toMatch(/^the lag of replica is unknown/);
    const found = await (await gate({ instance: WRITER, lag: [] })).observe();
    expect(found).toMatchObject({ state: 'refused', refusal: { consequence: 'a move to it would lose an unknown amount of acknowledged writes of orders, silently' } });
  });

  it('of what is not there is unknown as well', async () => {
    expect(await said({ instance: undefined, lag: [] })).toBe('the lag of replica is unknown: no lag sample was found');
    expect(await said({ instance: undefined })).toMatch(/^at most 1m 2s/);
  });
});
