import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import type { OutputOf } from './operations.ts';
import { incomplete, listed } from './pages.ts';

type AnyGroup = NonNullable<OutputOf<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups']>[number];
/** A group with what every answer has, see `answers.ts`. */
export type Group = AnyGroup & { MinSize: number; DesiredCapacity: number; MaxSize: number; Instances: NonNullable<AnyGroup['Instances']> };
type ScheduledAction = NonNullable<OutputOf<'autoscaling', 'DescribeScheduledActions'>['ScheduledUpdateGroupActions']>[number];
export type Activity = NonNullable<OutputOf<'autoscaling', 'DescribeScalingActivities'>['Activities']>[number];

/** The group of that name; undefined when there is none. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html */
export async function findGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<Group | undefined> {
  const input = { AutoScalingGroupNames: [name] };
  const request = { service: 'autoscaling', region, operation: 'DescribeAutoScalingGroups', input } as const;
  const output = await outputOf(aws, request, options);
  const found = output.AutoScalingGroups?.find((group) => group.AutoScalingGroupName === name);
  if (found === undefined && output.NextToken !== undefined) throw incomplete(request, `${name} is not on the first page, and there is another`);
  return found as Group | undefined;
}

/** AWS gives a group a status only while it is being deleted. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html */
export function isBeingDeleted(group: Group): boolean {
  return group.Status !== undefined && group.Status !== '';
}

/**
 * The last things that the group did or tried, newest first, at most 100.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
 */
export async function recentActivities(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<Activity[]> {
  const input = { AutoScalingGroupName: name, MaxRecords: 100 };
  return (await outputOf(aws, { service: 'autoscaling', region, operation: 'DescribeScalingActivities', input }, options)).Activities ?? [];
}

/** What a schedule will set of the group's sizes. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScheduledActions.html */
export function scheduledActions(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<ScheduledAction[]> {
  const request = { service: 'autoscaling', region, operation: 'DescribeScheduledActions', input: { AutoScalingGroupName: name } } as const;
  return listed(aws, request, ({ ScheduledUpdateGroupActions }) => ScheduledUpdateGroupActions, options);
}
