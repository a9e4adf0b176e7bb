/**
 * One question to one server, by UDP, and by TCP when the answer did not fit (RFC 1035 §4.2, RFC 7766 §5).
 *
 * Against answers that others make up: each question has an id and a source port of its own, both random, the socket hears
 * that server alone, and what does not repeat the question is passed over, until the deadline (RFC 5452 §9).
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { DecodedPacket } from 'dns-packet';
import { type Asked, encodeQuestion, type Question, readReply } from './message.ts';

export interface ServerAddress {
  /** An address, no name. */
  readonly host: string;
  readonly port: number;
}

export type Exchanged =
  | { readonly kind: 'reply'; readonly packet: DecodedPacket; readonly sizeBytes: number }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unreachable'; readonly why: string };

export interface ExchangeOptions {
  /** On the clock of `performance.now()`. */
  readonly untilMs: number;
  readonly hasEdns?: boolean;
}

/** Whoever floods us with wrong answers is not waited for. */
const MAX_WRONG_REPLIES = 100;
const MAX_TCP_BYTES = 65_535;

export async function exchange(
  server: ServerAddress,
  question: Question,
  options: ExchangeOptions,
): Promise<Exchanged> {
  const asked: Asked = { ...question, id: randomInt(0x1_0000) };
  const octets = encodeQuestion(asked, { hasEdns: options.hasEdns ?? true });
  const byUdp = await overUdp(server, asked, octets, options.untilMs);
  if (byUdp.kind !== 'reply' || !byUdp.packet.flag_tc) return byUdp;
  return overTcp(server, asked, octets, options.untilMs);
}

function overUdp(
  { host, port }: ServerAddress,
  asked: Asked,
  octets: Buffer,
  untilMs: number,
): Promise<Exchanged> {
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const timer = setTimeout(() => resolve({ kind: 'timeout' }), leftUntil(untilMs));
  let wrong = 0;
  socket.on('error', (error) => resolve({ kind: 'unreachable', why: error.message }));
  socket.on('message', (message) => {
    const packet = readReply(message, asked);
    if (packet !== undefined) resolve({ kind: 'reply', packet, sizeBytes: message.length });
    else if (++wrong > MAX_WRONG_REPLIES) resolve({ kind: 'unreachable', why: 'a flood of wrong answers' });
  });
  socket.connect(port, host, (error?: Error) => {
    if (error === undefined || error === null) socket.send(octets);
  });
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

function overTcp(
  { host, port }: ServerAddress,
  asked: Asked,
  octets: Buffer,
  untilMs: number,
): Promise<Exchanged> {
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  const socket = connect({ host, port });
  const timer = setTimeout(() => resolve({ kind: 'timeout' }), leftUntil(untilMs));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(octets.length);
  let heard = Buffer.alloc(0);
  socket.on('connect', () => socket.write(Buffer.concat([length, octets])));
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    const wanted = heard.length < 2 ? MAX_TCP_BYTES : heard.readUInt16BE();
    if (heard.length < 2 + wanted) return;
    const packet = readReply(heard.subarray(2, 2 + wanted), asked);
    if (packet === undefined) resolve({ kind: 'unreachable', why: 'an answer to another question' });
    else resolve({ kind: 'reply', packet, sizeBytes: wanted });
  });
  socket.on('error', (error) => resolve({ kind: 'unreachable', why: error.message }));
  socket.on('close', () => resolve({ kind: 'unreachable', why: 'the connection ended before the answer' }));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function leftUntil(untilMs: number): number {
  return Math.max(0, untilMs - performance.now());
}
