import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import dnsPacket from 'dns-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemDns } from '../../src/effects/dns.ts';
import { DnsServer, type ZoneRecords } from '../../src/lab/dns-server.ts';

const records: ZoneRecords[] = [
  { name: 'shop.example.com', type: 'A', ttl: 7, values: ['127.0.0.2'] },
  { name: 'www.example.com', type: 'CNAME', ttl: 3, values: ['shop.example.com.'] },
  { name: 'note.example.com', type: 'TXT', ttl: 60, values: ['"two ""parts"', '"a \\"quote\\""'] },
  { name: 'big.example.com', type: 'TXT', ttl: 60, values: Array.from({ length: 8 }, (_, n) => `"${String(n).repeat(200)}"`) },
];
const server = new DnsServer({
  zoneOf: (name) => (name === 'example.com' || name.endsWith('.example.com') ? 'example.com' : undefined),
  lookup: (name, type) => records.filter((r) => r.name === name && r.type === type),
  exists: (name) => records.some((r) => r.name === name),
});
let port = 0;
beforeAll(async () => {
  port = await server.listen('127.0.0.1');
});
afterAll(() => server.close());

function udp(bytes: Uint8Array): Promise<dnsPacket.DecodedPacket> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('message', (message) => {
      socket.close();
      resolve(dnsPacket.decode(message));
    });
    socket.send(bytes, port, '127.0.0.1');
  });
}

function tcp(...queries: Buffer[]): Promise<dnsPacket.DecodedPacket[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const answers: dnsPacket.DecodedPacket[] = [];
    let buffered = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
        answers.push(dnsPacket.decode(buffered.subarray(2, 2 + buffered.readUInt16BE(0))));
        buffered = buffered.subarray(2 + buffered.readUInt16BE(0));
      }
      if (answers.length < queries.length) return;
      socket.end();
      resolve(answers);
    });
    socket.write(Buffer.concat(queries));
  });
}

const query = (name: string, type: dnsPacket.RecordType): dnsPacket.Packet => ({ type: 'query', id: 7, flags: 0x0100, questions: [{ name, type }] });

describe('the lab’s DNS server', () => {
  it('answers a real resolver, with the TTL', async () => {
    const dns = systemDns(`127.0.0.1:${port}`);
    expect(await dns.resolve('shop.example.com', 'A', 2_000)).toEqual({ values: ['127.0.0.2'], ttl: 7 });
    expect(await dns.resolve('note.example.com', 'TXT', 2_000)).toEqual({ values: ['two parts', 'a "quote"'], ttl: 0 });
    expect(await dns.resolve('www.example.com', 'CNAME', 2_000)).toEqual({ values: ['shop.example.com'], ttl: 0 });
  });

  it('has no AAAA for a name with an A, no such name, and nothing outside its zone', async () => {
    const dns = systemDns(`127.0.0.1:${port}`);
    expect(await dns.resolve('shop.example.com', 'AAAA', 2_000)).toEqual({ values: [], ttl: 0 });
    expect(await dns.resolve('nobody.example.com', 'A', 2_000)).toEqual({ values: [], ttl: 0 });
    const rcode = async (name: string) => ((await udp(dnsPacket.encode(query(name, 'AAAA')))).flags ?? 0) & 15;
    expect([await rcode('shop.example.com'), await rcode('nobody.example.com'), await rcode('example.org')]).toEqual([0, 3, 3]);
  });

  it('tells SOA and NS of the zone, and is authoritative', async () => {
    const [soa, ns] = await Promise.all([udp(dnsPacket.encode(query('Example.COM', 'SOA'))), udp(dnsPacket.encode(query('example.com', 'NS')))]);
    expect(soa.answers?.[0]?.type).toBe('SOA');
    expect(ns.answers?.[0]?.type).toBe('NS');
    expect((soa.flags ?? 0) & 0x0400).toBe(0x0400);
  });

  it('cuts an answer that is too long for UDP, and gives it whole over TCP', async () => {
    const cut = await udp(dnsPacket.encode(query('big.example.com', 'TXT')));
    expect([cut.answers, (cut.flags ?? 0) & 0x0200]).toEqual([[], 0x0200]);
    expect((await systemDns(`127.0.0.1:${port}`).resolve('big.example.com', 'TXT', 2_000)).values).toHaveLength(8);
    const answers = await tcp(dnsPacket.streamEncode(query('big.example.com', 'TXT')), dnsPacket.streamEncode(query('shop.example.com', 'A')));
    expect(answers.map((a) => a.answers?.length)).toEqual([8, 1]);
  });

  it('outlives what is no query', async () => {
    const socket = createSocket('udp4');
    for (const junk of ['', 'x', '\0'.repeat(11), '\xff'.repeat(600)]) socket.send(Buffer.from(junk, 'latin1'), port, '127.0.0.1');
    const answer = await udp(dnsPacket.encode(query('shop.example.com', 'A')));
    socket.close();
    expect(answer.answers).toHaveLength(1);
  });

  it('does not answer forever: an absent server is an error in the time given', async () => {
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    await expect(systemDns(`127.0.0.1:${silent.address().port}`).resolve('shop.example.com', 'A', 300)).rejects.toThrow(/no answer within 300 ms|ETIMEOUT/);
    const abort = AbortSignal.abort(new Error('enough'));
    await expect(systemDns(`127.0.0.1:${silent.address().port}`).resolve('shop.example.com', 'A', 300, abort)).rejects.toThrow('enough');
    silent.close();
  });
});
