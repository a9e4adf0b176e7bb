/**
 * A question as octets, and what the octets of a reply say to it; pure. `dns-packet` encodes and decodes; what it leaves
 * open is decided here: whether a reply answers our question, where aliases lead, how long it may be kept.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { AUTHENTIC_DATA, type DecodedPacket, decode, encode, RECURSION_DESIRED } from 'dns-packet';
import type { Absent, Found, RecordData, RecordType } from './answer.ts';
import { canonicalName } from './name.ts';

export interface Question {
  readonly name: string;
  readonly type: RecordType;
}

export interface Asked extends Question {
  readonly id: number;
}

/** What fits through nearly every path unfragmented (RFC 6891 §6.2.5 and the flag day of 2020). */
export const UDP_PAYLOAD_BYTES = 1232;
const MAX_TTL_SECONDS = 86_400;
/** RFC 2308 §5. */
const MAX_NEGATIVE_TTL_SECONDS = 3 * 3600;
const MAX_ALIASES = 10;

/** The AD bit in a question asks for it in the answer, without the signatures (RFC 6840 §5.7). */
export function encodeQuestion({ id, name, type }: Asked, { hasEdns = true } = {}): Buffer {
  const opt = {
    type: 'OPT' as const,
    name: '.',
    udpPayloadSize: UDP_PAYLOAD_BYTES,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return encode({
    type: 'query',
    id,
    flags: RECURSION_DESIRED | AUTHENTIC_DATA,
    questions: [{ name, type, class: 'IN' }],
    additionals: hasEdns ? [opt] : [],
  });
}

/** Undefined for what is no answer to this question: another id, another question, a question, or no message at all. */
export function readReply(octets: Buffer, asked: Asked): DecodedPacket | undefined {
  let packet: DecodedPacket;
  try {
    packet = decode(octets);
  } catch {
    return undefined;
  }
  const { id, flag_qr, flags = 0, questions = [] } = packet;
  const [question] = questions;
  const isOurs =
    id === asked.id &&
    flag_qr &&
    ((flags >> 11) & 15) === 0 &&
    questions.length === 1 &&
    question?.type === asked.type &&
    question.class === 'IN' &&
    canonicalName(question.name) === asked.name;
  return isOurs ? packet : undefined;
}

export type Verdict =
  | { readonly kind: 'answer'; readonly answer: Found<RecordType> | Absent; readonly ttlSeconds: number }
  /** The answer ends at an alias whose target has to be asked for. */
  | {
      readonly kind: 'alias';
      readonly target: string;
      readonly links: number;
      readonly isSecure: boolean;
      readonly ttlSeconds: number;
    }
  | { readonly kind: 'circle' }
  | { readonly kind: 'error'; readonly rcode: number; readonly name: string };

const NOERROR = 0;
const NXDOMAIN = 3;
const RCODES: Readonly<Record<number, string>> = { 1: 'FORMERR', 2: 'SERVFAIL', 4: 'NOTIMP', 5: 'REFUSED' };

/** What a reply says to its question. */
export function judge(packet: DecodedPacket, { name, type }: Question): Verdict {
  const rcode = (packet.flags ?? 0) & 15;
  if (rcode !== NOERROR && rcode !== NXDOMAIN)
    return { kind: 'error', rcode, name: RCODES[rcode] ?? `RCODE ${rcode}` };
  const {
    owner,
    links,
    ttlSeconds: aliasTtl,
  } = type === 'CNAME' ? { owner: name, links: 0, ttlSeconds: MAX_TTL_SECONDS } : followAliases(packet, name);
  if (links > MAX_ALIASES) return { kind: 'circle' };
  const isSecure = packet.flag_ad;
  const { records, ttlSeconds } = recordsOf(packet, owner, type);
  if (records.length > 0) {
    const found: Found<RecordType> = { kind: 'found', records, name: owner, isSecure };
    return { kind: 'answer', answer: found, ttlSeconds: Math.min(aliasTtl, ttlSeconds) };
  }
  // A name that is not there is the last of the chain (RFC 6604 §3).
  const negativeTtl = negativeTtlOf(packet);
  if (rcode === NOERROR && links > 0 && negativeTtl === undefined)
    return { kind: 'alias', target: owner, links, isSecure, ttlSeconds: aliasTtl };
  const absent: Absent = { kind: rcode === NXDOMAIN ? 'nxdomain' : 'nodata', isSecure };
  return { kind: 'answer', answer: absent, ttlSeconds: Math.min(aliasTtl, negativeTtl ?? 0) };
}

interface Chain {
  readonly owner: string;
  readonly links: number;
  readonly ttlSeconds: number;
}

function followAliases({ answers = [] }: DecodedPacket, name: string): Chain {
  const targets = new Map<string, { readonly target: string; readonly ttl: number }>();
  for (const record of answers) {
    if (record.type !== 'CNAME' || record.class !== 'IN') continue;
    targets.set(canonicalName(record.name), { target: canonicalName(record.data), ttl: record.ttl ?? 0 });
  }
  let owner = name;
  let links = 0;
  let ttlSeconds = MAX_TTL_SECONDS;
  for (let next = targets.get(owner); next !== undefined && links <= MAX_ALIASES; next = targets.get(owner)) {
    owner = next.target;
    ttlSeconds = Math.min(ttlSeconds, next.ttl);
    links++;
  }
  return { owner, links, ttlSeconds };
}

function recordsOf({ answers = [] }: DecodedPacket, owner: string, type: RecordType) {
  const records: RecordData[RecordType][] = [];
  let ttlSeconds = MAX_TTL_SECONDS;
  for (const record of answers) {
    if (record.type !== type || canonicalName(record.name) !== owner) continue;
    if (!('class' in record) || record.class !== 'IN') continue;
    const value = READERS[type](record.data as never);
    if (value === undefined) continue;
    records.push(value);
    ttlSeconds = Math.min(ttlSeconds, record.ttl ?? 0);
  }
  return { records, ttlSeconds };
}

/** How long an absence may be kept: what the zone's SOA says (RFC 2308 §5). Without one it is not kept at all. */
function negativeTtlOf({ authorities = [] }: DecodedPacket): number | undefined {
  for (const record of authorities) {
    if (record.type !== 'SOA') continue;
    return Math.min(record.ttl ?? 0, record.data.minimum ?? 0, MAX_NEGATIVE_TTL_SECONDS);
  }
  return undefined;
}

type Readers = { readonly [T in RecordType]: (data: never) => RecordData[T] | undefined };

/** From what the decoder has to what is passed on; it does not look at everything that it reads. */
const READERS: Readers = {
  A: (data: string) => (isIPv4(data) ? data : undefined),
  AAAA: (data: string) => (isIPv6(data) ? data : undefined),
  CAA: (data: { issuerCritical?: boolean; tag: string; value: string }) => ({
    isCritical: data.issuerCritical === true,
    tag: data.tag,
    value: data.value,
  }),
  CNAME: (data: string) => canonicalName(data),
  MX: (data: { preference: number; exchange: string }) => ({
    preference: data.preference,
    exchange: canonicalName(data.exchange),
  }),
  NS: (data: string) => canonicalName(data),
  PTR: (data: string) => canonicalName(data),
  SRV: (data: { priority: number; weight: number; port: number; target: string }) => ({
    priority: data.priority,
    weight: data.weight,
    port: data.port,
    target: canonicalName(data.target),
  }),
  TLSA: (data: { usage: number; selector: number; matchingType: number; certificate: Buffer }) => ({
    usage: data.usage,
    selector: data.selector,
    matchingType: data.matchingType,
    // The octets of the whole message would stay with those few.
    certificate: Buffer.from(data.certificate),
  }),
  TXT: (data: Buffer | readonly Buffer[]) => Buffer.concat([data].flat()).toString('utf8'),
};
