import type { OutputOf } from '../aws/operations.ts';
import { pageOf, type Call, type ServiceModel } from './call.ts';
import { GROUP_TEMPLATE, INSTANCE_TYPE, stageOf, type Activity, type Group } from './groups.ts';

type GroupView = NonNullable<OutputOf<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups']>[number];
type ActivityView = NonNullable<OutputOf<'autoscaling', 'DescribeScalingActivities'>['Activities']>[number];

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html: 50 unless MaxRecords says otherwise. */
const GROUPS_PAGE = 50;

/** Auto Scaling: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/Welcome.html */
export const autoscaling: ServiceModel<'autoscaling'> = {
  DescribeAutoScalingGroups: {
    accepts: ['AutoScalingGroupNames', 'NextToken', 'MaxRecords'],
    handle(input, call) {
      const table = call.state.groups.table(call.region);
      const wanted = input.AutoScalingGroupNames;
      const names = wanted === undefined || wanted.length === 0 ? table.keys(call.at) : [...new Set(wanted)].sort();
      const groups = names.map((name) => table.get(name, call.at)).filter((group) => group !== undefined);
      const { page, next } = pageOf(groups, (group) => group.name, input.NextToken, sizeOf(input.MaxRecords ?? GROUPS_PAGE, call));
      return { AutoScalingGroups: page.map((group) => groupView(group, call)), ...(next === undefined ? {} : { NextToken: next }) };
    },
  },

  UpdateAutoScalingGroup: {
    accepts: ['AutoScalingGroupName', 'MinSize', 'MaxSize', 'DesiredCapacity'],
    handle(input, call) {
      const group = find(input.AutoScalingGroupName, call);
      const min = input.MinSize ?? group.min;
      const max = input.MaxSize ?? group.max;
      for (const size of [min, max, input.DesiredCapacity ?? 0]) {
        if (!Number.isInteger(size) || size < 0) throw call.error('ValidationError', 400, `Group sizes must be whole numbers that are not negative, not ${size}`);
      }
      if (max < min) throw call.error('ValidationError', 400, `Max bound, ${max}, must be greater than or equal to min bound, ${min}`);
      const desired = input.DesiredCapacity ?? Math.min(Math.max(group.desired, input.MinSize ?? 0), input.MaxSize ?? Number.POSITIVE_INFINITY);
      if (desired < min || desired > max) {
        throw call.error('ValidationError', 400, `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
      }
      const { busyUntil = 0 } = group.trouble;
      if (call.now < busyUntil) {
        throw call.error('ScalingActivityInProgress', 400, `Scaling activity ${group.activities[0]?.id ?? call.requestId} is in progress and blocks this action`);
      }
      call.state.groups.resize(group, { min, max, desired }, call.now);
      return {};
    },
  },

  DescribeScalingActivities: {
    accepts: ['AutoScalingGroupName', 'NextToken', 'MaxRecords'],
    handle(input, call) {
      if (input.AutoScalingGroupName === undefined) throw call.unsupported('activities of all groups');
      const group = find(input.AutoScalingGroupName, call, call.at);
      const numbered = group.activities.map((activity, i) => ({ activity, key: String(i).padStart(4, '0') }));
      const { page, next } = pageOf(numbered, ({ key }) => key, input.NextToken, sizeOf(input.MaxRecords, call));
      return { Activities: page.map(({ activity }) => activityView(activity, group, call)), ...(next === undefined ? {} : { NextToken: next }) };
    },
  },
};

function find(name: string | undefined, call: Call, at?: number): Group {
  const group = name === undefined ? undefined : call.state.groups.get(call.region, name, at);
  if (group === undefined) throw call.error('ValidationError', 400, call.operation === 'UpdateAutoScalingGroup' ? 'AutoScalingGroup name not found - null' : `AutoScalingGroup name not found - AutoScalingGroup ${name ?? ''} not found`);
  return group;
}

function sizeOf(maxRecords: number | undefined, call: Call): number {
  const size = maxRecords ?? 100;
  if (size < 1 || size > 100) throw call.error('ValidationError', 400, `MaxRecords must be between 1 and 100, not ${size}`);
  return size;
}

function arnOf(group: Group, call: Call): string {
  return `arn:aws:autoscaling:${group.region}:${call.state.core.account}:autoScalingGroup:${group.name}:autoScalingGroupName/${group.name}`;
}

const TEMPLATE = { LaunchTemplateId: GROUP_TEMPLATE.id, LaunchTemplateName: GROUP_TEMPLATE.name, Version: '1' };

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups-instance-weighting.html */
function mixed(weight: number): NonNullable<GroupView['MixedInstancesPolicy']> {
  return { LaunchTemplate: { LaunchTemplateSpecification: TEMPLATE, Overrides: [{ InstanceType: INSTANCE_TYPE, WeightedCapacity: String(weight) }] } };
}

function groupView(group: Group, call: Call): GroupView {
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: arnOf(group, call),
    MinSize: group.min,
    MaxSize: group.max,
    DesiredCapacity: group.desired,
    DefaultCooldown: 300,
    AvailabilityZones: ['a', 'b', 'c'].map((zone) => `${group.region}${zone}`),
    LoadBalancerNames: [],
    TargetGroupARNs: [...group.targetGroups],
    HealthCheckType: 'ELB',
    HealthCheckGracePeriod: 300,
    Instances: group.instances.map((instance) => ({
      InstanceId: instance.id,
      InstanceType: INSTANCE_TYPE,
      ...(group.weight === undefined ? { LaunchTemplate: TEMPLATE } : { LaunchTemplate: TEMPLATE, WeightedCapacity: String(group.weight) }),
      AvailabilityZone: instance.zone,
      LifecycleState: stageOf(instance, call.at) === 'pending' ? 'Pending' : 'InService',
      HealthStatus: 'Healthy',
      ProtectedFromScaleIn: false,
    })),
    CreatedTime: new Date(group.createdAt),
    ...(group.weight === undefined ? { LaunchTemplate: TEMPLATE } : { MixedInstancesPolicy: mixed(group.weight) }),
    VPCZoneIdentifier: 'subnet-0000000000000000a,subnet-0000000000000000b,subnet-0000000000000000c',
    TerminationPolicies: ['Default'],
    Tags: [],
    EnabledMetrics: [],
    SuspendedProcesses: [],
    NewInstancesProtectedFromScaleIn: false,
  };
}

function activityView(activity: Activity, group: Group, call: Call): ActivityView {
  return {
    ActivityId: activity.id,
    AutoScalingGroupName: group.name,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: new Date(activity.at),
    EndTime: new Date(activity.at),
    StatusCode: activity.status,
    ...(activity.message === undefined ? {} : { StatusMessage: activity.message }),
    Progress: 100,
    AutoScalingGroupARN: arnOf(group, call),
  };
}
