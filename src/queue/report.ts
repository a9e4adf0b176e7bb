/**
 * Reports about mail that was sent (RFC 3464 in RFC 6522; RFC 6533 where addresses are not in ASCII): in plain words first, then for
 * programs, then what was sent or its header. Pure. Nothing that a server or a sender has said can become a header field here.
 */
import { isAscii } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { HeaderBlock } from '../mail/header.ts';
import type { Arrival, OutgoingRecipient, OutgoingRow } from '../mailbox/model/outgoing.ts';
import { printable } from './client/reply.ts';
import { type Language, WORDS } from './words/languages.ts';
import { type ReportKind, reasonOf, type Words } from './words/words.ts';

export interface Report {
  readonly kind: ReportKind;
  readonly language: Language;
  /** The server's name. */
  readonly hostname: string;
  readonly from: string;
  readonly nowMs: number;
  readonly row: OutgoingRow;
  /** Who gets it. */
  readonly to: string;
  /** Those that it is about. */
  readonly recipients: readonly OutgoingRecipient[];
  /** The header as it left, with the end of its last line. */
  readonly header: Buffer;
  /** All of it, when the sender wants it back and it is not large. */
  readonly whole?: Buffer;
}

export interface MadeReport {
  readonly octets: Buffer;
  readonly isUtf8: boolean;
  readonly isEightBit: boolean;
}

const NOT_ASCII = /[^\0-\x7f]/;

