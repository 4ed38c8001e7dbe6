import { Resolver } from 'node:dns/promises';
import type { DnsAnswer, DnsPort } from './effects.ts';

/** Codes by which a resolver says "there is no such thing", as opposed to not answering. */
const EMPTY = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * DNS through the servers of `DR_RESOLVER` (`address:port`, several with commas) or, without it, the system's.
 * A new resolver for every question: nothing is cached here, so what is seen is what a user would see next.
 */
export function systemDns(resolverServers: string | undefined): DnsPort {
  const servers = resolverServers?.split(',').map((s) => s.trim()).filter((s) => s !== '') ?? [];
  return {
    async resolve(name, type, timeoutMs, signal) {
      signal?.throwIfAborted();
      // Two tries in the time given: one lost UDP packet is not a dead server.
      const resolver = new Resolver({ timeout: Math.max(50, Math.floor(timeoutMs / 3)), tries: 2 });
      if (servers.length > 0) resolver.setServers(servers);
      let cancelled: Error | undefined;
      const cancel = (reason: Error) => {
        cancelled ??= reason;
        resolver.cancel();
      };
      const onAbort = () => cancel(new Error('aborted', { cause: signal?.reason }));
      const timer = setTimeout(() => cancel(new Error(`DNS ${type} ${name}: no answer within ${timeoutMs} ms`)), timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await ask(resolver, name, type.toUpperCase());
      } catch (error) {
        if (cancelled !== undefined) throw cancelled;
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (EMPTY.has(code)) return { values: [], ttl: 0 };
        throw new Error(`DNS ${type} ${name}: ${code === '' ? String(error) : code}`, { cause: error });
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };
}

/** Node gives the TTL for A and AAAA only; for the other types it is reported as 0. */
async function ask(resolver: Resolver, name: string, type: string): Promise<DnsAnswer> {
  if (type === 'A' || type === 'AAAA') {
    const records = type === 'A' ? await resolver.resolve4(name, { ttl: true }) : await resolver.resolve6(name, { ttl: true });
    return { values: records.map((r) => r.address), ttl: Math.min(...records.map((r) => r.ttl)) };
  }
  if (type === 'TXT') {
    const records = await resolver.resolveTxt(name);
    return { values: records.map((chunks) => chunks.join('')), ttl: 0 };
  }
  if (type === 'CNAME') return { values: await resolver.resolveCname(name), ttl: 0 };
  if (type === 'NS') return { values: await resolver.resolveNs(name), ttl: 0 };
  throw new Error(`record type ${type} is not supported`);
}
