import type { OutputOf } from '../aws/operations.ts';
import { type Call, type ServiceModel } from './call.ts';
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
      const { page, next } = call.pageOf(groups, (group) => group.name, input.NextToken, sizeOf(input.MaxRecords ?? GROUPS_PAGE, call));
      return { AutoScalingGroups: page.map((group) => groupView(group, call)), ...(next === undefined ? {} : { NextToken: next }) };
    },
  },

  CreateAutoScalingGroup: {
    accepts: [
      'AutoScalingGroupName', 'MinSize', 'MaxSize', 'DesiredCapacity', 'LaunchTemplate', 'LaunchConfigurationName', 'MixedInstancesPolicy', 'VPCZoneIdentifier', 'AvailabilityZones',
      'HealthCheckType', 'Tags',
    ],
    handle(input, call) {
      const { AutoScalingGroupName: name = '', MinSize: min = -1, MaxSize: max = -1 } = input;
      const no = (message: string) => call.error('ValidationError', 400, message);
      if (name === '' || /[:/]/.test(name)) throw no('Invalid group name');
      if (call.state.groups.get(call.region, name) !== undefined) throw call.error('AlreadyExists', 400, `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`);
      const ways = [input.LaunchTemplate, input.LaunchConfigurationName, input.MixedInstancesPolicy].filter((way) => way !== undefined);
      if (ways.length !== 1) throw no('Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.');
      const policy = input.MixedInstancesPolicy?.LaunchTemplate;
      for (const template of [input.LaunchTemplate, policy?.LaunchTemplateSpecification, ...(policy?.Overrides ?? []).map((other) => other.LaunchTemplateSpecification)]) {
        const { LaunchTemplateId: id, LaunchTemplateName: named } = template ?? {};
        if (id !== undefined && named !== undefined) throw no('Valid requests must contain either launchTemplateId or LaunchTemplateName');
        if ((id ?? GROUP_TEMPLATE.id) !== GROUP_TEMPLATE.id) throw no(`The specified launch template, with template ID ${id ?? ''}, does not exist.`);
      }
      if ((input.VPCZoneIdentifier ?? '') === '' && (input.AvailabilityZones ?? []).length === 0) throw no('At least one Availability Zone or VPC Subnet is required.');
      const desired = input.DesiredCapacity ?? min;
      if (min < 0 || max < min || desired < min || desired > max) throw no(`Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
      const tags = Object.fromEntries((input.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
      call.state.groups.create({ region: call.region, name, min, max, desired, targetGroups: [], tags }, call.now);
      return {};
    },
  },

  DeleteAutoScalingGroup: {
    accepts: ['AutoScalingGroupName', 'ForceDelete'],
    handle(input, call) {
      const group = find(input.AutoScalingGroupName, call);
      if (group.going === true) throw call.error('ScalingActivityInProgress', 400, `Delete of group ${group.name} is in progress`);
      if (input.ForceDelete !== true && group.instances.length > 0) throw call.error('ResourceInUse', 400, 'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.');
      call.state.groups.remove(group, call.now);
      return {};
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

  DescribeScheduledActions: {
    accepts: ['AutoScalingGroupName', 'NextToken'],
    handle(input, call) {
      if (input.AutoScalingGroupName === undefined) throw call.unsupported('the schedules of all groups');
      const { name } = find(input.AutoScalingGroupName, call, call.at);
      const { page, next } = call.pageOf(call.state.groups.scheduled(call.region, name, call.at), (action) => action.name, input.NextToken, 50);
      const actions = page.map(({ name: ScheduledActionName, at, min, max, desired }) => ({ AutoScalingGroupName: name, ScheduledActionName, StartTime: new Date(at), MinSize: min, MaxSize: max, DesiredCapacity: desired }));
      return { ScheduledUpdateGroupActions: actions, ...(next === undefined ? {} : { NextToken: next }) };
    },
  },

  DescribeScalingActivities: {
    accepts: ['AutoScalingGroupName', 'NextToken', 'MaxRecords'],
    handle(input, call) {
      if (input.AutoScalingGroupName === undefined) throw call.unsupported('activities of all groups');
      const group = find(input.AutoScalingGroupName, call, call.at);
      const numbered = group.activities.map((activity, i) => ({ activity, key: String(i).padStart(4, '0') }));
      const { page, next } = call.pageOf(numbered, ({ key }) => key, input.NextToken, sizeOf(input.MaxRecords, call));
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
      LifecycleState: instance.held === true ? 'Pending:Wait' : stageOf(instance, call.at) === 'pending' ? 'Pending' : 'InService',
      HealthStatus: 'Healthy',
      ProtectedFromScaleIn: false,
    })),
    CreatedTime: new Date(group.createdAt),
    ...(group.weight === undefined ? { LaunchTemplate: TEMPLATE } : { MixedInstancesPolicy: mixed(group.weight) }),
    VPCZoneIdentifier: 'subnet-0000000000000000a,subnet-0000000000000000b,subnet-0000000000000000c',
    ServiceLinkedRoleARN: `arn:aws:iam::${call.state.core.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
    TerminationPolicies: ['Default'],
    Tags: Object.entries(group.tags).map(([Key, Value]) => ({ Key, Value, ResourceId: group.name, PropagateAtLaunch: true })),
    ...(group.going === true ? { Status: 'Delete in progress' } : {}),
    EnabledMetrics: [],
    SuspendedProcesses: group.trouble.suspended === undefined ? [] : [{ ProcessName: 'Launch', SuspensionReason: 'User suspended at the request of a person' }],
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
