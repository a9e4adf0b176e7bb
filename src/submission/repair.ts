/**
 * The header as it leaves (RFC 6409 §8): what a program left out is added, what nobody else may see or believe is taken out, and all
 * other fields stay octet for octet. Pure.
 *
 * Taken out: Bcc in any spelling and folding (RFC 5322 §3.6.3; who gets a blind copy stands in the envelope), Return-Path, which
 * is whoever delivers it to write (RFC 5321 §4.4), and results of checks in our name, which were not checked by us (RFC 8601 §5).
 */
import { CR, LF, latin1 } from '../base/bytes.ts';
import { formatRfc5322 } from '../mail/date.ts';
import { foldAscii, type HeaderBlock, isBlankLine } from '../mail/header.ts';
import { bearsName } from '../message-auth/results-filter.ts';

export interface Repairs {
  /** In front of all others, whole lines. */
  readonly trace: Buffer;
  /** Who has sent it in the place of those in From (RFC 5322 §3.6.2). */
  readonly sender: string | undefined;
  readonly nowMs: number;
  /** Within angle brackets, for a message that has none. */
  readonly messageId: string;
  /** By which our own results are known. */
  readonly hostname: string;
}

export interface WholeHeader {
  readonly block: HeaderBlock;
  /** Where the body begins in the message. */
  readonly bodyFrom: number;
}

const PRIVATE: ReadonlySet<string> = new Set(['bcc', 'resent-bcc', 'return-path', 'x-account-internal']);
const RESULTS = 'authentication-results';
/** Some forty are usual. With all that a header may have, taking them apart would hold everybody up. */
const MAX_FIELDS = 2000;
/** What is longer says nothing that anybody could believe, and goes unread. */
const MAX_RESULTS_BYTES = 16 * 1024;

/** `block`: of a message of so many octets. Undefined when a line of it is no field, or a CR in it ends none, so that readers may differ about what there is, or when it has too many. */
export function wholeHeader(block: HeaderBlock, sizeBytes: number): WholeHeader | undefined {
  const { bytes, fieldsEnd } = block;
  if (block.count > MAX_FIELDS) return undefined;
  let at = 0;
  for (let i = 0; i < block.count; i++) {
    const { start, end } = block.linesAt(i);
    if (start !== at) return undefined;
    at = end;
  }
  if (at !== fieldsEnd || hasLoneCr(bytes.subarray(0, fieldsEnd))) return undefined;
  if (fieldsEnd === sizeBytes) return { block, bodyFrom: fieldsEnd };
  if (!isBlankLine(bytes, fieldsEnd, bytes.length)) return undefined;
  return { block, bodyFrom: bytes.indexOf(0x0a, fieldsEnd) + 1 };
}

/** What leaves has a line end in its place, so a field that nobody has looked at would begin there. */
function hasLoneCr(octets: Buffer): boolean {
  for (let at = octets.indexOf(CR); at >= 0; at = octets.indexOf(CR, at + 1))
    if (octets[at + 1] !== LF) return true;
  return false;
}

/** With its blank line. */
export function repairedHeader({ block }: WholeHeader, repairs: Repairs): Buffer {
  const { trace, sender, nowMs, messageId } = repairs;
  const { bytes, fieldsEnd } = block;
  const pieces: Buffer[] = [trace];
  let from = 0;
  for (let i = 0; i < block.count; i++) {
    const { start, end } = block.linesAt(i);
    if (!isTakenOut(block, i, repairs)) continue;
    pieces.push(bytes.subarray(from, start));
    from = end;
  }
  pieces.push(bytes.subarray(from, fieldsEnd));
  const added = [
    ...(sender === undefined ? [] : [`Sender: <${sender}>`]),
    ...(block.indexOf('date') >= 0 ? [] : [`Date: ${formatRfc5322(Math.floor(nowMs / 1000))}`]),
    ...(block.indexOf('message-id') >= 0 ? [] : [`Message-ID: ${messageId}`]),
  ];
  pieces.push(Buffer.from([...added, '', ''].join('\r\n')));
  return Buffer.concat(pieces);
}

function isTakenOut(block: HeaderBlock, position: number, { hostname, sender }: Repairs): boolean {
  const { start, nameEnd, end } = block.linesAt(position);
  const name = foldAscii(latin1(block.bytes, start, nameEnd));
  if (PRIVATE.has(name)) return true;
  if (name === 'sender') return sender !== undefined;
  if (name !== RESULTS) return false;
  return end - start > MAX_RESULTS_BYTES || bearsName(block.bytes.subarray(start, end), [hostname]);
}
