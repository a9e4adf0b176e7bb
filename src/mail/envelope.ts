/**
 * The ENVELOPE of a message as the bytes that FETCH sends (RFC 9051 §7.5.2), computed once at delivery.
 *
 * Promises: a valid `envelope` of RFC 9051 §9 for any header, at most MAX_ENVELOPE_BYTES long. Values are unfolded
 * and not decoded. A field that is absent is NIL, one that is present and empty is "". Sender and Reply-To default
 * to From. To, Cc and Bcc that occur several times are one list: RFC 5322 §3.6 forbids it, and a person still wants
 * to see all.
 *
 * When it would grow too long: texts are cut at the limits below, then addresses are left off the ends of To, Cc
 * and Bcc, in whole entries and with groups closed.
 */
import { type Address, isGroupMarker, parseAddressList } from './address.ts';
import type { HeaderBlock } from './header.ts';
import { imapString, nstring, truncate } from './imap-string.ts';

export const MAX_ENVELOPE_BYTES = 64 * 1024;

const MAX_DATE = 500;
const MAX_SUBJECT = 8 * 1024;
const MAX_MESSAGE_ID = 2 * 1024;
const MAX_IN_REPLY_TO = 4 * 1024;
/** From may be sent three times: for itself, as Sender and as Reply-To. */
const MAX_ORIGINATOR_LIST = 8 * 1024;
const MAX_NAME = 1000;
const MAX_MAILBOX = 1000;
const MAX_HOST = 500;

const GROUP_END = '(NIL NIL NIL NIL)';
/** Parentheses, spaces and the longest spelling of what is fixed. */
const FRAME_BYTES = 64;

export function envelope(header: HeaderBlock): Buffer {
  return Buffer.from(envelopeText(header), 'latin1');
}

/** The same as octets in a string. */
export function envelopeText(header: HeaderBlock): string {
  const date = field(header, 'date', MAX_DATE);
  const subject = field(header, 'subject', MAX_SUBJECT);
  const inReplyTo = field(header, 'in-reply-to', MAX_IN_REPLY_TO);
  const messageId = field(header, 'message-id', MAX_MESSAGE_ID);
  const from = addressField(header, 'from', MAX_ORIGINATOR_LIST) ?? 'NIL';
  const sender = addressField(header, 'sender', MAX_ORIGINATOR_LIST) ?? from;
  const replyTo = addressField(header, 'reply-to', MAX_ORIGINATOR_LIST) ?? from;
  const head = `(${date} ${subject} ${from} ${sender} ${replyTo} `;
  const tail = ` ${inReplyTo} ${messageId})`;
  let room = MAX_ENVELOPE_BYTES - FRAME_BYTES - head.length - tail.length;
  const to = addressField(header, 'to', room) ?? 'NIL';
  room -= to.length;
  const cc = addressField(header, 'cc', room) ?? 'NIL';
  room -= cc.length;
  const bcc = addressField(header, 'bcc', room) ?? 'NIL';
  return `${head}${to} ${cc} ${bcc}${tail}`;
}

function field(header: HeaderBlock, name: string, maxBytes: number): string {
  const text = header.text(name);
  return text === undefined ? 'NIL' : imapString(truncate(text, maxBytes));
}

/** The list in its parentheses, or undefined when there is none: absent, empty, or no room for one entry. */
function addressField(header: HeaderBlock, name: string, maxBytes: number): string | undefined {
  let out = '';
  for (let at = header.indexOf(name); at >= 0; at = header.indexOf(name, at + 1)) {
    out += addressEntries(parseAddressList(header.valueAt(at)), maxBytes - out.length);
  }
  return out === '' ? undefined : `(${out})`;
}

/** As many entries as fit into `maxBytes`, parentheses included. */
function addressEntries(list: readonly Address[], maxBytes: number): string {
  let out = '';
  let isGroupOpen = false;
  const room = maxBytes - 2 - GROUP_END.length;
  for (const address of list) {
    const entry = addressEntry(address);
    if (out.length + entry.length > room) break;
    out += entry;
    if (isGroupMarker(address)) isGroupOpen = address.mailbox !== undefined;
  }
  return isGroupOpen ? out + GROUP_END : out;
}

function addressEntry(address: Address): string {
  const { name, adl, mailbox, host } = address;
  const shown = name === undefined ? 'NIL' : imapString(truncate(name, MAX_NAME));
  const local = mailbox === undefined ? 'NIL' : imapString(truncate(mailbox, MAX_MAILBOX));
  const domain = host === undefined ? 'NIL' : imapString(truncate(host, MAX_HOST));
  return `(${shown} ${nstring(adl === undefined ? undefined : truncate(adl, MAX_HOST))} ${local} ${domain})`;
}
