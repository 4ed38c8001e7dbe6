import type { InputOf, OutputOf } from '../aws/operations.ts';
import type { Call, ServiceModel } from './call.ts';
import { INSTANCE_TYPE } from './groups.ts';
import { STANDARD } from './quotas.ts';

type Query = NonNullable<InputOf<'cloudwatch', 'GetMetricData'>['MetricDataQueries']>[number];
type Result = NonNullable<OutputOf<'cloudwatch', 'GetMetricData'>['MetricDataResults']>[number];
type Sample = readonly [at: number, seconds: number];

const KEPT_MS = 3 * 3_600_000;
const VCPU_PERIOD_MS = 300_000;
const QUERIES_MAX = 500;
const SUB_MINUTE = [1, 5, 10, 20, 30];

const STATS: Record<string, (values: readonly number[]) => number> = {
  Average: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  Minimum: (values) => Math.min(...values),
  Maximum: (values) => Math.max(...values),
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  SampleCount: (values) => values.length,
};

/** CloudWatch: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
export const cloudwatch: ServiceModel<'cloudwatch'> = {
  /** By name: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
  DescribeAlarms: {
    accepts: ['AlarmNames', 'AlarmTypes'],
    handle(input, call) {
      const names = input.AlarmNames ?? [];
      if (names.length === 0) throw call.unsupported('all alarms');
      const found = [...new Set(names)].flatMap((name) => call.state.alarms.get(call.region, name) ?? []);
      return { MetricAlarms: found.map(({ name, state = 'OK', reason = '', seededAt }) => ({ AlarmName: name, StateValue: state, StateReason: reason, StateUpdatedTimestamp: new Date(seededAt), StateTransitionedTimestamp: new Date(seededAt) })), CompositeAlarms: [] };
    },
  },

  GetMetricData: {
    accepts: ['MetricDataQueries', 'StartTime', 'EndTime', 'ScanBy'],
    handle(input, call) {
      const start = input.StartTime?.getTime();
      const end = input.EndTime?.getTime();
      if (start === undefined || end === undefined || !(start < end)) {
        throw call.error('ValidationError', 400, 'The parameter StartTime must be less than the parameter EndTime.');
      }
      const queries = input.MetricDataQueries ?? [];
      if (queries.length === 0 || queries.length > QUERIES_MAX) {
        throw call.error('ValidationError', 400, `The collection MetricDataQueries must have between 1 and ${QUERIES_MAX} members, not ${queries.length}.`);
      }
      const ids = new Set(queries.map((query) => query.Id));
      if (ids.size !== queries.length) throw call.error('ValidationError', 400, 'The values for parameter id in MetricDataQueries are not unique.');
      const ascending = input.ScanBy === 'TimestampAscending';
      const results = queries.filter((query) => query.ReturnData !== false).map((query) => answer(query, start, end, ascending, call));
      return { MetricDataResults: results, Messages: [] };
    },
  },
};

function answer(query: Query, start: number, end: number, ascending: boolean, call: Call): Result {
  if (!/^[a-z][a-zA-Z0-9_]*$/.test(query.Id ?? '')) throw call.error('ValidationError', 400, `The value ${query.Id ?? ''} for parameter id is not valid.`);
  const { read, label, period, stat } = understand(query, call);
  const buckets = new Map<number, number[]>();
  for (const [at, value] of read(start, end, period)) {
    const bucket = Math.floor(at / period) * period;
    const values = buckets.get(bucket);
    if (values === undefined) buckets.set(bucket, [value]);
    else values.push(value);
  }
  const points = [...buckets].filter(([at]) => at >= start && at < end).sort(([a], [b]) => (ascending ? a - b : b - a));
  return {
    Id: query.Id,
    Label: query.Label ?? label,
    Timestamps: points.map(([at]) => new Date(at)),
    Values: points.map(([, values]) => stat(values)),
    StatusCode: 'Complete',
  };
}

type Read = (start: number, end: number, period: number) => Sample[];

function understand(query: Query, call: Call): { read: Read; label: string; period: number; stat: (values: readonly number[]) => number } {
  const metric = query.MetricStat?.Metric;
  if (query.Expression !== undefined || query.MetricStat === undefined) throw call.unsupported('an expression');
  const [dimension, ...others] = metric?.Dimensions ?? [];
  const lag = metric?.Namespace === 'AWS/RDS' && metric.MetricName === 'ReplicaLag' && dimension?.Name === 'DBInstanceIdentifier' && others.length === 0;
  if (!lag && !isVcpuUsage(metric)) throw call.unsupported(`the metric ${metric?.Namespace ?? ''} ${metric?.MetricName ?? ''} by ${dimension?.Name ?? 'no dimension'}`);
  if (query.MetricStat.Unit !== undefined && query.MetricStat.Unit !== (lag ? 'Seconds' : 'None')) throw call.unsupported(`the unit ${query.MetricStat.Unit}`);
  const seconds = query.MetricStat.Period ?? 0;
  if (!SUB_MINUTE.includes(seconds) && (seconds < 60 || seconds % 60 !== 0)) {
    throw call.error('ValidationError', 400, `The value ${seconds} for parameter Period is not valid: it must be 1, 5, 10, 20, 30 or a multiple of 60.`);
  }
  const stat = STATS[query.MetricStat.Stat ?? ''];
  if (stat === undefined) throw call.unsupported(`the statistic ${query.MetricStat.Stat ?? ''}`);
  const { minuteMs } = call.state.core.timings;
  const read: Read = lag ? (...of) => samples(dimension.Value ?? '', ...of, call) : (start, end) => vcpuSamples(start, end, call);
  return { read, label: metric?.MetricName ?? '', period: seconds < 60 ? seconds * 1000 : (seconds / 60) * minuteMs, stat };
}

type Metric = NonNullable<NonNullable<Query['MetricStat']>['Metric']>;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Service-Quota-Integration.html */
function isVcpuUsage(metric: Metric | undefined): boolean {
  const wanted = { Class: STANDARD.class, Resource: 'vCPU', Service: 'EC2', Type: 'Resource' } as Readonly<Record<string, string>>;
  const given = metric?.Dimensions ?? [];
  return metric?.Namespace === 'AWS/Usage' && metric.MetricName === 'ResourceCount' && given.length === 4 && given.every(({ Name = '', Value }) => wanted[Name] === Value);
}

