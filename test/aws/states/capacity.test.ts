import { describe, expect, it } from 'vitest';
import { alarmState, certificateStatus, changeState, eventStatus, keyState } from '../../../src/aws/states/others.ts';
import { activityStatus, analysisStatus, instanceState, ec2InstanceState, healthStatus, imageState, lifecycleState, reservationState, statusCheck, targetState } from '../../../src/aws/states/capacity.ts';
import { proxyStatus, proxyTargetState } from '../../../src/aws/states/rds.ts';

const words = (text: string): string[] => text.trim().split(/\s+/);

describe('every value that AWS documents has a meaning', () => {
  it.each([
    ['lifecycle state', lifecycleState, `Pending Pending:Wait Pending:Proceed Quarantined InService Terminating Terminating:Wait Terminating:Proceed Terminating:Retained
      Terminated Detaching Detached EnteringStandby Standby ReplacingRootVolume ReplacingRootVolume:Wait ReplacingRootVolume:Proceed RootVolumeReplaced
      Warmed:Pending Warmed:Pending:Wait Warmed:Pending:Proceed Warmed:Pending:Retained Warmed:Terminating Warmed:Terminating:Wait Warmed:Terminating:Proceed
      Warmed:Terminating:Retained Warmed:Terminated Warmed:Stopped Warmed:Running Warmed:Hibernated`],
    ['activity', activityStatus, `PendingSpotBidPlacement WaitingForSpotInstanceRequestId WaitingForSpotInstanceId WaitingForInstanceId PreInService InProgress
      WaitingForELBConnectionDraining MidLifecycleAction WaitingForInstanceWarmup Successful Failed Cancelled WaitingForConnectionDraining
      WaitingForInPlaceUpdateToStart WaitingForInPlaceUpdateToFinalize InPlaceUpdateInProgress`],
    ['target', targetState, 'initial healthy unhealthy unhealthy.draining unused draining unavailable'],
    ['instance', (Name: string) => ec2InstanceState({ State: { Name } }), 'pending running shutting-down terminated stopping stopped'],
    ['status check', statusCheck, 'ok impaired insufficient-data not-applicable initializing'],
    ['reservation', reservationState, 'active expired cancelled pending failed scheduled payment-pending payment-failed assessing delayed unsupported unavailable cancelling'],
    ['key', keyState, 'Creating Enabled Disabled PendingDeletion PendingImport PendingReplicaDeletion Unavailable Updating'],
    ['certificate', certificateStatus, 'PENDING_VALIDATION ISSUED INACTIVE EXPIRED VALIDATION_TIMED_OUT REVOKED FAILED'],
    ['proxy', proxyStatus, 'available modifying incompatible-network insufficient-resource-limits creating deleting suspended suspending reactivating'],
    ['target of a proxy', proxyTargetState, 'REGISTERING AVAILABLE UNAVAILABLE UNUSED'],
    ['analysis', analysisStatus, 'running succeeded failed'],
    ['alarm', alarmState, 'OK ALARM INSUFFICIENT_DATA'],
    ['event of AWS Health', eventStatus, 'open closed upcoming'],
    ['image', imageState, 'pending available invalid deregistered transient failed error disabled'],
    ['change', changeState, 'PENDING INSYNC'],
    ['health', healthStatus, 'Healthy Unhealthy'],
  ] as const)('%s', (_what, meaningOf, documented) => {
    expect(words(documented).filter((value) => !meaningOf(value).listed)).toEqual([]);
  });
});

it('only InService serves users, and only a running instance runs', () => {
  expect(Object.keys(lifecycleState.states).filter((state) => lifecycleState(state).serves === 'yes')).toEqual(['InService']);
  expect(Object.keys(instanceState.states).filter((Name) => ec2InstanceState({ State: { Name } }).running === 'yes')).toEqual(['running']);
});

it('a value that AWS does not document is neither', () => {
  expect([lifecycleState('New').serves, targetState(undefined).healthy, ec2InstanceState({}).gone, changeState('NEW').everywhere, activityStatus('New').succeeded]).toEqual(Array.from({ length: 5 }, () => 'unknown'));
});
