/**
 * A DNS server for tests, on loopback, UDP and TCP on one port: a zone of records, and whatever else a server may do to
 * whoever asks it (truncate, delay, lie, say nothing), as a function of the question.
 */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import {
  type Answer,
  AUTHENTIC_DATA,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
} from 'dns-packet';

export interface DnsQuery {
  readonly name: string;
  readonly type: string;
  readonly transport: 'udp' | 'tcp';
  readonly packet: DecodedPacket;
  /** Of the client: each question should come from another one. */
  readonly port: number;
}

export interface Reply {
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly rcode?: number;
  readonly isSecure?: boolean;
  readonly isTruncated?: boolean;
  /** What is sent before it. */
  readonly lies?: readonly Partial<Packet>[];
  readonly delayMs?: number;
}

/** Undefined: the zone answers. `silence`: nobody does. */
export type Behaviour = (query: DnsQuery) => Reply | 'silence' | undefined;

export interface DnsServerOptions {
  readonly zone?: readonly Answer[];
  readonly behaviour?: Behaviour;
  readonly isSecure?: boolean;
  /** For how long it may be remembered that there is nothing (RFC 2308). */
  readonly negativeSeconds?: number;
}

export interface TestDns {
  readonly host: string;
  readonly port: number;
  /** What was asked, in the order it came. */
  readonly queries: readonly DnsQuery[];
  close(): Promise<void>;
}

export const NXDOMAIN = 3;
const MAX_UDP_BYTES = 512;

/** `example.com. 300 IN TYPE data`, as `dns-packet` has it. */
export function record(name: string, type: string, data: unknown, ttl = 300): Answer {
  return { name, type, class: 'IN', ttl, data } as Answer;
}

export function soa(zone: string, minimum = 60, ttl = 3600): Answer {
  return record(zone, 'SOA', { mname: `ns.${zone}`, rname: `host.${zone}`, serial: 1, minimum }, ttl);
}

export async function startDns(options: DnsServerOptions = {}): Promise<TestDns> {
  const queries: DnsQuery[] = [];
  const answer = (octets: Buffer, transport: DnsQuery['transport'], port: number) => {
    const packet = decode(octets);
    const { name = '', type = '' } = packet.questions?.[0] ?? {};
    const query = { name, type, transport, packet, port };
    queries.push(query);
    return repliesTo(query, options);
  };
  for (;;) {
    const udp = createSocket('udp4');
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    const { port } = udp.address();
    const tcp = createServer((socket) => serveTcp(socket, answer));
    // The port may be somebody else's for TCP; then another one.
    const isOpen = await new Promise<boolean>((resolve) => {
      tcp.once('error', () => resolve(false));
      tcp.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isOpen) {
      udp.close();
      continue;
    }
    serveUdp(udp, answer);
    return {
      ...{ host: '127.0.0.1', port, queries },
      async close() {
        udp.close();
        tcp.close();
      },
    };
  }
}

type Answering = (octets: Buffer, transport: DnsQuery['transport'], port: number) => Sent;
interface Sent {
  readonly delayMs: number;
  readonly messages: readonly Buffer[];
}

function serveUdp(socket: UdpSocket, answer: Answering): void {
  socket.on('message', (octets: Buffer, { port, address }: RemoteInfo) => {
    const { messages, delayMs } = answer(octets, 'udp', port);
    const send = () => {
      for (const message of messages) socket.send(message, port, address, () => {});
    };
    if (delayMs > 0) setTimeout(send, delayMs).unref();
    else send();
  });
}

function serveTcp(socket: Socket, answer: Answering): void {
  socket.on('error', () => {});
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE()) return;
    const { messages, delayMs } = answer(heard.subarray(2), 'tcp', socket.remotePort ?? 0);
    setTimeout(() => {
      for (const message of messages) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        // In pieces, as a network may.
        socket.write(length.subarray(0, 1));
        socket.write(Buffer.concat([length.subarray(1), message]));
      }
    }, delayMs).unref();
  });
}

function repliesTo(query: DnsQuery, options: DnsServerOptions): Sent {
  const reply = options.behaviour?.(query) ?? fromZone(query, options);
  if (reply === 'silence') return { delayMs: 0, messages: [] };
  const { id = 0, questions = [] } = query.packet;
  const whole: Packet = {
    type: 'response',
    id,
    flags:
      RECURSION_AVAILABLE |
      (reply.rcode ?? 0) |
      (reply.isSecure === true ? AUTHENTIC_DATA : 0) |
      (reply.isTruncated === true ? TRUNCATED_RESPONSE : 0),
    questions,
    answers: [...(reply.answers ?? [])],
    authorities: [...(reply.authorities ?? [])],
  };
  const opt = query.packet.additionals?.find((one) => one.type === 'OPT');
  const room = opt?.type === 'OPT' ? opt.udpPayloadSize : MAX_UDP_BYTES;
  let octets = encode(whole);
  if (query.transport === 'udp' && octets.length > room)
    octets = encode({
      ...whole,
      answers: [],
      authorities: [],
      flags: (whole.flags ?? 0) | TRUNCATED_RESPONSE,
    });
  const lies = (reply.lies ?? []).map((lie) => encode({ ...whole, ...lie }));
  return { delayMs: reply.delayMs ?? 0, messages: [...lies, octets] };
}

/** As a resolver answers: the whole chain of aliases, and the SOA where there is nothing. */
function fromZone(
  { name, type }: DnsQuery,
  { zone = [], isSecure = false, negativeSeconds = 60 }: DnsServerOptions,
): Reply {
  const answers: Answer[] = [];
  let owner = name.toLowerCase();
  for (let links = 0; links < 20; links++) {
    const own = zone.filter((one) => one.name.toLowerCase() === owner);
    const alias = own.find((one) => one.type === 'CNAME');
    if (alias === undefined || type === 'CNAME') {
      const wanted = own.filter((one) => one.type === type);
      const rcode = own.length === 0 && !zone.some((one) => one.name.endsWith(`.${owner}`)) ? NXDOMAIN : 0;
      const zoneName = owner.split('.').slice(-2).join('.');
      const authorities = wanted.length === 0 ? [soa(zoneName, negativeSeconds)] : [];
      return { answers: [...answers, ...wanted], authorities, rcode, isSecure };
    }
    answers.push(alias);
    owner = String('data' in alias ? alias.data : '').toLowerCase();
  }
  return { answers, isSecure };
}
