import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the state of a KMS key means. */
export interface KeyMeaning {
  /** Can data be encrypted and decrypted with it now? */
  usable: Answer;
  /** It will be gone on a date. */
  going: Answer;
  note?: string;
}

export const KEY_STATES: StateTable<KeyMeaning> = {
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
};

export function keyState(state: string | undefined): Stated<KeyMeaning> {
  return stateIn(KEY_STATES, state);
}