/** What runs now, as if it had always run: one sample every five minutes. */
function vcpuSamples(start: number, end: number, call: Call): Sample[] {
  const { instances, groups, vcpuQuotas } = call.state;
  const own = [...instances.table(call.region).values()].filter(({ stopped }) => !stopped).map(({ type }) => type);
  const ofGroups = [...groups.table(call.region).values()].flatMap((group) => group.instances.map(() => INSTANCE_TYPE));
  const used = vcpuQuotas.used(call.region, [...own, ...ofGroups]);
  const found: Sample[] = [];
  for (let at = Math.ceil(Math.max(start, call.at - KEPT_MS) / VCPU_PERIOD_MS) * VCPU_PERIOD_MS; at < Math.min(end, call.at); at += VCPU_PERIOD_MS) found.push([at, used]);
  return found;
}

/** Samples of the buckets that touch the time asked for, oldest first. */
function samples(instance: string, start: number, end: number, period: number, call: Call): Sample[] {
  const { databases, core } = call.state;
  const ref = { region: call.region, id: instance };
  const from = Math.max(Math.floor(start / period) * period, call.at - KEPT_MS);
  const until = Math.min(end + period, call.at + 1);
  const measured = databases.samples.of(ref);
  if (measured !== undefined) {
    return measured.filter(({ at }) => at >= from && at < until).map(({ at, lagMs }) => [at, lagMs / 1000]);
  }
  const link = databases.linkEver(ref);
  const found: Sample[] = [];
  if (link === undefined) return found;
  const step = core.timings.metricPeriodMs;
  for (let at = Math.ceil(from / step) * step; at < until; at += step) {
    const lagMs = link.metric(at);
    if (lagMs !== undefined) found.push([at, lagMs < 0 ? -1 : lagMs / 1000]);
  }
  return found;
}
