import type { Clock } from '../base/clock.ts';
import type { DnsPort, HttpPort } from '../effects/effects.ts';
import { partsOf } from '../simulator/effects.ts';

/** An answer that a resolver holds until then, milliseconds. */
export interface Kept {
  address: string;
  until: number;
}

/**
 * Requests as users make them: their resolver keeps an answer for as long as its TTL says, so that they come to a new region later than
 * the record does. `minMs`: where the runbook does not say a TTL. `kept`: what it holds already.
 */
export function throughResolver(http: HttpPort, dns: DnsPort, clock: Clock, minMs: number, kept = new Map<string, Kept>()): HttpPort {
  return {
    async request(request) {
      const { hostname, isAddress } = partsOf(request.url);
      if (request.at !== undefined || isAddress) return http.request(request);
      const known = kept.get(hostname);
      if (known !== undefined && clock.now() < known.until) return http.request({ ...request, at: known.address });
      const { values, ttl } = await dns.resolve(hostname, 'A', request.timeoutMs, request.signal);
      const [address] = values;
      if (address === undefined) return http.request(request);
      kept.set(hostname, { address, until: clock.now() + Math.max(ttl * 1000, minMs) });
      return http.request({ ...request, at: address });
    },
  };
}
