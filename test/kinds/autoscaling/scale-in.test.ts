import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import type { Json } from '../../../src/base/json.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

/* A side that waits shrinks to its standby size only while the other one is seen to carry the users. */

const instances = (count: number, HealthStatus = 'Healthy') => Array.from({ length: count }, (_, i) => ({ InstanceId: `i-${i}`, AvailabilityZone: 'a', LifecycleState: 'InService', HealthStatus }));
const group = (AutoScalingGroupName: string, [MinSize, DesiredCapacity, MaxSize]: readonly [number, number, number], healthy = DesiredCapacity, more: object = {}) => ({ AutoScalingGroupName, MinSize, DesiredCapacity, MaxSize, Instances: instances(healthy), ...more });
const PARAMS = { region: SEOUL, group: 'old', min: 1, desired: 2, max: 6, guard: { region: TOKYO, group: 'new', healthy: 3 } };

async function scaleIn(old: object | undefined, other: object | undefined = group('new', [3, 3, 6]), facts: Record<string, Json> = {}) {
  const asked: { service: string; operation: string; region: string; input: Record<string, unknown>; signal?: unknown }[] = [];
  const call = (request: (typeof asked)[number]) => {
    asked.push(request);
    const here = request.region === SEOUL ? old : other;
    return Promise.resolve({ output: request.operation === 'DescribeAutoScalingGroups' ? { AutoScalingGroups: here === undefined ? [] : [here] } : {}, requestId: 'r' });
  };
  return { asked, step: await stepOf('auto-scaling-group.scaleIn', PARAMS, { facts, effects: { aws: { call } as never } }) };
}

describe('the group of the side that waits', () => {
  it('shrinks while the other side carries the users, by one request', async () => {
    const { step, asked } = await scaleIn(group('old', [4, 4, 8]));
    expect(await step.check()).toEqual({ state: 'ok', because: 'the other side is looked at right before' });
    expect(await step.observe()).toEqual({ state: 'absent', because: `old: desired capacity 4; ${TOKYO} carries the users: 3 of 3 instances are in service` });
    await step.act();
    expect(asked.at(-1)).toMatchObject({ service: 'autoscaling', operation: 'UpdateAutoScalingGroup', region: SEOUL, input: { AutoScalingGroupName: 'old', MinSize: 1, DesiredCapacity: 2, MaxSize: 6 } });
    expect(asked.every(({ signal }) => signal !== undefined)).toBe(true);
  });

  it('is not shrunk with one instance fewer there, or where there is no group', async () => {
    const refusal = (shown: string) => ({ state: 'refused', refusal: { rule: 'last-healthy-side', observed: `new in ${TOKYO}: ${shown}`, threshold: '3 healthy instances', consequence: `${SEOUL} may be the last side that can serve users`, override: `none: bring ${TOKYO} up first, then: dr resume` } });
    expect(await (await scaleIn(group('old', [4, 4, 8]), group('new', [3, 3, 6], 2))).step.observe()).toEqual(refusal('2 of 3 instances are in service'));
    const ill = { ...group('new', [3, 3, 6], 2), Instances: [...instances(2), { ...instances(1, 'Unhealthy')[0], InstanceId: 'i-9' }] };
    expect(await (await scaleIn(group('old', [4, 4, 8]), ill)).step.observe()).toEqual(refusal('2 of 3 instances are in service; i-9 is Unhealthy'));
    const { step } = await scaleIn(group('old', [4, 4, 8]), group('another', [3, 3, 6]));
    expect(await step.observe()).toEqual(refusal('it is not there'));
    // What still runs of it will not.
    const going = await scaleIn(group('old', [4, 4, 8]), group('new', [3, 3, 6], 3, { Status: 'Delete in progress' }));
    expect(await going.step.observe()).toEqual(refusal('it is being deleted'));
  });

  it('has its standby size, or is smaller: then nobody is asked about the other side', async () => {
    for (const sizes of [[1, 2, 6], [0, 1, 6], [0, 0, 6], [1, 1, 6]] as const) {
      const { step, asked } = await scaleIn(group('old', sizes));
      expect(await step.observe()).toEqual({ state: 'reached', because: `old in ${SEOUL} has the desired capacity ${sizes[1]}, its standby size` });
      expect(asked).toHaveLength(1);
    }
    for (const sizes of [[2, 2, 6], [1, 3, 6], [1, 2, 7]] as const) expect((await (await scaleIn(group('old', sizes))).step.observe()).state).toBe('absent');
  });

  it('has its standby size by its numbers only where instances are protected from scale-in: they stay, and that is said', async () => {
    const protectedOnes = (count: number) => ({ Instances: instances(5).map((one, i) => ({ ...one, ProtectedFromScaleIn: i < count })) });
    const said = async (count: number) => (await scaleIn(group('old', [1, 2, 6], 5, protectedOnes(count)))).step.observe();
    const reached = (because: string) => ({ state: 'reached', because });
    expect(await said(5)).toEqual(reached(`old in ${SEOUL} has the desired capacity 2, its standby size; 5 instances stay, and cost, until nobody protects them from scale-in: aws autoscaling set-instance-protection --region ${SEOUL} --auto-scaling-group-name old --no-protected-from-scale-in --instance-ids …`));
    expect(await said(2)).toEqual(reached(`old in ${SEOUL} has the desired capacity 2, its standby size`));
  });

  it('never has a minimum above what it keeps', async () => {
    const { step, asked } = await scaleIn(group('old', [1, 0, 8]));
    await step.act();
    expect(asked.at(-1)?.input).toMatchObject({ MinSize: 0, DesiredCapacity: 0, MaxSize: 6 });
  });

  it('that is missing was there before, so that AWS is asked again; nothing is sent', async () => {
    const { step, asked } = await scaleIn(undefined);
    expect(await step.observe()).toMatchObject({ state: 'pending', because: expect.stringContaining(`old is not in ${SEOUL}`) as string });
    await step.act();
    expect(asked.map(({ operation }) => operation)).toEqual(['DescribeAutoScalingGroups', 'DescribeAutoScalingGroups']);
    const [missing = ''] = Object.keys(step.recorded);
    expect(missing).toBe(`lasts.missing.${SEOUL}.old`);
    // What is found once is not missing any more.
    const back = await scaleIn(group('old', [1, 2, 6]), undefined, { [missing]: step.recorded[missing] ?? null });
    await back.step.observe();
    expect(back.step.recorded).toEqual({ [missing]: null });
  });
});

