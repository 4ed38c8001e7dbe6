import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the state of an EC2 instance means. */
export interface InstanceMeaning {
  /** Does it run, or will it by itself? */
  alive: Answer;
  running: Answer;
  /** May it be started: now (`yes`), or once it has stopped (`later`)? */
  start: 'yes' | 'later' | 'no' | 'unknown';
  /** Nobody can ever start it again. */
  gone: Answer;
  /** It is being terminated, and not over yet. */
  going?: true;
  note?: string;
}

export const EC2_INSTANCE_STATES: StateTable<InstanceMeaning> = {
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
};

/** The state of an instance; of a field that AWS left out, the unlisted one. */
export function ec2InstanceState(instance: { State?: { Name?: string | undefined } | undefined }): Stated<InstanceMeaning> {
  return stateIn(EC2_INSTANCE_STATES, instance.State?.Name);
}

/** Names of the states with that meaning, for AWS's filter `instance-state-name`. */
export function instanceStatesWhere(is: (meaning: InstanceMeaning) => boolean): string[] {
  return Object.entries(EC2_INSTANCE_STATES.states).flatMap(([name, meaning]) => (is(meaning) ? [name] : []));
}

/** What the result of the status checks of an EC2 instance means. */
export interface StatusCheckMeaning {
  passed: Answer;
  note?: string;
}

export const STATUS_CHECKS: StateTable<StatusCheckMeaning> = {
  field: 'InstanceStatusSummary.Status',
  page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceStatusSummary.html',
  states: {
    ok: { passed: 'yes' },
    impaired: { passed: 'no' },
    'insufficient-data': { passed: 'unknown' },
    'not-applicable': { passed: 'unknown', note: 'AWS makes no such check' },
    initializing: { passed: 'no', note: 'the checks have not ended' },
  },
  unlisted: { passed: 'unknown' },
};

export function statusCheck(status: string | undefined): Stated<StatusCheckMeaning> {
  return stateIn(STATUS_CHECKS, status);
}

/** What the state of an image (AMI) means. */
export interface ImageMeaning {
  /** Can instances be launched from it? */
  usable: Answer;
  /** Will it be usable by itself? */
  coming: Answer;
  note?: string;
}

const unusable: ImageMeaning = { usable: 'no', coming: 'no' };

export const IMAGE_STATES: StateTable<ImageMeaning> = {
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
};

export function imageState(state: string | undefined): Stated<ImageMeaning> {
  return stateIn(IMAGE_STATES, state);
}

/** What the state of a capacity reservation means. */
export interface ReservationMeaning {
  /** Can instances be launched into it now? */
  usable: Answer;
  note?: string;
}

export const RESERVATION_STATES: StateTable<ReservationMeaning> = {
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
};

export function reservationState(state: string | undefined): Stated<ReservationMeaning> {
  return stateIn(RESERVATION_STATES, state);
}
