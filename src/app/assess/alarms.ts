import { alarmsNamed } from '../../aws/cloudwatch.ts';
import { AwsError } from '../../aws/errors.ts';
import { alarmState } from '../../aws/states/others.ts';
import { formatDuration } from '../../base/duration.ts';
import type { Effects } from '../../effects/effects.ts';
import type { Signal } from '../../model/signals.ts';
import type { AlarmName } from '../../runbook/runbook.ts';

/** What an alarm of the runbook says of what users get. */
export interface AlarmSeen extends AlarmName {
  says: Signal['says'];
  because: string;
}

type Looking = { effects: Pick<Effects, 'aws' | 'clock'>; signal: AbortSignal };

/** Each alarm of the runbook, one question a region. A region that gives no answer tells nothing. */
export async function alarmsSeen({ effects, signal }: Looking, alarms: readonly AlarmName[]): Promise<AlarmSeen[]> {
  const regions = [...Map.groupBy(alarms, ({ region }) => region)];
  const seen = await Promise.all(regions.map(async ([region, own]): Promise<AlarmSeen[]> => {
    try {
      const found = await alarmsNamed(effects.aws, region, own.map(({ name }) => name), { signal });
      return own.map(({ name }) => {
        const alarm = found.find((one) => one.name === name);
        if (alarm === undefined) return { region, name, says: 'unknown', because: `there is no such alarm in ${region}` };
        const { says, shown } = alarmState(alarm.state);
        const since = alarm.since === undefined ? '' : ` for ${formatDuration(Math.max(0, effects.clock.now() - alarm.since))}`;
        return { region, name, says, because: `${shown}${since}${alarm.reason === '' ? '' : `: ${alarm.reason}`}` };
      });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return own.map(({ name }) => ({ region, name, says: 'unknown', because: error.message }));
    }
  }));
  return seen.flat();
}
