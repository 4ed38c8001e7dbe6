import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/*
 * The system's look-up of a name (getaddrinfo) occupies a thread of libuv until it ends, also when nobody waits for it any more, and of
 * all threads libuv gives half to look-ups. A resolver that is silent about one name must not take the threads of all others.
 * https://nodejs.org/api/dns.html#dnslookup, https://docs.libuv.org/en/v1.x/threadpool.html
 */

/** Look-ups that the system makes at the same time; bin/dr.js sets the number of threads. */
function threadsForNames(): number {
  const threads = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10);
  return Math.floor(((Number.isFinite(threads) && threads > 0 ? threads : 4) + 1) / 2);
}

/**
 * A look-up that makes at most `atOnce` at the same time, and one for each name: who asks for a name that is being looked up gets that
 * answer. The rest wait for their turn; limits are the caller's. Default: half of what the system has, so that two of these never
 * take anything from each other.
 */
export function boundedLookup(atOnce = Math.max(1, Math.floor(threadsForNames() / 2)), lookup: LookupFunction = systemLookup): LookupFunction {
  type Callback = Parameters<LookupFunction>[2];
  const waiting = new Map<string, Callback[]>();
  const turns: (() => void)[] = [];
  let underWay = 0;
  const begin = (key: string, hostname: string, options: Parameters<LookupFunction>[1]) => {
    underWay += 1;
    lookup(hostname, options, (...answer) => {
      underWay -= 1;
      const callbacks = waiting.get(key) ?? [];
      waiting.delete(key);
      turns.shift()?.();
      for (const callback of callbacks) callback(...answer);
    });
  };
  return (hostname, options, callback) => {
    const key = `${hostname} ${options.family ?? ''} ${options.hints ?? ''} ${String(options.all ?? false)}`;
    const others = waiting.get(key);
    if (others !== undefined) return void others.push(callback);
    waiting.set(key, [callback]);
    if (underWay < atOnce) begin(key, hostname, options);
    else turns.push(() => begin(key, hostname, options));
  };
}
