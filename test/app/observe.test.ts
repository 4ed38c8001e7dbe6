import { describe, expect, it } from 'vitest';
import { awsFailure } from '../../src/app/observe.ts';
import { AwsError, NO_ANSWER } from '../../src/aws/errors.ts';

function refusal(service: 'route53' | 'rds', message: string): string {
  const operation = service === 'rds' ? 'DescribeDBInstances' : 'ListResourceRecordSets';
  return awsFailure(new AwsError({ service, operation, region: 'us-east-1', code: 'AccessDenied', httpStatus: 403, message }), 'ap-northeast-1').next.join('\n');
}

describe('what to do about AccessDenied', () => {
  it('a zone of another account cannot be allowed to these credentials', () => {
    const next = refusal('route53', 'User: arn:aws:sts::111122223333:assumed-role/dr/kim is not authorized to access this resource');
    expect(next).toMatch(/belongs to another AWS account: dr uses one account for each application, and a role for each zone is not supported yet/);
  });

  it('an action that IAM names can be allowed', () => {
    const denied = 'User: arn:aws:sts::111122223333:assumed-role/dr/kim is not authorized to perform: ';
    expect(refusal('route53', `${denied}route53:ListResourceRecordSets`)).not.toContain('another AWS account');
    expect(refusal('rds', `${denied}rds:DescribeDBInstances`)).toContain('allow that to these credentials');
  });
});

it('a dead target says that --region is the region to make active', () => {
  const dead = new AwsError({ service: 'sts', operation: 'GetCallerIdentity', region: 'ap-northeast-2', code: NO_ANSWER, message: 'no answer' });
  expect(dead.unreachable).toBe(true);
  expect(awsFailure(dead, 'ap-northeast-2', ['ap-northeast-1']).next[0]).toBe('--region is the region to make active; if ap-northeast-2 is down: --region ap-northeast-1');
});
