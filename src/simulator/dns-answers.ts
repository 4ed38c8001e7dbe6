/** What the DNS servers answer: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html */
import { normalName, policyOf, type RecordSet } from './record-set.ts';
import type { State } from './state.ts';
import { edgeSets } from './zones.ts';

/** An answer; `nxdomain` tells a name that does not exist from one without records of that type. */
export interface Answer {
  values: readonly string[];
  /** Seconds. */
  ttl: number;
  nxdomain: boolean;
  /** The sets chosen, the last of a chain of CNAMEs last. */
  chain: readonly RecordSet[];
}

const CNAMES_MAX = 8;

/** The answer of the servers now. CNAMEs are followed as long as the world has the zone. */
export function answerOf(state: State, asked: string, type: string): Answer {
  let name = normalName(asked);
  let ttl = Number.POSITIVE_INFINITY;
  const chain: RecordSet[] = [];
  for (let i = 0; i <= CNAMES_MAX; i++) {
    const zone = state.zones.forName(name);
    const sets = zone === undefined ? undefined : edgeSets(zone, name, type);
    const alias = zone === undefined || type === 'CNAME' || (sets !== undefined && sets.length > 0) ? [] : (edgeSets(zone, name, 'CNAME') ?? []);
    const chosen = choose(state, sets !== undefined && sets.length > 0 ? sets : alias);
    if (chosen === undefined) return { values: [], ttl: 0, nxdomain: sets === undefined, chain };
    ttl = Math.min(ttl, chosen.ttl);
    chain.push(chosen);
    const target = chosen.values[0];
    if (chosen.type === type || target === undefined) return { values: chosen.values, ttl, nxdomain: false, chain };
    name = normalName(target);
  }
  return { values: [], ttl: 0, nxdomain: false, chain };
}

function choose(state: State, sets: readonly RecordSet[]): RecordSet | undefined {
  const [first] = sets;
  if (first === undefined || sets.length === 1) return first;
  const healthy = (set: RecordSet | undefined): boolean => set !== undefined && state.healthChecks.healthy(set.healthCheckId);
  switch (policyOf(first)) {
    case 'failover': {
      const primary = sets.find((set) => set.failover === 'PRIMARY');
      const secondary = sets.find((set) => set.failover === 'SECONDARY');
      return healthy(primary) || !healthy(secondary) ? primary : secondary;
    }
    case 'weighted':
      return weighted(state, sets, sets.filter(healthy));
    case 'latency': {
      const near = (set: RecordSet): number => {
        const at = state.core.regions.indexOf(set.region ?? '');
        return at < 0 ? state.core.regions.length : at;
      };
      const able = sets.filter(healthy);
      return [...(able.length > 0 ? able : sets)].sort((a, b) => near(a) - near(b))[0];
    }
    default:
      return first;
  }
}

function weighted(state: State, sets: readonly RecordSet[], healthy: readonly RecordSet[]): RecordSet | undefined {
  // None healthy: all count as healthy.
  const able = healthy.length > 0 ? healthy : sets;
  const weighing = able.filter((set) => (set.weight ?? 0) > 0);
  if (weighing.length === 0) return able[state.core.dnsRandom.below(able.length)];
  const total = weighing.reduce((sum, set) => sum + (set.weight ?? 0), 0);
  let at = state.core.dnsRandom.next() * total;
  for (const set of weighing) {
    at -= set.weight ?? 0;
    if (at < 0) return set;
  }
  return weighing.at(-1);
}
