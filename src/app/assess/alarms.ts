import { alarmsNamed } from '../../aws/cloudwatch.ts';
import { AwsError } from '../../aws/errors.ts';
import { alarmState } from '../../aws/states/others.ts';
import { formatDuration } from '../../base/duration.ts';
import type { Effects } from '../../effects/effects.ts';
import type { Signal } from '../../model/signals.ts';
import type { AlarmName, LoadedRunbook } from '../../runbook/runbook.ts';
import { allow } from '../../kinds/common.ts';
import { ifAllowed } from '../../kinds/inspect.ts';
import { finder } from '../../model/finding.ts';
import type { Permission } from '../../model/step.ts';
import type { PathFinding } from '../check/run-findings.ts';

export interface AlarmSeen extends AlarmName {
  says: Signal['says'];
  because: string;
}

export type Looking = { effects: Pick<Effects, 'aws' | 'clock'>; signal: AbortSignal };

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

const PAGE = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html';

/** What `dr assess` and the look below ask. Narrower than `*` it shows no composite alarms. */
export function alarmLooks({ runbook }: LoadedRunbook): Permission[] {
  const regions = [...new Set(runbook.decideAlarms.map(({ region }) => region))].sort();
  return regions.length === 0 ? [] : [allow(['cloudwatch:DescribeAlarms'], ['*'], { StringEquals: { 'aws:RequestedRegion': regions } })];
}

/** Are the alarms there on which `dr assess` would rest? */
export async function alarmFindings({ effects, loaded, signal }: { effects: Pick<Effects, 'aws'>; loaded: LoadedRunbook; signal: AbortSignal }): Promise<PathFinding[]> {
  const regions = [...Map.groupBy(loaded.runbook.decideAlarms, ({ region }) => region)];
  const found = await Promise.all(regions.map(([region, own]) => ifAllowed({ resource: `cloudwatch:${region}`, region }, async () => {
    const there = new Set((await alarmsNamed(effects.aws, region, own.map(({ name }) => name), { signal })).map(({ name }) => name));
    return own.filter(({ name }) => !there.has(name)).map(({ name }) => finder({ resource: `cloudwatch:${region}:${name}`, region }).warning('alarm-missing', { observed: `there is no alarm ${name} in ${region}`, wanted: 'an alarm that says whether users are served', consequence: 'dr assess has one observer less', mend: 'correct `decide: { alarms }` in the runbook, or make the alarm', page: PAGE }));
  })));
  return found.flat().map((one) => ({ ...one, path: ['decide', 'alarms'] }));
}
