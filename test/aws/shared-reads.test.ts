import { beforeEach, describe, expect, it } from 'vitest';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import { findGroup } from '../../src/aws/autoscaling.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { sharedReads } from '../../src/aws/shared-reads.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';

const REGION = 'ap-northeast-1';
const SLOW_MS = 1_000;
let clock: VirtualClock;
let calls: string[];
let refuse: boolean;
let aws: AwsCaller;

beforeEach(() => {
  clock = new VirtualClock();
  calls = [];
  refuse = false;
  const inner = {
    call: async (request: AwsRequest) => {
      const { service, region, input } = request;
      const operation: string = request.operation;
      const id = (input as { DBInstanceIdentifier?: string }).DBInstanceIdentifier ?? '';
      calls.push(`${operation} ${id}`);
      const number = calls.length;
      await clock.sleep(SLOW_MS);
      if (refuse) throw new AwsError({ service, region, operation, code: 'Throttling', message: 'slow down' });
      return { output: { number }, requestId: undefined };
    },
  };
  aws = sharedReads(inner as unknown as AwsCaller, clock);
});

const look = (id: string, more: { signal?: AbortSignal; attempts?: number } = {}) =>
  aws.call({ service: 'rds', region: REGION, operation: 'DescribeDBInstances', input: { DBInstanceIdentifier: id }, ...more }).then(({ output }) => (output as unknown as { number: number }).number);
const all = () => aws.call({ service: 'rds', region: REGION, operation: 'DescribeDBInstances', input: {} });
const promote = (id: string) => aws.call({ service: 'rds', region: REGION, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: id } });

describe('looks at the same thing by many steps', () => {
  it('are one call while it is under way, and for a moment after', async () => {
    const seen = await clock.run(async () => {
      const together = await Promise.all([look('a'), look('b'), look('a')]);
      const later = await look('a');
      await clock.sleep(2 * SLOW_MS + 1);
      return [...together, later, await look('a')];
    });
    expect(seen).toEqual([1, 2, 1, 1, 3]);
    expect(calls).toEqual(['DescribeDBInstances a', 'DescribeDBInstances b', 'DescribeDBInstances a']);
  });

  it('see a change that was sent before them, and one that ended after the last look was asked for', async () => {
    const seen = await clock.run(async () => {
      const before = await look('a');
      const change = promote('a');
      const during = await look('a');
      await change;
      return [before, during, await look('a')];
    });
    expect(calls.filter((call) => call.startsWith('Describe'))).toHaveLength(3);
    expect(new Set(seen).size).toBe(3);
  });

  it('are not asked again for a change of something else, unless they name nothing', async () => {
    await clock.run(async () => {
      await Promise.all([look('a'), all()]);
      await promote('b');
      await Promise.all([look('a'), all()]);
    });
    expect(calls.filter((call) => call === 'DescribeDBInstances a')).toHaveLength(1);
    expect(calls.filter((call) => call === 'DescribeDBInstances ')).toHaveLength(2);
  });

  it('an ARN names what it holds', async () => {
    await clock.run(async () => {
      await look('a');
      await promote(`arn:aws:rds:${REGION}:123456789012:db:a`);
      await look('a');
    });
    expect(calls.filter((call) => call === 'DescribeDBInstances a')).toHaveLength(2);
  });

  it('errors are given to those who wait, and to nobody later', async () => {
    refuse = true;
    const ends = await clock.run(() => Promise.allSettled([look('a'), look('a')]));
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    refuse = false;
    expect(await clock.run(() => look('a'))).toBe(2);
  });

  it('one that leaves does not take the answer from the others', async () => {
    const leaver = new AbortController();
    const ends = await clock.run(async () => {
      const first = look('a', { signal: leaver.signal });
      const second = look('a');
      await clock.sleep(10);
      leaver.abort(new Error('gone'));
      return Promise.allSettled([first, second]);
    });
    expect(ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error).message))).toEqual(['gone', 1]);
  });

  it('a look with other limits is another look', async () => {
    await clock.run(() => Promise.all([look('a'), look('a', { attempts: 1 })]));
    expect(calls).toHaveLength(2);
  });
});

describe('looks at many groups at about the same time', () => {
  let asked: { AutoScalingGroupNames?: string[]; MaxRecords?: number }[];
  let refused: string | undefined;

  beforeEach(() => {
    asked = [];
    refused = undefined;
    const inner = {
      call: async ({ service, region, operation, input }: AwsRequest) => {
        const { AutoScalingGroupNames: names = [] } = input as { AutoScalingGroupNames?: string[] };
        asked.push(input as object);
        await clock.sleep(20);
        if (refused !== undefined && names.includes(refused)) throw new AwsError({ service, region, operation, code: 'AccessDenied', httpStatus: 403, message: 'no' });
        return { output: { AutoScalingGroups: names.filter((name) => name !== 'none').map((name) => ({ AutoScalingGroupName: name, MinSize: 0, DesiredCapacity: 0, MaxSize: 1, Instances: [] })) }, requestId: `request-${asked.length}` };
      },
    };
    aws = sharedReads(inner as unknown as AwsCaller, clock);
  });

  const group = (name: string, region = REGION) => findGroup(aws, region, name).then((found) => found?.AutoScalingGroupName);
  const many = Array.from({ length: 120 }, (_, i) => `app-${i}`);

  it('are asked for together, as many as AWS allows in one request, and each gets its own', async () => {
    expect(await clock.run(() => Promise.all([...many, 'app-0', 'none'].map((name) => group(name))))).toEqual([...many, 'app-0', undefined]);
    expect(asked.map(({ AutoScalingGroupNames: names, MaxRecords: max }) => [names?.length, max])).toEqual([[50, 50], [50, 50], [21, 50]]);
  });

  it('stay apart by region, and one alone is asked for as ever', async () => {
    expect(await clock.run(() => Promise.all([group('a'), group('a', 'eu-west-1')]))).toEqual(['a', 'a']);
    expect(asked).toEqual([{ AutoScalingGroupNames: ['a'] }, { AutoScalingGroupNames: ['a'] }]);
  });

  it('a request that is refused is refused to those who are in it, and is not named on', async () => {
    refused = 'app-70';
    const ends = await clock.run(() => Promise.allSettled(many.map((name) => group(name))));
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(50);
    refused = undefined;
    expect(await clock.run(() => group('app-70'))).toBe('app-70');
  });

  it('a look after a change is not answered by a request that was sent before it', async () => {
    await clock.run(async () => {
      const before = group('a');
      await clock.sleep(110);
      await aws.call({ service: 'autoscaling', region: REGION, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: 'a' } });
      await Promise.all([before, group('a')]);
    });
    expect(asked).toEqual([{ AutoScalingGroupNames: ['a'] }, { AutoScalingGroupName: 'a' }, { AutoScalingGroupNames: ['a'] }]);
  });
});
