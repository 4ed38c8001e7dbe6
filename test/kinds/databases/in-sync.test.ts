import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const WRITER = `arn:aws:rds:${TOKYO}:111122223333:db:new`;

/** `created`: minutes before now, or not shown; the newest sample of the lag is one minute old. */
async function inSync(created: number | undefined) {
  const instance = {
    DBInstanceIdentifier: 'old', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: WRITER, StatusInfos: [{ StatusType: 'read replication', Status: 'replicating', Normal: true }],
    ...(created === undefined ? {} : { InstanceCreateTime: new Date(NOW - created * 60_000) }),
  };
  const answers: Record<string, object> = {
    DescribeDBInstances: { DBInstances: [instance] },
    GetMetricData: { MetricDataResults: [{ Id: 'm1', StatusCode: 'Complete', Timestamps: [new Date(NOW - 60_000)], Values: [1] }] },
  };
  const aws = { call: ({ operation }: { operation: string }) => Promise.resolve({ output: answers[operation], requestId: undefined }) };
  const step = await stepOf('rds-read-replica.inSync', { name: 'orders', region: SEOUL, id: 'old', writer: WRITER, maxLagMs: 60_000 }, { clock: new VirtualClock(NOW), effects: { aws } as never });
  return { ...step, seen: await step.observe() };
}

describe('a new replica is in sync', () => {
  it('by a lag of its own', async () => {
    expect((await inSync(10)).seen).toEqual({ state: 'reached', because: 'old lags 1.0 s behind, 1m ago' });
  });

  it('not by that of the old instance of its name', async () => {
    const { seen, recorded } = await inSync(-5);
    expect(seen).toMatchObject({ state: 'pending', because: 'no recent lag of old is known yet' });
    expect(recorded).toEqual({});
  });

  it('nor where AWS does not show since when it is there', async () => {
    const { seen, recorded } = await inSync(undefined);
    expect(seen).toEqual({ state: 'pending', because: 'AWS does not show since when old is there', waitingFor: 'database' });
    expect(recorded).toEqual({});
  });
});
