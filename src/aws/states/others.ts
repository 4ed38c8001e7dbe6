import { type Answer, statesOf } from './table.ts';

/** What the status of a Route 53 change means. `everywhere`: do all of Route 53's name servers answer with it? */
export const changeState = statesOf<{ everywhere: Answer }>({
  field: 'ChangeInfo.Status',
  page: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeInfo.html',
  states: {
    PENDING: { everywhere: 'no' },
    INSYNC: { everywhere: 'yes' },
  },
  unlisted: { everywhere: 'unknown' },
});

/**
 * What the status of a hosted zone's accelerated recovery means. `changes`: does Route 53 take changes of the zone's records meanwhile? AWS names the two
 * states in which the zone is locked; that it refuses changes in the others of a transition is reported.
 */
export const acceleratedRecovery = statesOf<{ changes: Answer }>({
  field: 'HostedZoneFeatures.AcceleratedRecoveryStatus',
  page: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZoneFeatures.html',
  states: {
    ENABLED: { changes: 'yes' },
    DISABLED: { changes: 'yes' },
    ENABLING: { changes: 'unknown', note: 'reported: changes are refused, for minutes. https://github.com/go-to-k/cdkd/issues/1467' },
    DISABLING: { changes: 'unknown', note: 'reported: changes are refused, for minutes' },
    ENABLING_HOSTED_ZONE_LOCKED: { changes: 'no' },
    DISABLING_HOSTED_ZONE_LOCKED: { changes: 'no' },
    ENABLE_FAILED: { changes: 'unknown' },
    DISABLE_FAILED: { changes: 'unknown' },
  },
  unlisted: { changes: 'unknown' },
});

export const keyState = statesOf<{
  /** Can data be encrypted and decrypted with it now? */
  usable: Answer;
  /** It will be gone on a date. */
  going: Answer;
}>({
  field: 'KeyMetadata.KeyState',
  page: 'https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html',
  states: {
    Enabled: { usable: 'yes', going: 'no' },
    Disabled: { usable: 'no', going: 'no' },
    PendingDeletion: { usable: 'no', going: 'yes' },
    PendingReplicaDeletion: { usable: 'no', going: 'yes', note: 'a multi-Region primary key that waits for its replicas to be deleted' },
    PendingImport: { usable: 'no', going: 'no', note: 'its key material is not there, or has expired' },
    Unavailable: { usable: 'no', going: 'no', note: 'its custom key store is disconnected' },
    Creating: { usable: 'no', going: 'no', note: 'a multi-Region replica that is being made' },
    Updating: { usable: 'yes', going: 'no', note: 'its primary Region is being changed' },
  },
  unlisted: { usable: 'unknown', going: 'unknown' },
});

/** What the status of a certificate of ACM means. `usable`: will browsers take it, as far as its status tells? */
export const certificateStatus = statesOf<{ usable: Answer }>({
  field: 'CertificateDetail.Status',
  page: 'https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html',
  states: {
    ISSUED: { usable: 'yes' },
    PENDING_VALIDATION: { usable: 'no', note: 'its domain is not proven yet' },
    VALIDATION_TIMED_OUT: { usable: 'no', note: 'its domain was not proven within 72 hours' },
    FAILED: { usable: 'no' },
    INACTIVE: { usable: 'no' },
    EXPIRED: { usable: 'no' },
    REVOKED: { usable: 'no' },
  },
  unlisted: { usable: 'unknown' },
});

/** What the state of an alarm says of what it watches. */
export const alarmState = statesOf<{ says: 'up' | 'down' | 'unknown' }>({
  field: 'MetricAlarm.StateValue',
  page: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html',
  states: {
    OK: { says: 'up' },
    ALARM: { says: 'down' },
    INSUFFICIENT_DATA: { says: 'unknown', note: 'it has just been made, or its metric has stopped' },
  },
  unlisted: { says: 'unknown' },
});

/** What the status of an issue that AWS has published says of its service, in its region. */
export const eventStatus = statesOf<{ says: 'down' | 'unknown' }>({
  field: 'Health.Event.statusCode',
  page: 'https://docs.aws.amazon.com/health/latest/APIReference/API_Event.html',
  states: {
    open: { says: 'down' },
    closed: { says: 'unknown', note: 'it is over, which says nothing of now' },
    upcoming: { says: 'unknown', note: 'it has not begun' },
  },
  unlisted: { says: 'unknown' },
});
