import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the status of a read replica's replication means. */
export interface ReplicationMeaning {
  /** Does the replica receive from its source? */
  receives: Answer;
  /** Does a `no` tell anything of the source? What a person stopped does not. */
  byTrouble: boolean;
  /** Nothing to mention. */
  normal?: true;
}

const receives: ReplicationMeaning = { receives: 'yes', byTrouble: false };
const stopped: ReplicationMeaning = { receives: 'no', byTrouble: false };

/** Status of the status info whose type is `read replication`. */
export const REPLICATION_STATES: StateTable<ReplicationMeaning> = {
  field: 'DBInstanceStatusInfo.Status',
  page: 'https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html',
  states: {
    replicating: { ...receives, normal: true },
    'replication degraded': receives,
    'replication stop point set': receives,
    error: { receives: 'no', byTrouble: true },
    'replication stop point reached': stopped,
    stopped,
    terminated: stopped,
  },
  unlisted: { receives: 'unknown', byTrouble: false },
};

export function replicationState(status: string | undefined): Stated<ReplicationMeaning> {
  return stateIn(REPLICATION_STATES, status);
}
