import { type StateTable, type Stated, stateIn } from './table.ts';

/** What the state of an alarm says of what it watches. */
export interface AlarmMeaning {
  says: 'up' | 'down' | 'unknown';
  note?: string;
}

export const ALARM_STATES: StateTable<AlarmMeaning> = {
  field: 'MetricAlarm.StateValue',
  page: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html',
  states: {
    OK: { says: 'up' },
    ALARM: { says: 'down' },
    INSUFFICIENT_DATA: { says: 'unknown', note: 'it has just been made, or its metric has stopped' },
  },
  unlisted: { says: 'unknown' },
};

export function alarmState(state: string | undefined): Stated<AlarmMeaning> {
  return stateIn(ALARM_STATES, state);
}
