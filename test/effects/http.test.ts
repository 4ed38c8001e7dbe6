import { createServer, type Server } from 'node:http';
import { createServer as tcpServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DnsPort } from '../../src/effects/effects.ts';
import { portMap, systemHttp } from '../../src/effects/http.ts';

let server: Server;
let port: number;
const seen: { host: string | undefined; method: string | undefined; url: string | undefined; body: string; from: number | undefined }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', (): unknown => {
      seen.push({ host: request.headers.host, method: request.method, url: request.url, body, from: request.socket.remotePort });
      if (request.url === '/big') return response.end('x'.repeat(1_000_000));
      if (request.url === '/moved') return response.writeHead(302, { location: '/elsewhere' }).end();
      if (request.url === '/half') {
        response.writeHead(200);
        response.write('half');
        return setTimeout(() => response.destroy(), 20);
      }
      return response.writeHead(201, { 'content-type': 'text/plain' }).end('hello ');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function dnsOf(answers: Record<string, string[]>): DnsPort & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    resolve: (name, type) => {
      asked.push(`${type} ${name}`);
      return Promise.resolve({ values: answers[`${type} ${name}`] ?? [], ttl: 60 });
    },
  };
}

describe('HTTP as a user sees it', () => {
  it('looks the name up and connects again at every request, with the port mapped', async () => {
    const dns = dnsOf({ 'A shop.example.com': ['127.0.0.1'] });
    const http = systemHttp({ dns, connectTo: `80:${port}` });
    for (let n = 0; n < 2; n++) {
      expect(await http.request({ url: 'http://shop.example.com/a?b=1', method: 'POST', body: 'ü', timeoutMs: 2_000 })).toMatchObject({ status: 201, body: 'hello ', address: '127.0.0.1', headers: { date: expect.any(String) as string } });
    }
    const [first, second] = seen.splice(0);
    expect(first).toMatchObject({ host: 'shop.example.com', method: 'POST', url: '/a?b=1', body: 'ü' });
    expect(second?.from).not.toBe(first?.from);
    expect(dns.asked).toEqual(['A shop.example.com', 'A shop.example.com']);
  });

  it('follows no redirect, keeps 64 KiB of a body, and takes an address as it is', async () => {
    const http = systemHttp({ dns: dnsOf({}) });
    expect(await http.request({ url: `http://127.0.0.1:${port}/moved`, timeoutMs: 2_000 })).toMatchObject({ status: 302, address: '127.0.0.1' });
    expect((await http.request({ url: `http://127.0.0.1:${port}/big`, timeoutMs: 2_000 })).body).toHaveLength(65_536);
  });

  it('makes an observation of everything that goes wrong', async () => {
    const silentSockets = new Set<Socket>();
    const silent = tcpServer((socket) => silentSockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()));
    const silentPort = (silent.address() as AddressInfo).port;
    const broken: DnsPort = { resolve: () => Promise.reject(new Error('DNS A x: ETIMEOUT')) };
    const ask = (url: string, dns?: DnsPort, signal?: AbortSignal, timeoutMs = 200) => systemHttp({ dns }).request({ url, timeoutMs, signal });

    expect(await ask('http://nobody.example.com/', dnsOf({}))).toMatchObject({ status: 0, address: undefined, error: 'nobody.example.com does not resolve' });
    expect(await ask('http://x/', broken)).toMatchObject({ status: 0, error: 'DNS A x: ETIMEOUT' });
    expect(await ask(`http://127.0.0.1:${silentPort}/`)).toMatchObject({ status: 0, address: '127.0.0.1', error: 'no answer within 200 ms' });
    expect(await ask(`http://127.0.0.1:${silentPort}/`, undefined, AbortSignal.abort())).toMatchObject({ status: 0, error: 'aborted' });
    expect(await ask(`http://127.0.0.1:${port}/half`)).toMatchObject({ status: 0 });
    expect(await ask(`https://127.0.0.1:${port}/`, undefined, undefined, 5_000)).toMatchObject({ status: 0, error: expect.stringMatching(/wrong version|EPROTO|SSL/i) as string });
    expect(await ask('ftp://127.0.0.1/')).toMatchObject({ status: 0, error: 'not an http or https URL: ftp://127.0.0.1/' });
    expect(await ask('not a url')).toMatchObject({ status: 0, error: 'Invalid URL' });
    for (const socket of silentSockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    expect(await ask(`http://127.0.0.1:${silentPort}/`)).toMatchObject({ status: 0, error: expect.stringContaining('ECONNREFUSED') as string });
  });

  it('reads DR_CONNECT_TO, and refuses what it is not', () => {
    expect([...portMap('80:8080, 443:8443')]).toEqual([[80, 8080], [443, 8443]]);
    expect([...portMap(undefined)]).toEqual([]);
    expect(() => portMap('80')).toThrow('DR_CONNECT_TO: expected PORT:PORT, got "80"');
  });
});

describe('asked at an address', () => {
  it('connects there, with the name of the URL, and asks nobody where the name leads', async () => {
    const dns = dnsOf({ 'A shop.example.com': ['127.0.0.9'] });
    const answer = await systemHttp({ dns }).request({ url: `http://shop.example.com:${port}/at`, at: '127.0.0.1', timeoutMs: 2_000 });
    expect(answer).toMatchObject({ status: 201, address: '127.0.0.1' });
    expect(seen.at(-1)).toMatchObject({ host: `shop.example.com:${port}`, url: '/at' });
    expect(dns.asked).toEqual([]);
  });
});

describe('an answer that never becomes one', () => {
  const raw = async (answer: (socket: Socket) => void, timeoutMs: number) => {
    const sockets = new Set<Socket>();
    const server = tcpServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    try {
      return await systemHttp({}).request({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, timeoutMs });
    } finally {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  };
  const endlessly = (socket: Socket, text: string) => {
    const timer = setInterval(() => socket.write(text), 1);
    socket.on('close', () => clearInterval(timer));
  };

  it('is an answer of status 101 where the connection is upgraded', async () => {
    expect(await raw((socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'), 10_000)).toMatchObject({ status: 101, body: '' });
  });

  it.each([
    ['informational answers', (socket: Socket) => endlessly(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')],
    ['a body that trickles', (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      endlessly(socket, '1\r\na\r\n');
    }],
    ['a status line that trickles', (socket: Socket) => endlessly(socket, 'H')],
    ['a half-closed connection with half a head', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n')],
    ['headers without end', (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      endlessly(socket, `x: ${'y'.repeat(1_000)}\r\n`);
    }],
  ])('ends at its limit, or before: %s', async (_name, answer) => {
    expect(await raw(answer, 300)).toMatchObject({ status: 0, error: expect.stringMatching(/./) as string });
  });
});
