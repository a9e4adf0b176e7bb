/**
 * The Received field (RFC 5321 §4.4): how a message came here. What clients say of themselves is written so that it can be
 * nothing but a word of this field.
 */
import { formatRfc5322 } from '../mail/date.ts';

export interface Arriving {
  /** As the client calls itself. */
  readonly helo: string;
  readonly remoteAddress: string;
  /** The name that the address has in the DNS, which names the address in turn; undefined: it has none, or nobody knows yet. */
  readonly reverseName?: string | undefined;
  /** `ESMTPS`, `UTF8LMTP`: RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3. */
  readonly protocol: string;
  /** `TLSv1.3` */
  readonly tlsVersion: string | undefined;
}

export interface ReceivedBy {
  readonly hostname: string;
  readonly id: string;
  /** The only recipient: nobody learns by it of others (RFC 5321 §7.2). */
  readonly recipient: string | undefined;
  /** RFC 6710: as the client asked for it. */
  readonly priority?: number | undefined;
  readonly nowMs: number;
}

/** Received fields of a message that goes in a circle (RFC 5321 §6.3). */
export const MAX_HOPS = 100;

const MAX_WORD = 255;

/** With its CRLF. */
export function receivedField(from: Arriving, by: ReceivedBy): Buffer {
  const { helo, remoteAddress, reverseName, protocol, tlsVersion } = from;
  const name = reverseName === undefined ? '' : `${word(reverseName)} `;
  const tls = tlsVersion === undefined ? '' : ` (${word(tlsVersion)})`;
  const to = by.recipient === undefined ? '' : `\r\n\tfor <${plain(by.recipient)}>`;
  const priority = priorityClause(by);
  const text = [
    `Received: from ${word(helo)} (${name}[${literal(remoteAddress)}])`,
    `\tby ${word(by.hostname)} with ${protocol}${tls} id ${word(by.id)}${to}${priority};`,
    `\t${formatRfc5322(Math.floor(by.nowMs / 1000))}`,
  ];
  return Buffer.from(`${text.join('\r\n')}\r\n`, 'utf8');
}

/** RFC 6710 §6. */
export function priorityClause({ priority }: Pick<ReceivedBy, 'priority'>): string {
  return priority === undefined ? '' : ` PRIORITY ${priority}`;
}

/** The same of a hop inside: out of the queue and into a mailbox. So what goes in a circle in here is seen too. */
export function queuedField({ hostname, id, recipient, nowMs }: ReceivedBy): Buffer {
  const to = recipient === undefined ? '' : `\r\n\tfor <${plain(recipient)}>`;
  const at = formatRfc5322(Math.floor(nowMs / 1000));
  return Buffer.from(`Received: by ${word(hostname)} (queue) id ${word(id)}${to};\r\n\t${at}\r\n`, 'utf8');
}

/** `base`: SMTP, ESMTP or LMTP. */
export function protocolName(
  base: string,
  { isSecure, isUtf8 }: { isSecure: boolean; isUtf8: boolean },
): string {
  const words = isUtf8 ? `UTF8${base.replace(/^E(?=SMTP)/, '')}` : base;
  return isSecure ? `${words}S` : words;
}

/** RFC 5321 §4.1.3. */
function literal(address: string): string {
  return address.includes(':') ? `IPv6:${word(address)}` : word(address);
}

function word(text: string): string {
  return text.slice(0, MAX_WORD).replace(/[^\p{L}\p{N}._:[\]-]/gu, '?') || '?';
}

function plain(address: string): string {
  return address.replace(/[\p{Cc}<>]/gu, '');
}
