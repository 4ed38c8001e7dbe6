import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

const GUIDE = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/';

/** What the lifecycle state of an instance of an Auto Scaling group means. */
export interface LifecycleMeaning {
  /** Does the instance count as capacity that serves users? `unknown` never counts. */
  serves: Answer;
  /** Will it serve by itself? */
  coming: Answer;
  /** By what it is held, for people. */
  held?: string;
  note?: string;
}

const coming: LifecycleMeaning = { serves: 'no', coming: 'yes' };
const leaving: LifecycleMeaning = { serves: 'no', coming: 'no' };
const warm: LifecycleMeaning = { serves: 'no', coming: 'no', note: `in the warm pool, which is not part of the group's capacity: ${GUIDE}warm-pool-instance-lifecycle.html` };
const replacing: LifecycleMeaning = { serves: 'unknown', coming: 'yes', note: `its root volume is being replaced: ${GUIDE}replace-root-volume.html` };

export const LIFECYCLE_STATES: StateTable<LifecycleMeaning> = {
  field: 'Instance.LifecycleState (Auto Scaling)',
  page: 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Instance.html',
  states: {
    InService: { serves: 'yes', coming: 'yes' },
    Pending: coming,
    'Pending:Wait': { ...coming, held: 'a lifecycle hook holds it', note: `a lifecycle hook holds it: ${GUIDE}ec2-auto-scaling-lifecycle.html` },
    'Pending:Proceed': coming,
    Quarantined: leaving,
    Terminating: leaving,
    'Terminating:Wait': { ...leaving, note: `a lifecycle hook holds it: ${GUIDE}ec2-auto-scaling-lifecycle.html` },
    'Terminating:Proceed': leaving,
    'Terminating:Retained': leaving,
    Terminated: leaving,
    Detaching: leaving,
    Detached: leaving,
    EnteringStandby: leaving,
    Standby: { ...leaving, note: `a person took it out, and a person brings it back: ${GUIDE}as-enter-exit-standby.html` },
    ReplacingRootVolume: replacing,
    'ReplacingRootVolume:Wait': replacing,
    'ReplacingRootVolume:Proceed': replacing,
    RootVolumeReplaced: replacing,
    'Warmed:Pending': warm,
    'Warmed:Pending:Wait': warm,
    'Warmed:Pending:Proceed': warm,
    'Warmed:Pending:Retained': warm,
    'Warmed:Terminating': warm,
    'Warmed:Terminating:Wait': warm,
    'Warmed:Terminating:Proceed': warm,
    'Warmed:Terminating:Retained': warm,
    'Warmed:Terminated': warm,
    'Warmed:Stopped': warm,
    'Warmed:Running': warm,
    'Warmed:Hibernated': warm,
  },
  unlisted: { serves: 'unknown', coming: 'unknown' },
};

export function lifecycleState(state: string | undefined): Stated<LifecycleMeaning> {
  return stateIn(LIFECYCLE_STATES, state);
}

/** What the health status of an instance of an Auto Scaling group means. */
export interface HealthMeaning {
  healthy: Answer;
  note?: string;
}

export const HEALTH_STATUSES: StateTable<HealthMeaning> = {
  field: 'Instance.HealthStatus (Auto Scaling)',
  page: 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Instance.html',
  states: {
    Healthy: { healthy: 'yes' },
    HEALTHY: { healthy: 'yes', note: 'as DescribeAutoScalingInstances writes it' },
    Unhealthy: { healthy: 'no', note: 'the group terminates and replaces it' },
    UNHEALTHY: { healthy: 'no', note: 'as DescribeAutoScalingInstances writes it' },
  },
  unlisted: { healthy: 'unknown' },
};

export function healthStatus(status: string | undefined): Stated<HealthMeaning> {
  return stateIn(HEALTH_STATUSES, status);
}

/** What the status code of a scaling activity means. */
export interface ActivityMeaning {
  /** Did it do what it was started for? `unknown` while it is under way. */
  succeeded: Answer;
  note?: string;
}

const underWay: ActivityMeaning = { succeeded: 'unknown' };

export const ACTIVITY_STATUSES: StateTable<ActivityMeaning> = {
  field: 'Activity.StatusCode (Auto Scaling)',
  page: 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html',
  states: {
    PendingSpotBidPlacement: underWay,
    WaitingForSpotInstanceRequestId: underWay,
    WaitingForSpotInstanceId: underWay,
    WaitingForInstanceId: underWay,
    PreInService: underWay,
    InProgress: underWay,
    WaitingForELBConnectionDraining: underWay,
    MidLifecycleAction: { ...underWay, note: 'a lifecycle hook holds it' },
    WaitingForInstanceWarmup: underWay,
    WaitingForConnectionDraining: underWay,
    WaitingForInPlaceUpdateToStart: underWay,
    WaitingForInPlaceUpdateToFinalize: underWay,
    InPlaceUpdateInProgress: underWay,
    Successful: { succeeded: 'yes' },
    Failed: { succeeded: 'no', note: `AWS tries again: ${GUIDE}CHAP_Troubleshooting.html` },
    Cancelled: { succeeded: 'no', note: 'e.g. the instance became unhealthy before it was in service; AWS tries again' },
  },
  unlisted: { succeeded: 'unknown' },
};

export function activityStatus(status: string | undefined): Stated<ActivityMeaning> {
  return stateIn(ACTIVITY_STATUSES, status);
}
