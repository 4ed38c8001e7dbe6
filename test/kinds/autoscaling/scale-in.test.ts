import { expect, it } from 'vitest';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

const ARN = `arn:aws:elasticloadbalancing:${TOKYO}:111122223333:targetgroup/shop/0123456789abcdef`;
const PARAMS = { region: SEOUL, group: 'shop-api', min: 1, desired: 1, max: 6, guard: { region: TOKYO, group: 'shop-api', healthy: 2 } };

/** Both sides want three instances, which are in service; of the one that is to carry the users so many answer their health checks. */
function shrink(healthy: number) {
  const instances = [1, 2, 3].map((n) => ({ InstanceId: `i-${n}`, LifecycleState: 'InService', HealthStatus: 'Healthy' }));
  const call = ({ region, operation }: { region: string; operation: string }) =>
    Promise.resolve({
      output:
        operation === 'DescribeTargetHealth'
          ? { TargetHealthDescriptions: instances.map(({ InstanceId }, i) => ({ Target: { Id: InstanceId }, TargetHealth: { State: i < healthy ? 'healthy' : 'unhealthy' } })) }
          : { AutoScalingGroups: [{ AutoScalingGroupName: 'shop-api', MinSize: 2, DesiredCapacity: 3, MaxSize: 6, Instances: instances, TargetGroupARNs: region === TOKYO ? [ARN] : [] }] },
    });
  return stepOf('auto-scaling-group.scaleIn', PARAMS, { effects: { aws: { call } as unknown as AwsCaller } });
}

it('a side shrinks while the other one is seen to carry the users', async () => {
  expect(await (await shrink(2)).observe()).toMatchObject({ state: 'absent' });
});

it('and not on what the other one wants, nor on what is in service there: users get what its targets answer', async () => {
  expect(await (await shrink(1)).observe()).toMatchObject({ state: 'refused', refusal: { rule: 'last-healthy-side' } });
});
