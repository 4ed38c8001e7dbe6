import { type StateTable, type Stated, stateIn } from './table.ts';

/** What the status of an issue that AWS has published says of its service, in its region. */
export interface EventMeaning {
  says: 'down' | 'unknown';
  note?: string;
}

export const EVENT_STATUSES: StateTable<EventMeaning> = {
  field: 'Health.Event.statusCode',
  page: 'https://docs.aws.amazon.com/health/latest/APIReference/API_Event.html',
  states: {
    open: { says: 'down' },
    closed: { says: 'unknown', note: 'it is over, which says nothing of now' },
    upcoming: { says: 'unknown', note: 'it has not begun' },
  },
  unlisted: { says: 'unknown' },
};

export function eventStatus(status: string | undefined): Stated<EventMeaning> {
  return stateIn(EVENT_STATUSES, status);
}
