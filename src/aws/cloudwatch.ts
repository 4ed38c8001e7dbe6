import type { AwsCaller } from './caller.ts';
import type { CallOptions } from './call-options.ts';
import { AwsError, MALFORMED } from './errors.ts';
import { listed } from './pages.ts';

interface Sample {
  value: number;
  /** Start of the sample's period, milliseconds since the epoch. */
  timestamp: number;
}

interface Metric {
  namespace: string;
  metric: string;
  dimensions: Readonly<Record<string, string>>;
  periodSeconds: number;
  statistic: 'Maximum' | 'Average' | 'Minimum' | 'Sum' | 'SampleCount';
}

/**
 * The samples of a metric between two times (milliseconds since the epoch, the end excluded), newest first; empty
 * when there are none. A metric that stops is how a lost source looks: the caller must weigh the samples' age.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
 */
export async function recentSamples(
  aws: AwsCaller,
  region: string,
  { namespace, metric, dimensions, periodSeconds, statistic }: Metric,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  options?: CallOptions,
): Promise<Sample[]> {
  const Metric = { Namespace: namespace, MetricName: metric, Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })) };
  const MetricStat = { Metric, Period: periodSeconds, Stat: statistic };
  const input = {
    MetricDataQueries: [{ Id: 'm1', MetricStat, ReturnData: true }],
    StartTime: new Date(fromMs),
    EndTime: new Date(toMs),
    ScanBy: 'TimestampDescending' as const,
  };
  const request = { service: 'cloudwatch', region, operation: 'GetMetricData', input } as const;
  const results = await listed(aws, request, ({ MetricDataResults }) => MetricDataResults, options);
  // No samples because CloudWatch could not read them are not the same as no samples.
  const unread = results.find(({ StatusCode }) => StatusCode === 'InternalError' || StatusCode === 'Forbidden');
  if (unread !== undefined) throw new AwsError({ ...request, code: MALFORMED, message: `${metric} was not read: ${unread.StatusCode ?? ''}` });
  const samples = results.flatMap((result) =>
    (result.Timestamps ?? []).flatMap((at, i): Sample[] => {
      const value = result.Values?.[i];
      return value === undefined ? [] : [{ value, timestamp: at.getTime() }];
    }),
  );
  return samples.sort((a, b) => b.timestamp - a.timestamp);
}

interface Alarm {
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
 */
export async function alarmsNamed(aws: AwsCaller, region: string, names: readonly string[], options?: CallOptions): Promise<Alarm[]> {
  const input = { AlarmNames: [...names], AlarmTypes: ['MetricAlarm' as const, 'CompositeAlarm' as const] };
  const request = { service: 'cloudwatch', region, operation: 'DescribeAlarms', input } as const;
  const found = await listed(aws, request, ({ MetricAlarms = [], CompositeAlarms = [] }) => [...MetricAlarms, ...CompositeAlarms], options);
  return found.map(({ AlarmName = '', StateValue, StateTransitionedTimestamp, StateUpdatedTimestamp, StateReason = '' }) => ({ name: AlarmName, state: StateValue, since: (StateTransitionedTimestamp ?? StateUpdatedTimestamp)?.getTime(), reason: StateReason }));
}
