import { type Answer, type Noted, statesOf } from './table.ts';

interface InstanceMeaning {
  /** Does it run, or will it by itself? */
  alive: Answer;
  running: Answer;
  /** May it be started: now (`yes`), or once it has stopped (`later`)? */
  start: 'yes' | 'later' | 'no' | 'unknown';
  /** Nobody can ever start it again. */
  gone: Answer;
  /** It is being terminated, and not over yet. */
  going?: true;
}

export const instanceState = statesOf<InstanceMeaning>({
  field: 'InstanceState.Name',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html',
  states: {
    pending: { alive: 'yes', running: 'no', start: 'no', gone: 'no' },
    running: { alive: 'yes', running: 'yes', start: 'no', gone: 'no' },
    stopping: { alive: 'no', running: 'no', start: 'later', gone: 'no' },
    stopped: { alive: 'no', running: 'no', start: 'yes', gone: 'no' },
    'shutting-down': { alive: 'no', running: 'no', start: 'no', gone: 'yes', going: true },
    terminated: { alive: 'no', running: 'no', start: 'no', gone: 'yes', note: 'shown for about an hour' },
  },
  unlisted: { alive: 'unknown', running: 'unknown', start: 'unknown', gone: 'unknown' },
});

/** The state of an instance; of a field that AWS left out, the unlisted one. */
export function ec2InstanceState(instance: { State?: { Name?: string | undefined } | undefined }): ReturnType<typeof instanceState> {
  return instanceState(instance.State?.Name);
}

/** Names of the states with that meaning, for AWS's filter `instance-state-name`. */
export function instanceStatesWhere(is: (meaning: InstanceMeaning) => boolean): string[] {
  return Object.entries(instanceState.states).flatMap(([name, meaning]) => (is(meaning) ? [name] : []));
}

/** What the result of the status checks of an EC2 instance means. */
export const statusCheck = statesOf<{ passed: Answer; none?: true }>({
  field: 'InstanceStatusSummary.Status',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceStatusSummary.html',
  states: {
    ok: { passed: 'yes' },
    impaired: { passed: 'no' },
    'insufficient-data': { passed: 'unknown' },
    'not-applicable': { passed: 'unknown', none: true, note: 'AWS makes no such check' },
    initializing: { passed: 'no', note: 'the checks have not ended' },
  },
  unlisted: { passed: 'unknown' },
});

interface ImageMeaning {
  /** Can instances be launched from it? */
  usable: Answer;
  /** Will it be usable by itself? */
  coming: Answer;
}

const unusable: ImageMeaning = { usable: 'no', coming: 'no' };

export const imageState = statesOf<ImageMeaning>({
  field: 'Image.State',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html',
  states: {
    available: { usable: 'yes', coming: 'no' },
    pending: { usable: 'no', coming: 'yes', note: 'it is being made or copied' },
    transient: { usable: 'no', coming: 'unknown' },
    invalid: unusable,
    deregistered: unusable,
    failed: unusable,
    error: unusable,
    disabled: { ...unusable, note: 'a person disabled it: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/disable-an-ami.html' },
  },
  unlisted: { usable: 'unknown', coming: 'unknown' },
});

/** What the state of a capacity reservation means. `usable`: can instances be launched into it now? */
export const reservationState = statesOf<{ usable: Answer }>({
  field: 'CapacityReservation.State',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CapacityReservation.html',
  states: {
    active: { usable: 'yes' },
    pending: { usable: 'no' },
    scheduled: { usable: 'no', note: 'it begins on a date' },
    assessing: { usable: 'no' },
    delayed: { usable: 'no' },
    unsupported: { usable: 'no', note: 'it will not be delivered' },
    unavailable: { usable: 'no', note: 'AWS names this value and does not explain it' },
    'payment-pending': { usable: 'no' },
    'payment-failed': { usable: 'no' },
    failed: { usable: 'no' },
    cancelling: { usable: 'no', note: 'its capacity is released' },
    cancelled: { usable: 'no' },
    expired: { usable: 'no' },
  },
  unlisted: { usable: 'unknown' },
});

/** What the status of an analysis of Reachability Analyzer means. */
export const analysisStatus = statesOf<{
  /** Does it say whether there is a path? */
  says: Answer;
  /** Is it over? */
  ended: Answer;
}>({
  field: 'NetworkInsightsAnalysis.Status',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInsightsAnalysis.html',
  states: {
    running: { says: 'no', ended: 'no' },
    succeeded: { says: 'yes', ended: 'yes', note: 'also where it has found no path' },
    failed: { says: 'no', ended: 'yes' },
  },
  unlisted: { says: 'unknown', ended: 'unknown' },
});

const GUIDE = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/';

/** What the lifecycle state of an instance of an Auto Scaling group means. */
interface LifecycleMeaning {
  /** Does the instance count as capacity that serves users? `unknown` never counts. */
  serves: Answer;
  /** Will it serve by itself? */
  coming: Answer;
  /** By what it is held, for people. */
  held?: string;
}

const coming: LifecycleMeaning = { serves: 'no', coming: 'yes' };
const leaving: LifecycleMeaning = { serves: 'no', coming: 'no' };
const warm: Noted<LifecycleMeaning> = { serves: 'no', coming: 'no', note: `in the warm pool, which is not part of the group's capacity: ${GUIDE}warm-pool-instance-lifecycle.html` };
const replacing: Noted<LifecycleMeaning> = { serves: 'unknown', coming: 'yes', note: `its root volume is being replaced: ${GUIDE}replace-root-volume.html` };

export const lifecycleState = statesOf<LifecycleMeaning>({
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
});

/** What the health status of an instance of an Auto Scaling group means. */
export const healthStatus = statesOf<{ healthy: Answer }>({
  field: 'Instance.HealthStatus (Auto Scaling)',
  page: 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Instance.html',
  states: {
    Healthy: { healthy: 'yes' },
    HEALTHY: { healthy: 'yes', note: 'as DescribeAutoScalingInstances writes it' },
    Unhealthy: { healthy: 'no', note: 'the group terminates and replaces it' },
    UNHEALTHY: { healthy: 'no', note: 'as DescribeAutoScalingInstances writes it' },
  },
  unlisted: { healthy: 'unknown' },
});

interface ActivityMeaning {
  /** Did it do what it was started for? `unknown` while it is under way. */
  succeeded: Answer;
}

const underWay: ActivityMeaning = { succeeded: 'unknown' };

export const activityStatus = statesOf<ActivityMeaning>({
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
});

interface TargetMeaning {
  /** Do its health checks pass, so that the load balancer sends users to it? */
  healthy: Answer;
  /** It is being deregistered: it serves again only when it is registered again. */
  leaving?: true;
}

const no: TargetMeaning = { healthy: 'no' };

export const targetState = statesOf<TargetMeaning>({
  field: 'TargetHealth.State',
  page: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html',
  states: {
    healthy: { healthy: 'yes' },
    initial: { healthy: 'no', note: 'registration or the first health checks are not over' },
    unhealthy: no,
    'unhealthy.draining': { ...no, leaving: true },
    unused: { healthy: 'no', note: 'no listener uses the target group, or the zone is not enabled, or the instance does not run' },
    draining: { healthy: 'no', leaving: true, note: 'deregistered: it gets no new connections' },
    unavailable: { healthy: 'unknown', note: 'health checks are off, or an internal error: nobody knows' },
  },
  unlisted: { healthy: 'unknown' },
});
