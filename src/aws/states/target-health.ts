import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the health of a target of a load balancer means. */
export interface TargetMeaning {
  /** Do its health checks pass, so that the load balancer sends users to it? */
  healthy: Answer;
  note?: string;
}

const no: TargetMeaning = { healthy: 'no' };

export const TARGET_HEALTH_STATES: StateTable<TargetMeaning> = {
  field: 'TargetHealth.State',
  page: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html',
  states: {
    healthy: { healthy: 'yes' },
    initial: { healthy: 'no', note: 'registration or the first health checks are not over' },
    unhealthy: no,
    'unhealthy.draining': no,
    unused: { healthy: 'no', note: 'no listener uses the target group, or the zone is not enabled, or the instance does not run' },
    draining: { healthy: 'no', note: 'deregistered: it gets no new connections' },
    unavailable: { healthy: 'unknown', note: 'health checks are off, or an internal error: nobody knows' },
  },
  unlisted: { healthy: 'unknown' },
};

/**
 * No listener uses the target group, or the zone of the target is not enabled in the load balancer: no wait mends that.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
 */
export function isNotInUse(reason: string | undefined): boolean {
  return reason === 'Target.NotInUse';
}

export function targetState(state: string | undefined): Stated<TargetMeaning> {
  return stateIn(TARGET_HEALTH_STATES, state);
}
