import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { allPages } from './pages.ts';

/** An alarm as it is now. */
export interface Alarm {
  name: string;
  state: string | undefined;
  /** Since when, milliseconds since the epoch. */
  since: number | undefined;
  reason: string;
}

/**
 * Alarms of a region by their names, on metrics and composite ones; what is not there is not in the list. Composite ones are shown to those
 * only who may see all alarms.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
 * @throws AwsError
 */
export async function alarmsNamed(aws: AwsCaller, region: string, names: readonly string[], options?: CallOptions): Promise<Alarm[]> {
  const request = { service: 'cloudwatch', region, operation: 'DescribeAlarms' } as const;
  const found = await allPages(request, async (NextToken) => {
    const input = { AlarmNames: [...names], AlarmTypes: ['MetricAlarm' as const, 'CompositeAlarm' as const], ...(NextToken === undefined ? {} : { NextToken }) };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: [...(output.MetricAlarms ?? []), ...(output.CompositeAlarms ?? [])], next: output.NextToken };
  });
  return found.map(({ AlarmName = '', StateValue, StateTransitionedTimestamp, StateUpdatedTimestamp, StateReason = '' }) => ({ name: AlarmName, state: StateValue, since: (StateTransitionedTimestamp ?? StateUpdatedTimestamp)?.getTime(), reason: StateReason }));
}
