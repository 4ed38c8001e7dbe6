import { AwsError } from '../../aws/errors.ts';
import { type HealthEvent, openIssues } from '../../aws/health.ts';
import { eventStatus } from '../../aws/states/others.ts';
import { formatDuration } from '../../base/duration.ts';
import { LIMITS } from '../../base/limits.ts';
import { healthRegionsFor } from '../../base/regions.ts';
import { allow } from '../../kinds/common.ts';
import type { Signal } from '../../model/signals.ts';
import type { Permission } from '../../model/step.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { Looking } from './alarms.ts';

export interface HealthSeen {
  signal: string;
  region: string;
  says: Signal['says'];
  because: string;
}

type Regions = { source: string; target: string };

const SHOWN = 5;

export function healthLooks({ runbook }: LoadedRunbook): Permission[] {
  const regions = healthRegionsFor(runbook.home);
  return runbook.decideHealth && regions.length > 0 ? [allow(['health:DescribeEvents'], ['*'], { StringEquals: { 'aws:RequestedRegion': [...regions] } })] : [];
}

/**
 * The issues that AWS has open, those of the source first. That there is none says nothing: AWS publishes late.
 * Its two endpoints are one active and one passive: the second is asked where the first gives no answer.
 * https://docs.aws.amazon.com/health/latest/ug/health-api.html
 */
export async function healthSeen({ effects, signal }: Looking, { source, target }: Regions): Promise<HealthSeen[]> {
  const endpoints = healthRegionsFor(source);
  if (endpoints.length === 0) return healthNotSeen(source, `not asked: outside of the standard regions of AWS dr does not ask it (${source})`);
  const silent: string[] = [];
  for (const endpoint of endpoints) {
    try {
      const events = await openIssues(effects.aws, endpoint, [source, target], { signal, timeoutMs: LIMITS.signalMs, attempts: 1 });
      return rowsOf(events, source, effects.clock.now());
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (!error.saysNothing) return healthNotSeen(source, error.code === 'SubscriptionRequiredException' ? 'not answered: the API needs a Business or Enterprise support plan' : error.message);
      silent.push(endpoint);
    }
  }
  return healthNotSeen(source, `no answer from ${silent.join(' and ')}`);
}

export function healthNotSeen(region: string, because: string): HealthSeen[] {
  return [{ signal: 'AWS Health', region, says: 'unknown', because }];
}

function rowsOf(events: readonly HealthEvent[], source: string, now: number): HealthSeen[] {
  if (events.length === 0) return healthNotSeen(source, 'no open issue is published; AWS publishes late, so that does not say that there is none');
  const ofSource = ({ region }: HealthEvent): number => (region === source ? 0 : 1);
  const shown = events.toSorted((a, b) => ofSource(a) - ofSource(b) || began(b) - began(a)).slice(0, SHOWN);
  const more = events.length - shown.length;
  return shown.map((event, i) => {
    const { says, shown: status } = eventStatus(event.statusCode);
    const since = event.startTime === undefined ? '' : ` for ${formatDuration(Math.max(0, now - event.startTime.getTime()))}`;
    const zone = event.availabilityZone === undefined ? '' : `, in ${event.availabilityZone}`;
    const others = more > 0 && i === SHOWN - 1 ? `; ${more} more are not shown` : '';
    return { signal: `AWS Health: ${event.service} ${event.eventTypeCode}`, region: event.region ?? 'global', says, because: `${status}${since}${zone}${others}` };
  });
}

function began({ startTime }: HealthEvent): number {
  return startTime?.getTime() ?? 0;
}