export function makeReport(report: Report): MadeReport {
  const { kind, language, hostname, from, nowMs, row, to, recipients } = report;
  const words = WORDS[language];
  const isUtf8 = NOT_ASCII.test(to);
  // RFC 6533 §4: with addresses of a kind that the older forms have no words for.
  const isGlobal = row.isUtf8 || [to, ...addressesOf(recipients)].some((one) => NOT_ASCII.test(one));
  const boundary = `=_${randomBytes(12).toString('hex')}`;
  const messageId = new HeaderBlock(report.header).text('message-id');
  const about = messageId !== undefined && /^<[\x21-\x7e]{1,250}>$/.test(messageId) ? messageId : undefined;
  const head = [
    `From: ${encodedWord(words.from)} <${from}>`,
    `To: <${oneLine(to)}>`,
    `Subject: ${encodedWord(isPassedOn(report) ? words.passedOn.subject : words.subject[kind])}`,
    `Date: ${dateOf(nowMs)}`,
    `Message-ID: <${randomBytes(12).toString('hex')}@${hostname}>`,
    ...(about === undefined ? [] : [`In-Reply-To: ${about}`, `References: ${about}`]),
    'Auto-Submitted: auto-replied',
    // What a rule has passed on in vain is told to whose rule it is: that rule would pass this on in vain as well.
    ...(row.kind === 'forward' ? [`X-Loop: ${oneLine(to)}`] : []),
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
  ];
  const status = encodedPart(Buffer.from(statusPart(report)), isUtf8);
  const { type, octets, canBeEncoded } = returnedPart(report, isGlobal);
  const returned = encodedPart(octets, isUtf8 || !canBeEncoded);
  const pieces = [
    `${head.join('\r\n')}\r\n\r\n--${boundary}\r\n`,
    'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
    quotedPrintable(humanPart(report, words)),
    `\r\n--${boundary}\r\nContent-Type: message/${isGlobal ? 'global-' : ''}delivery-status\r\n`,
  ];
  const whole = Buffer.concat([
    Buffer.from(pieces.join('')),
    status,
    Buffer.from(`\r\n--${boundary}\r\nContent-Type: ${type}\r\n`),
    returned,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { octets: whole, isUtf8, isEightBit: whole.some((octet) => octet > 0x7f) };
}

/** As `address` and `orcpt` have them. */
function addressesOf(recipients: readonly OutgoingRecipient[]): string[] {
  return recipients.flatMap(({ address, orcpt = '' }) => [address, orcpt]);
}

/**
 * With the rest of its header. Whoever gets the report may have a server that takes nothing above 127: then, and where the type lets it
 * be, it is written in ASCII (RFC 6533 §4.5).
 */
function encodedPart(octets: Buffer, mayBeEightBit: boolean): Buffer {
  if (isAscii(octets)) return Buffer.concat([Buffer.from('\r\n'), octets]);
  if (mayBeEightBit) return Buffer.concat([Buffer.from('Content-Transfer-Encoding: 8bit\r\n\r\n'), octets]);
  const lines = octets.toString('base64').match(/.{1,76}/g) ?? [];
  return Buffer.from(`Content-Transfer-Encoding: base64\r\n\r\n${lines.join('\r\n')}`);
}

/** It was not its reader's message. */
function isPassedOn({ kind, row }: Report): boolean {
  return kind === 'failed' && row.kind === 'forward';
}

function humanPart(report: Report, words: Words): string {
  const { kind, recipients, row } = report;
  const passedOn = isPassedOn(report) ? words.passedOn : undefined;
  const lines = [passedOn?.greeting ?? words.greeting[kind], ''];
  for (const one of recipients) {
    lines.push(`${oneLine(one.address)}`);
    if (kind === 'delivered') lines.push(`  ${words.arrived[one.state as Arrival]}`);
    else {
      const { happened, advice } = words.reasons[reasonOf(statusOf(one), isOfOthers(one))];
      lines.push(`  ${happened}`);
      lines.push(
        `  ${kind === 'delayed' ? words.retriedUntil(dateOf(row.expiresMs)) : (passedOn?.advice ?? advice)}`,
      );
      if (isOfOthers(one)) lines.push('', `  ${words.said(oneLine(one.lastHost ?? ''))}`);
      lines.push(`  ${printable(one.lastReply ?? '')}`);
    }
    lines.push('');
  }
  return [...lines, passedOn?.attached ?? words.attached, ''].join('\r\n');
}

/** RFC 3464 §2.2, §2.3. */
function statusPart({ kind, hostname, row, recipients }: Report): string {
  const about = [
    ...(row.envid === undefined ? [] : [`Original-Envelope-Id: ${oneLine(row.envid)}`]),
    `Reporting-MTA: dns; ${hostname}`,
    `Arrival-Date: ${dateOf(row.createdMs)}`,
    // RFC 2852 §6.
    ...(row.deliverBy === undefined ? [] : [`Deliver-By-Date: ${dateOf(row.deliverBy.atMs)}`]),
  ];
  const each = recipients.map((one) => {
    const type = NOT_ASCII.test(one.address) ? 'utf-8' : 'rfc822';
    const remote = /^[A-Za-z0-9.-]+/.exec(one.lastHost ?? '')?.[0];
    return [
      ...(one.orcpt === undefined ? [] : [`Original-Recipient: ${oneLine(one.orcpt).replace(';', '; ')}`]),
      `Final-Recipient: ${type}; ${oneLine(one.address)}`,
      `Action: ${kind === 'delivered' ? one.state : kind}`,
      `Status: ${kind === 'delivered' ? '2.0.0' : statusOf(one)}`,
      ...(remote === undefined ? [] : [`Remote-MTA: dns; ${remote}`]),
      ...(diagnosticOf(one) ?? []),
      ...(one.lastAtMs === undefined ? [] : [`Last-Attempt-Date: ${dateOf(one.lastAtMs)}`]),
      ...(kind === 'delayed' ? [`Will-Retry-Until: ${dateOf(row.expiresMs)}`] : []),
    ];
  });
  return [about, ...each].map((fields) => `${fields.join('\r\n')}\r\n`).join('\r\n');
}

/** What a server said, folded. */
function diagnosticOf({ lastReply = '', lastHost }: OutgoingRecipient): readonly string[] | undefined {
  if (lastHost === undefined || !/^\d{3} /.test(lastReply)) return undefined;
  return [`Diagnostic-Code: smtp; ${printable(lastReply).replace(/(.{60,70}) /g, '$1\r\n\t')}`];
}

/** `5.1.1` out of `550 5.1.1 no such user`, or what the reply code says by itself. */
export function statusOf({ state, lastReply = '' }: OutgoingRecipient): string {
  const [, status] = /^(?:\d{3} )?([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(lastReply) ?? [];
  if (status !== undefined) return status;
  return state === 'failed' && !lastReply.startsWith('4') ? '5.0.0' : '4.0.0';
}

/** RFC 2046 §5.2.1 lets `message/rfc822` alone be written in no other way. */
function returnedPart(
  { header, whole }: Report,
  isGlobal: boolean,
): { readonly type: string; readonly octets: Buffer; readonly canBeEncoded: boolean } {
  if (whole !== undefined) {
    const type = isGlobal ? 'message/global' : 'message/rfc822';
    return { type, octets: whole, canBeEncoded: isGlobal };
  }
  const type = isGlobal ? 'message/global-headers' : 'text/rfc822-headers';
  return { type, octets: header, canBeEncoded: true };
}

/** RFC 5322 §3.3, in UTC. */
export function dateOf(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

/** A server has said so, not we. */
function isOfOthers({ lastHost = '' }: OutgoingRecipient): boolean {
  return lastHost !== '';
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
}

function encodedWord(text: string): string {
  return NOT_ASCII.test(text) ? `=?utf-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=` : text;
}

/** RFC 2045 §6.7. Lines end with CRLF. */
function quotedPrintable(text: string): string {
  const lines = text.split('\r\n').map((line) => {
    const octets = Buffer.from(line, 'utf8').toString('latin1');
    const coded = octets.replace(/[^\x20-\x3c\x3e-\x7e]/g, hex).replace(/ $/, hex);
    return softBreaks(coded);
  });
  return lines.join('\r\n');
}

/** Lines of at most 76 characters, none of which ends inside of `=HH`. */
function softBreaks(line: string): string {
  const pieces: string[] = [];
  let rest = line;
  while (rest.length > 76) {
    const inside = rest.slice(73, 75).indexOf('=');
    const at = inside < 0 ? 75 : 73 + inside;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...pieces, rest].join('=\r\n');
}

function hex(octet: string): string {
  return `=${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
