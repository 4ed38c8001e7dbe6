import { describe, expect, it } from 'vitest';
import { arnIn, globalArn, nameInArn, parseArn, regionOfArn } from '../../src/base/arn.ts';

describe('an ARN', () => {
  it('is made in the partition of its region', () => {
    expect(arnIn('ap-northeast-1', 'rds', '111122223333', 'db:a')).toBe('arn:aws:rds:ap-northeast-1:111122223333:db:a');
    expect(arnIn('us-gov-west-1', 'rds', '111122223333', 'db:a')).toBe('arn:aws-us-gov:rds:us-gov-west-1:111122223333:db:a');
    expect(arnIn('cn-north-1', 'rds', '111122223333', 'db:a')).toBe('arn:aws-cn:rds:cn-north-1:111122223333:db:a');
    expect(arnIn('eusc-de-east-1', 'rds', '111122223333', 'db:a')).toBe('arn:aws-eusc:rds:eusc-de-east-1:111122223333:db:a');
    expect(globalArn('aws-cn', 'route53', 'hostedzone/Z1')).toBe('arn:aws-cn:route53:::hostedzone/Z1');
  });

  it('is taken apart, its resource as a whole', () => {
    expect(parseArn('arn:aws:autoscaling:us-east-1:1:autoScalingGroup:id:autoScalingGroupName/a')?.resource).toBe('autoScalingGroup:id:autoScalingGroupName/a');
    expect(nameInArn('arn:aws:rds:us-east-1:1:db:a')).toBe('a');
    expect(nameInArn('a')).toBe('a');
    expect(regionOfArn('arn:aws:rds:us-east-1:1:db:a')).toBe('us-east-1');
  });

  it('without a region, or that is none, has no region', () => {
    for (const text of [undefined, '', 'a', 'arn:aws:rds', 'x:aws:rds:us-east-1:1:db:a', 'arn:aws:s3:::bucket']) expect(regionOfArn(text)).toBeUndefined();
  });
});
