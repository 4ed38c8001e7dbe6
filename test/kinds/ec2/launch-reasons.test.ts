import { describe, expect, it } from 'vitest';
import { cannotMend, isShortageText } from '../../../src/kinds/ec2/launch-reasons.ts';

/*
 * Every message that AWS's pages on failed launches list, and some that are reported; and what `dr` makes of it: `shortage` ends a wait at once, one of the fixed reasons once it has
 * come again and again, and `waits` is waited for until the step's limit.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-ami.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
const MESSAGES: readonly [string, string][] = [
  ['configuration', 'The requested configuration is currently not supported. Please check the documentation for supported configurations. Launching EC2 instance failed.'],
  ['security group', "The security group 'sg-0123456789abcdef0' does not exist. Launching EC2 instance failed."],
  ['key pair', "The key pair 'shop' does not exist. Launching EC2 instance failed."],
  ['configuration', 'Your requested instance type (m7g.large) is not supported in your requested Availability Zone (ap-northeast-1b). Please retry your request by not specifying an Availability Zone. Launching EC2 instance failed.'],
  ['configuration', 'The requested Availability Zone is no longer supported. Please retry your request by not specifying an Availability Zone. Launching EC2 instance failed.'],
  ['price', 'Your Spot request price of 0.015 is lower than the minimum required Spot request fulfillment price of 0.0735. Launching EC2 instance failed.'],
  ['volume', 'Invalid device name upload. Launching EC2 instance failed.'],
  ['parameter', 'Value (ephemeral9) for parameter virtualName is invalid. Expected format: ephemeralNUMBER. Launching EC2 instance failed.'],
  ['volume', 'EBS block device mappings not supported for instance-store AMIs.'],
  ['configuration', "Placement groups may not be used with instances of type 'm1.large'. Launching EC2 instance failed."],
  ['key', 'Client.InternalError: Client error on launch.'],
  ['shortage', 'We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (ap-northeast-1a). Launching EC2 instance failed.'],
  ['shortage', 'The requested reservation does not have sufficient compatible and available capacity for this request. Launching EC2 instance failed.'],
  ['shortage', 'Your Capacity Block reservation cr-0123456789abcdef0 is not active yet. Launching EC2 instance failed.'],
  ['shortage', 'There is no Spot capacity available that matches your request. Launching EC2 instance failed.'],
  ['shortage', '20 instance(s) are already running. Launching EC2 instance failed.'],
  ['shortage', "There are not enough free addresses in subnet 'subnet-0123456789abcdef0' to satisfy the requested number of instances. Launching EC2 instance failed."],
  ['shortage', 'You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that the specified instance type belongs to. Launching EC2 instance failed.'],
  ['shortage', 'Max spot instance count exceeded. Launching EC2 instance failed.'],
  ['image', "The AMI ID 'ami-0123456789abcdef0' does not exist. Launching EC2 instance failed."],
  ['image', "AMI 'ami-0123456789abcdef0' is disabled, and cannot be run. Launching EC2 instance failed."],
  ['waits', "AMI 'ami-0123456789abcdef0' is pending, and cannot be run. Launching EC2 instance failed."],
  ['parameter', "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the specified AMI. Launching EC2 instance failed."],
  ['subscription', 'In order to use this AWS Marketplace product you need to accept terms and subscribe. Launching EC2 instance failed.'],
  ['permission', 'Authentication Failure. Launching EC2 instance failed.'],
  ['permission', 'You are not authorized to perform this operation. Launching EC2 instance failed.'],
  ['instance profile', 'Value (shop) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name. Launching EC2 instance failed.'],
  ['waits', 'Request limit exceeded. Launching EC2 instance failed.'],
  ['waits', 'Rate exceeded'],
];

describe('why a launch failed', () => {
  it.each(MESSAGES)('%s: %s', (what, text) => {
    expect(cannotMend(text) ?? (isShortageText(text) ? 'shortage' : 'waits')).toBe(what);
  });
});
