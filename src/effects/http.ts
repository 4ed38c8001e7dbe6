import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { LIMITS } from '../base/limits.ts';
import { boundedLookup } from '../base/look-up.ts';
import { messageOf } from '../base/errors.ts';
import type { DnsPort, HttpPort, HttpRequest, HttpSample } from './effects.ts';

const BODY_LIMIT = 65_536;

/** Of all requests together: names that hang must leave threads to those of AWS. */
const userNames = boundedLookup();

interface HttpOptions {
  /** Names are resolved by it; without it by the system, as a browser would (hosts file included). */
  dns?: DnsPort | undefined;
  /** `PORT:PORT`, several with commas: the port in the URL, and the port connected to; like curl's `--connect-to`. */
  connectTo?: string | undefined;
}

/** HTTP as a user sees it: a fresh look-up and a fresh connection at every request, at most 64 KiB of body. */
export function systemHttp(options: HttpOptions): HttpPort {
  const ports = portMap(options.connectTo);
  return { request: (request) => (request.reach === 'outside' ? sample(request, undefined, new Map()) : sample(request, options.dns, ports)) };
}

/** @throws Error when the text is not `PORT:PORT[,PORT:PORT...]`. */
export function portMap(text: string | undefined): ReadonlyMap<number, number> {
  const map = new Map<number, number>();
  for (const part of text?.split(',') ?? []) {
    if (part.trim() === '') continue;
    const match = /^\s*(\d{1,5}):(\d{1,5})\s*$/.exec(part);
    if (match === null) throw new Error(`DR_CONNECT_TO: expected PORT:PORT, got "${part}"`);
    map.set(Number(match[1]), Number(match[2]));
  }
  return map;
}

async function sample(request: HttpRequest, dns: DnsPort | undefined, ports: ReadonlyMap<number, number>): Promise<HttpSample> {
  const startedAt = performance.now();
  const seen: { address: string | undefined } = { address: undefined };
  const elapsed = () => Math.round(performance.now() - startedAt);
  try {
    const { status, body, headers } = await exchange(request, seen, lookupBy(request, dns, seen), ports);
    return { status, body, headers, address: seen.address, ms: elapsed() };
  } catch (error) {
    return { status: 0, body: '', address: seen.address, ms: elapsed(), error: wordsOf(error) };
  }
}

function wordsOf(error: unknown): string {
  // "happy eyeballs" wraps the errors of all addresses in an AggregateError whose own message is empty.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return messageOf(error);
}

function exchange(
  request: HttpRequest,
  seen: { address: string | undefined },
  lookup: LookupFunction,
  ports: ReadonlyMap<number, number>,
): Promise<Required<Pick<HttpSample, 'status' | 'body' | 'headers'>>> {
  const url = new URL(request.url);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw new Error(`not an http or https URL: ${request.url}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) {
    refuseFar(request, host);
    seen.address = host;
  }
  const urlPort = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const payload = request.body === undefined ? undefined : Buffer.from(request.body);
  return new Promise((resolve, reject) => {
    // The promise ends here and does not wait for an event: a connection that Node has detached or destroyed emits none.
    const deadline = setTimeout(() => fail(new Error(`no answer within ${request.timeoutMs} ms`)), request.timeoutMs);
    const stop = () => fail(new Error('aborted'));
    const end = () => {
      clearTimeout(deadline);
      request.signal?.removeEventListener('abort', stop);
      outgoing.destroy();
    };
    const fail = (error: unknown) => {
      reject(error instanceof Error ? error : new Error(String(error)));
      end();
    };
    const answered = ({ statusCode, headers }: http.IncomingMessage, body: string) => {
      resolve({ status: statusCode ?? 0, body, headers: Object.fromEntries(Object.entries(headers).map(([name, value = '']) => [name, typeof value === 'string' ? value : value.join(', ')])) });
      end();
    };
    const outgoing = (secure ? https : http).request({
      protocol: url.protocol,
      host,
      port: ports.get(urlPort) ?? urlPort,
      path: `${url.pathname}${url.search}`,
      method: request.method ?? 'GET',
      headers: {
        host: url.host,
        ...(payload === undefined ? {} : { 'content-length': String(payload.byteLength) }),
        ...request.headers,
      },
      // A pooled connection would continue to a host that new users no longer reach.
      agent: false,
      lookup,
      ...(secure && isIP(host) === 0 ? { servername: host } : {}),
    });
    outgoing.on('response', (incoming) => {
      readBody(incoming).then((body) => answered(incoming, body), fail);
    });
    // 101: the connection is no longer HTTP, and belongs to the listener. https://nodejs.org/api/http.html#event-upgrade
    outgoing.on('upgrade', (incoming, socket) => {
      answered(incoming, '');
      socket.destroy();
    });
    outgoing.on('error', fail);
    outgoing.on('close', () => fail(new Error('the connection was closed before an answer')));
    request.signal?.addEventListener('abort', stop, { once: true });
    if (request.signal?.aborted === true) stop();
    else outgoing.end(payload);
  });
}

async function readBody(incoming: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size >= BODY_LIMIT) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_LIMIT).toString('utf8');
}

/** A look-up for node:net that asks `dns` (or the system) every time and notes the address that is used. */
function lookupBy(request: HttpRequest, dns: DnsPort | undefined, seen: { address: string | undefined }): LookupFunction {
  return (hostname, options, callback) => {
    addressesOf(hostname, request.at, dns).then(
      (found) => {
        refuseFar(request, found[0]?.address);
        seen.address = found[0]?.address;
        if (options.all === true) callback(null, found);
        else callback(null, found[0]?.address ?? '', found[0]?.family);
      },
    ).catch((error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ''));
  };
}

function refuseFar({ reach, url }: HttpRequest, address = ''): void {
  if (reach === 'this-machine' && !/^(::ffff:)?127\.|^::1$/.test(address)) throw new Error(`${new URL(url).host} is at ${address}, outside of the lab: nothing was sent`);
}

/** One address: a sample says which one answered, so there must be no second one to fall back on. */
async function addressesOf(hostname: string, at: string | undefined, dns: DnsPort | undefined): Promise<{ address: string; family: number }[]> {
  if (at !== undefined) return [{ address: at, family: isIP(at) }];
  if (dns === undefined) {
    return new Promise((resolve, reject) => {
      userNames(hostname, {}, (error, address, family) => (error === null ? resolve([{ address: address as string, family: family ?? 0 }]) : reject(error)));
    });
  }
  for (const [type, family] of [['A', 4], ['AAAA', 6]] as const) {
    const { values } = await dns.resolve(hostname, type, LIMITS.dnsMs);
    const address = values[0];
    if (address !== undefined) return [{ address, family }];
  }
  throw new Error(`${hostname} does not resolve`);
}
