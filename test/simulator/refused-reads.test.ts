import { describe, expect, it } from 'vitest';
import type { AwsRequest } from '../../src/aws/caller.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World } from '../../src/simulator/world.ts';

const REGION = 'ap-northeast-1';

function worldAt() {
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: [REGION, 'ap-northeast-2'] });
  world.addBucket({ region: REGION, name: 'b' });
  world.addTopic({ region: 'ap-northeast-2', arn: 'arn:aws:sns:ap-northeast-2:000000000000:dr' });
  for (const id of ['one', 'two', 'three']) world.addAutoScalingGroup({ region: REGION, name: id, min: 0, max: 1, desired: 0 });
  const ask = (service: string, operation: string, input: object) =>
    clock.run(() => world.call({ service, region: REGION, operation, input } as unknown as AwsRequest)).then(
      ({ output }) => output as Record<string, unknown>,
      (error: unknown) => error as { code: string; httpStatus: number; message: string },
    );
  return { ask };
}

const message = (text: string) => expect.stringContaining(text) as string;

describe('what AWS refuses of a read', () => {
  it('ids that cannot be ones are malformed, and all that are missing are named', async () => {
    const { ask } = worldAt();
    const [one, two] = ['i-0123456789abcdef0', 'i-0123456789abcdef1'];
    expect(await ask('ec2', 'DescribeInstances', { InstanceIds: ['nonsense'] })).toMatchObject({ code: 'InvalidInstanceID.Malformed', httpStatus: 400, message: message('Invalid id: "nonsense"') });
    expect(await ask('ec2', 'DescribeInstances', { InstanceIds: [one] })).toMatchObject({ code: 'InvalidInstanceID.NotFound', message: message(`The instance ID '${one}' does not exist`) });
    expect(await ask('ec2', 'StartInstances', { InstanceIds: [one, two] })).toMatchObject({ message: message(`The instance IDs '${one}, ${two}' do not exist`) });
    expect(await ask('ec2', 'DescribeImages', { ImageIds: ['ami-0123456789abcdef0', 'ami-0123456789abcdef1'] })).toMatchObject({ code: 'InvalidAMIID.NotFound', message: message("The image ids '[ami-0123456789abcdef0, ami-0123456789abcdef1]' do not exist") });
    expect(await ask('ec2', 'DescribeImages', { ImageIds: ['x'] })).toMatchObject({ code: 'InvalidAMIID.Malformed' });
  });

  it('a paging token that nobody was given; one that was given leads on', async () => {
    const { ask } = worldAt();
    const first = (await ask('autoscaling', 'DescribeAutoScalingGroups', { MaxRecords: 2 })) as { NextToken: string };
    expect(await ask('autoscaling', 'DescribeAutoScalingGroups', { MaxRecords: 2, NextToken: first.NextToken })).toMatchObject({ AutoScalingGroups: [{}] });
    expect(await ask('autoscaling', 'DescribeAutoScalingGroups', { NextToken: 'b25l' })).toMatchObject({ code: 'InvalidNextToken', httpStatus: 400 });
    expect(await ask('s3', 'ListObjectsV2', { Bucket: 'b', ContinuationToken: 'x' })).toMatchObject({ code: 'InvalidArgument', message: message('The continuation token provided is incorrect') });
    expect(await ask('rds', 'DescribeDBInstances', { Marker: 'x' })).toMatchObject({ code: 'InvalidParameterValue' });
    expect(await ask('ec2', 'DescribeInstances', { NextToken: 'x' })).toMatchObject({ code: 'InvalidParameterValue' });
  });

  it('a topic of another region, and what is no ARN', async () => {
    const { ask } = worldAt();
    const publish = (TopicArn: string) => ask('sns', 'Publish', { TopicArn, Message: 'm' });
    expect(await publish('arn:aws:sns:ap-northeast-2:000000000000:dr')).toMatchObject({ code: 'InvalidParameter', httpStatus: 400 });
    expect(await publish('dr')).toMatchObject({ code: 'InvalidParameter', httpStatus: 400 });
    expect(await publish(`arn:aws:sns:${REGION}:000000000000:nobody`)).toMatchObject({ code: 'NotFound', httpStatus: 404 });
  });

  it('two conditions of one write', async () => {
    const { ask } = worldAt();
    const put = (more: object) => ask('s3', 'PutObject', { Bucket: 'b', Key: 'k', Body: 'x', ...more });
    expect(await put({ IfMatch: '*' })).toMatchObject({ code: 'NotImplemented', httpStatus: 501 });
    expect(await put({ IfMatch: '"e"', IfNoneMatch: '*' })).toMatchObject({ code: 'NotImplemented', httpStatus: 501 });
    expect(await put({ IfNoneMatch: '*' })).toHaveProperty('ETag');
    expect(await ask('s3', 'GetObject', { Bucket: 'b', Key: 'k' })).toMatchObject({ ContentType: 'binary/octet-stream' });
  });
});
