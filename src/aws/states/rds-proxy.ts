import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the status of a proxy of RDS, or of its target, means. */
export interface ProxyMeaning {
  /** Does it take connections? */
  usable: Answer;
  note?: string;
}

export const PROXY_STATUSES: StateTable<ProxyMeaning> = {
  field: 'DBProxy.Status',
  page: 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBProxy.html',
  states: {
    available: { usable: 'yes' },
    modifying: { usable: 'unknown', note: 'AWS does not say whether it takes connections meanwhile' },
    creating: { usable: 'no' },
    deleting: { usable: 'no' },
    'incompatible-network': { usable: 'no', note: 'its subnets or addresses must be mended' },
    'insufficient-resource-limits': { usable: 'no' },
    reactivating: { usable: 'no' },
    suspending: { usable: 'no' },
    suspended: { usable: 'no' },
  },
  unlisted: { usable: 'unknown' },
};

export function proxyStatus(status: string | undefined): Stated<ProxyMeaning> {
  return stateIn(PROXY_STATUSES, status);
}

export const PROXY_TARGET_STATES: StateTable<ProxyMeaning> = {
  field: 'DBProxyTarget.TargetHealth.State',
  page: 'https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html',
  states: {
    AVAILABLE: { usable: 'yes' },
    REGISTERING: { usable: 'no' },
    UNAVAILABLE: { usable: 'no' },
    UNUSED: { usable: 'unknown', note: 'AWS names this value and does not explain it' },
  },
  unlisted: { usable: 'unknown' },
};

export function proxyTargetState(state: string | undefined): Stated<ProxyMeaning> {
  return stateIn(PROXY_TARGET_STATES, state);
}
