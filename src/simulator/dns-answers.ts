/** What the DNS servers answer: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html */
import type { Place } from './places.ts';
import { normalName, policyOf, type RecordSet } from './record-set.ts';
import type { State } from './state.ts';
import { edgeSets, isDelegated } from './zones.ts';

/** An answer; `nxdomain` tells a name that does not exist from one without records of that type. */
export interface Answer {
  values: readonly string[];
  /** Seconds. */
  ttl: number;
  nxdomain: boolean;
  /** The sets chosen, the last of a chain of CNAMEs last. An alias stands there with the values that it leads to. */
  chain: readonly RecordSet[];
}

const CNAMES_MAX = 8;
/** Aliases that lead to aliases; a circle ends here. */
const ALIASES_MAX = 8;
/** Seconds, of an alias to a load balancer. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html */
const BALANCER_TTL = 60;

export function answerOf(state: State, asked: string, type: string, from: Place, aliases = 0): Answer {
  let name = normalName(asked);
  let ttl = Number.POSITIVE_INFINITY;
  const chain: RecordSet[] = [];
  for (let i = 0; i <= CNAMES_MAX; i++) {
    const zone = state.zones.forName(name);
    // The servers refer to those of the child zone, which the world does not have: else it would have been found.
    if (zone !== undefined && type !== 'NS' && isDelegated(zone, name)) return { values: [], ttl: 0, nxdomain: false, chain };
    const sets = zone === undefined ? undefined : edgeSets(zone, name, type);
    const cname = zone === undefined || type === 'CNAME' || (sets !== undefined && sets.length > 0) ? [] : (edgeSets(zone, name, 'CNAME') ?? []);
    const picked = choose(state, sets !== undefined && sets.length > 0 ? sets : cname, from);
    if (picked === undefined) return { values: [], ttl: 0, nxdomain: sets === undefined, chain };
    const chosen = picked.alias === undefined ? picked : followed(state, picked, from, aliases);
    ttl = Math.min(ttl, chosen.ttl);
    chain.push(chosen);
    const target = chosen.values[0];
    if (chosen.type === type || target === undefined) return { values: chosen.values, ttl: chosen.values.length === 0 ? 0 : ttl, nxdomain: false, chain };
    name = normalName(target);
  }
  return { values: [], ttl: 0, nxdomain: false, chain };
}

/** An alias as its askers see it: under its own name, with the values of what it leads to. */
function followed(state: State, set: RecordSet, from: Place, aliases: number): RecordSet {
  const { alias } = set;
  if (alias === undefined || aliases >= ALIASES_MAX) return { ...set, values: [] };
  const balancer = state.loadBalancers.get(alias.name, alias.zoneId);
  if (balancer !== undefined) return { ...set, ttl: BALANCER_TTL, values: set.type === 'A' ? balancer.addresses : [] };
  const { values, ttl } = answerOf(state, alias.name, set.type, from, aliases + 1);
  return { ...set, ttl, values };
}

/**
 * Healthy is a set whose health check, if it has one, passes, and an alias with EvaluateTargetHealth whose target is:
 * a load balancer with healthy targets, or records of which one is healthy.
 */
function isHealthy(state: State, set: RecordSet, aliases = 0): boolean {
  if (!state.healthChecks.healthy(set.healthCheckId)) return false;
  const { alias } = set;
  if (alias === undefined || !alias.evaluateTargetHealth || aliases >= ALIASES_MAX) return true;
  const balancer = state.loadBalancers.get(alias.name, alias.zoneId);
  if (balancer !== undefined) return state.loadBalancers.healthy(balancer, state.core.clock.now());
  const zone = state.zones.forName(alias.name);
  const targets = zone === undefined ? [] : (edgeSets(zone, alias.name, set.type) ?? []);
  return targets.some((target) => isHealthy(state, target, aliases + 1));
}

function choose(state: State, sets: readonly RecordSet[], from: Place): RecordSet | undefined {
  const [first] = sets;
  if (first === undefined) return undefined;
  const policy = policyOf(first);
  const healthy = (set: RecordSet | undefined): boolean => set !== undefined && isHealthy(state, set);
  if (policy === 'geolocation') return nearestPlace(sets, from, healthy);
  if (sets.length === 1) return first;
  switch (policy) {
    case 'failover': {
      const primary = sets.find((set) => set.failover === 'PRIMARY');
      const secondary = sets.find((set) => set.failover === 'SECONDARY');
      return healthy(primary) || !healthy(secondary) ? primary : secondary;
    }
    case 'weighted':
      return weighted(state, sets, sets.filter(healthy));
    case 'latency': {
      const near = (set: RecordSet): number => {
        if (set.region === from.region) return -1;
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

/** The smallest place that holds the asker and is healthy; if none is, the smallest. Nobody's place and no default: no answer. */
function nearestPlace(sets: readonly RecordSet[], from: Place, healthy: (set: RecordSet) => boolean): RecordSet | undefined {
  const holds = [
    sets.find(({ geo }) => geo?.subdivision !== undefined && geo.country === from.country && geo.subdivision === from.subdivision),
    sets.find(({ geo }) => geo?.subdivision === undefined && geo?.country !== undefined && geo.country === from.country),
    sets.find(({ geo }) => geo?.continent !== undefined && geo.continent === from.continent),
    sets.find(({ geo }) => geo?.country === '*'),
  ].filter((set) => set !== undefined);
  return holds.find(healthy) ?? holds[0];
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
