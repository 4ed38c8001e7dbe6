import { normalName } from '../simulator/record-set.ts';
import type { Place } from '../simulator/places.ts';
import type { World } from '../simulator/world.ts';
import type { ZoneSource } from './dns-server.ts';

/** The edge of the simulated Route 53, for a DNS server that users in one place ask. */
export function zoneSource(world: World, from: Place): ZoneSource {
  return {
    zoneOf: (name) => world.state.zones.forName(normalName(name))?.name.replace(/\.$/, ''),
    lookup: (name, type) => {
      let at = name;
      return world.resolve(name, type, from).chain.map((set) => {
        // The name that was asked for: a wildcard answers for many.
        const answer = { name: at, type: set.type, ttl: set.ttl, values: set.values };
        at = set.type === 'CNAME' ? (set.values[0] ?? '').replace(/\.$/, '') : at;
        return answer;
      });
    },
    exists: (name) => !world.resolve(name, 'A', from).nxdomain,
  };
}