describe('a side that users reach by a load balancer', () => {
  const ARN = `arn:aws:elasticloadbalancing:${TOKYO}:111122223333:targetgroup/shop/0123456789abcdef`;

  /** Both sides want three instances, which are in service; of the one that is to carry the users so many answer their health checks. */
  function shrink(healthy: number) {
    const three = [1, 2, 3].map((n) => ({ InstanceId: `i-${n}`, LifecycleState: 'InService', HealthStatus: 'Healthy' }));
    const call = ({ region, operation }: { region: string; operation: string }) =>
      Promise.resolve({
        output:
          operation === 'DescribeTargetHealth'
            ? { TargetHealthDescriptions: three.map(({ InstanceId }, i) => ({ Target: { Id: InstanceId }, TargetHealth: { State: i < healthy ? 'healthy' : 'unhealthy' } })) }
            : { AutoScalingGroups: [{ AutoScalingGroupName: 'shop-api', MinSize: 2, DesiredCapacity: 3, MaxSize: 6, Instances: three, TargetGroupARNs: region === TOKYO ? [ARN] : [] }] },
      });
    const params = { region: SEOUL, group: 'shop-api', min: 1, desired: 1, max: 6, guard: { region: TOKYO, group: 'shop-api', healthy: 2 } };
    return stepOf('auto-scaling-group.scaleIn', params, { effects: { aws: { call } as unknown as AwsCaller } });
  }

  it('shrinks while the other one is seen to carry the users', async () => {
    expect(await (await shrink(2)).observe()).toMatchObject({ state: 'absent' });
  });

  it('does not on what the other one wants, nor on what is in service there: users get what its targets answer', async () => {
    expect(await (await shrink(1)).observe()).toMatchObject({ state: 'refused', refusal: { rule: 'last-healthy-side' } });
  });
});
