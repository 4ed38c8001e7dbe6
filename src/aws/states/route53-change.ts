import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the status of a Route 53 change means. */
export interface ChangeMeaning {
  /** Do all of Route 53's name servers answer with it? */
  everywhere: Answer;
  note?: string;
}

export const CHANGE_STATUSES: StateTable<ChangeMeaning> = {
  field: 'ChangeInfo.Status',
  page: 'https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeInfo.html',
  states: {
    PENDING: { everywhere: 'no' },
    INSYNC: { everywhere: 'yes' },
  },
  unlisted: { everywhere: 'unknown' },
};

export function changeState(status: string | undefined): Stated<ChangeMeaning> {
  return stateIn(CHANGE_STATUSES, status);
}
