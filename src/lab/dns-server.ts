import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import dnsPacket, { type Answer, type DecodedPacket, type Packet } from 'dns-packet';
import { closed, listen } from './ports.ts';

export interface ZoneRecords {
  name: string;
  type: string;
  /** Seconds. */
  ttl: number;
  /** As in a zone file: TXT with its quotes. */
  values: readonly string[];
}

/** What the server answers from. Names without a dot at the end, in lower case. */
export interface ZoneSource {
  /** The zone the name lies in; undefined outside all of them. */
  zoneOf(name: string): string | undefined;
  /** The record sets of that name and type; CNAMEs in between included, in order. */
  lookup(name: string, type: string): readonly ZoneRecords[];
  /** Whether the name has records of any type: NODATA, and not NXDOMAIN. */
  exists(name: string): boolean;
}

/** Without EDNS an answer over UDP is at most this long. RFC 1035, 4.2.1. */
const UDP_LIMIT = 512;
const UDP_EDNS_LIMIT = 4096;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const RCODE = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4 } as const;
/** Seconds for which "there is no such thing" may be kept: short, as everything in the lab. */
const NEGATIVE_TTL = 1;
const TCP_IDLE_MS = 5_000;

/** An authoritative DNS server on UDP and TCP, with the same port number for both. */
export class DnsServer {
  readonly #source: ZoneSource;
  readonly #connections = new Set<Socket>();
  #udp: UdpSocket | undefined;
  #tcp: Server | undefined;

  constructor(source: ZoneSource) {
    this.#source = source;
  }

  async listen(host: string): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      const tcp = createServer((socket) => this.#serve(socket));
      const port = await listen(tcp, host);
      const udp = createSocket('udp4');
      try {
        await bindUdp(udp, port, host);
      } catch (error) {
        udp.close();
        tcp.close();
        // Free for TCP is not free for UDP.
        if (attempt < 20) continue;
        throw error;
      }
      udp.on('message', (message, from) => {
        const answer = this.#answer(message, 'udp');
        if (answer !== undefined) udp.send(answer, from.port, from.address, () => undefined);
      });
      udp.on('error', () => undefined);
      [this.#udp, this.#tcp] = [udp, tcp];
      return port;
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    const [udp, tcp] = [this.#udp, this.#tcp];
    [this.#udp, this.#tcp] = [undefined, undefined];
    if (udp !== undefined) await new Promise<void>((resolve) => udp.close(() => resolve()));
    await closed(tcp);
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('error', () => undefined);
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    let buffered: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
        const length = buffered.readUInt16BE(0);
        const answer = this.#answer(buffered.subarray(2, 2 + length), 'tcp');
        buffered = buffered.subarray(2 + length);
        if (answer === undefined) socket.destroy();
        else {
          const prefix = Buffer.alloc(2);
          prefix.writeUInt16BE(answer.length, 0);
          socket.write(Buffer.concat([prefix, answer]));
        }
      }
    });
  }

  /** Undefined for what is no DNS query: nothing is said to that. */
  #answer(message: Buffer, way: 'udp' | 'tcp'): Buffer | undefined {
    let query: DecodedPacket;
    try {
      query = dnsPacket.decode(message);
    } catch {
      return undefined;
    }
    if (query.type !== 'query') return undefined;
    const reply = (rcode: number, answers: Answer[], authorities: Answer[]): Packet => ({
      type: 'response',
      id: query.id ?? 0,
      flags: AUTHORITATIVE | ((query.flags ?? 0) & RECURSION_DESIRED) | rcode,
      questions: query.questions ?? [],
      answers,
      authorities,
    });
    let packet: Packet;
    try {
      packet = this.#resolve(query, reply);
    } catch {
      packet = reply(RCODE.servFail, [], []);
    }
    const bytes = dnsPacket.encode(packet);
    const edns = query.additionals?.some((record) => record.type === 'OPT') === true;
    if (way === 'tcp' || bytes.length <= (edns ? UDP_EDNS_LIMIT : UDP_LIMIT)) return bytes;
    return dnsPacket.encode({ ...packet, flags: (packet.flags ?? 0) | TRUNCATED, answers: [], authorities: [] });
  }

  #resolve(query: DecodedPacket, reply: (rcode: number, answers: Answer[], authorities: Answer[]) => Packet): Packet {
    if ((((query.flags ?? 0) >> 11) & 0xf) !== 0) return reply(RCODE.notImp, [], []);
    const question = query.questions?.[0];
    if (question === undefined || query.questions?.length !== 1) return reply(RCODE.formErr, [], []);
    const name = question.name.toLowerCase().replace(/\.$/, '');
    const zone = this.#source.zoneOf(name);
    if (zone === undefined) return reply(RCODE.nxDomain, [], []);
    const apex = name === zone;
    if (apex && question.type === 'SOA') return reply(RCODE.noError, [soa(zone)], []);
    if (apex && question.type === 'NS' && this.#source.lookup(name, 'NS').length === 0) return reply(RCODE.noError, [{ type: 'NS', name: zone, ttl: 172_800, data: `ns.${zone}` }], []);
    const answers = this.#source.lookup(name, question.type).flatMap(toAnswers);
    if (answers.length > 0) return reply(RCODE.noError, answers, []);
    const known = apex || this.#source.exists(name);
    return reply(known ? RCODE.noError : RCODE.nxDomain, [], [soa(zone)]);
  }
}

function soa(zone: string): Answer {
  return {
    type: 'SOA',
    name: zone,
    ttl: NEGATIVE_TTL,
    data: {
      mname: `ns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: 1,
      refresh: 7200,
      retry: 900,
      expire: 1_209_600,
      minimum: NEGATIVE_TTL,
    },
  };
}

function toAnswers(records: ZoneRecords): Answer[] {
  const { name, ttl } = records;
  return records.values.flatMap((value): Answer[] => {
    switch (records.type) {
      case 'A':
      case 'AAAA':
      case 'CNAME':
      case 'NS':
        return [{ type: records.type, name, ttl, data: value.replace(/\.$/, '') }];
      case 'TXT':
        return [{ type: 'TXT', name, ttl, data: [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((m) => (m[1] ?? '').replace(/\\(.)/g, '$1')) }];
      default:
        return [];
    }
  });
}

function bindUdp(socket: UdpSocket, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.removeListener('error', reject);
      resolve();
    });
  });
}
