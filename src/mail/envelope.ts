/**
 * The ENVELOPE of a message as the bytes that FETCH sends (RFC 9051 §7.5.2), computed once at delivery.
 *
 * Promises: a valid `envelope` of RFC 9051 §9 for any header, at most MAX_ENVELOPE_BYTES long (that of a message inside another
 * MAX_INNER_ENVELOPE_BYTES). Values are unfolded and not decoded. A field that is absent is NIL, one that is present and empty
 * is "". Sender and Reply-To default to From. To, Cc and Bcc that occur several times are one list: RFC 5322 §3.6 forbids it, and
 * a person still wants to see all.
 *
 * Nothing is left out of a header of WHOLE_HEADER_BYTES, nor in practice of one of a megabyte, which is as much as is read of
 * any: the limits are for headers of nothing but the shortest addresses. Beyond them texts are cut, and addresses are
 * left off the ends of lists, in whole entries and with groups closed.
 */
import { type Address, isGroupMarker } from './address.ts';
import type { AddressFields } from './address-fields.ts';
import type { HeaderBlock } from './header.ts';
import { type HeaderSummary, summary } from './header-summary.ts';
import { imapString, nstring, truncate } from './imap-string.ts';

export const MAX_ENVELOPE_BYTES = 2 * 1024 * 1024;
/** It is sent as a part of BODYSTRUCTURE, and there may be several. */
export const MAX_INNER_ENVELOPE_BYTES = 256 * 1024;
/** The shortest address, `a,` of a header, is eight times as long in an envelope, and From may be sent three times. */
export const WHOLE_HEADER_BYTES = 24 * 1024;

/** Parts of the limit that one field may take. */
const SUBJECT_SHARE = 1 / 4;
const IN_REPLY_TO_SHARE = 1 / 8;
const MESSAGE_ID_SHARE = 1 / 16;
const DATE_SHARE = 1 / 32;
/** From, Sender and Reply-To each. */
const ORIGINATOR_SHARE = 1 / 8;

const GROUP_END = '(NIL NIL NIL NIL)';
/** Parentheses, spaces and the longest spelling of what is fixed. */
const FRAME_BYTES = 64;

export function envelope(header: HeaderBlock, maxBytes = MAX_ENVELOPE_BYTES): Buffer {
  const steps = envelopeSteps(header, summary(header), maxBytes);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same in steps of a millisecond or so: a list of ten thousand addresses is some tens of them. */
export function* envelopeSteps(
  header: HeaderBlock,
  { addresses }: Pick<HeaderSummary, 'addresses'>,
  maxBytes = MAX_ENVELOPE_BYTES,
): Generator<undefined, Buffer> {
  const date = field(header, 'date', maxBytes * DATE_SHARE);
  const subject = field(header, 'subject', maxBytes * SUBJECT_SHARE);
  const inReplyTo = field(header, 'in-reply-to', maxBytes * IN_REPLY_TO_SHARE);
  const messageId = field(header, 'message-id', maxBytes * MESSAGE_ID_SHARE);
  const originators = maxBytes * ORIGINATOR_SHARE;
  const from = (yield* addressField(addresses, 'from', originators)) ?? 'NIL';
  const sender = (yield* addressField(addresses, 'sender', originators)) ?? from;
  const replyTo = (yield* addressField(addresses, 'reply-to', originators)) ?? from;
  const head = `(${date} ${subject} ${from} ${sender} ${replyTo} `;
  const tail = ` ${inReplyTo} ${messageId})`;
  let room = maxBytes - FRAME_BYTES - head.length - tail.length;
  const to = (yield* addressField(addresses, 'to', room)) ?? 'NIL';
  room -= to.length;
  const cc = (yield* addressField(addresses, 'cc', room)) ?? 'NIL';
  room -= cc.length;
  const bcc = (yield* addressField(addresses, 'bcc', room)) ?? 'NIL';
  return Buffer.from(`${head}${to} ${cc} ${bcc}${tail}`, 'latin1');
}

function field(header: HeaderBlock, name: string, maxBytes: number): string {
  const text = header.text(name);
  return text === undefined ? 'NIL' : imapString(truncate(text, maxBytes));
}

/** The list in its parentheses, or undefined when there is none: absent, empty, or no room for one entry. */
function* addressField(
  addresses: AddressFields,
  name: string,
  maxBytes: number,
): Generator<undefined, string | undefined> {
  let found = addresses.list(name, 0);
  if (found === undefined) return undefined;
  const list = new ListWriter(maxBytes - 2);
  for (let i = 1; found !== undefined && !list.isFull; found = addresses.list(name, i++)) {
    if (i > 1) yield;
    for (let batch = found.start; ; batch = found.rest.next()) {
      for (const address of batch) list.add(address);
      if (list.isFull || found.rest.isOver) break;
      yield;
    }
    list.closeGroup();
  }
  return list.text === '' ? undefined : `(${list.text})`;
}

/** As many entries as there is room for. */
class ListWriter {
  text = '';
  isFull = false;
  readonly #room: number;
  #isGroupOpen = false;

  constructor(maxBytes: number) {
    this.#room = maxBytes - GROUP_END.length;
  }

  add(address: Address): void {
    if (this.isFull) return;
    const entry = addressEntry(address);
    this.isFull = this.text.length + entry.length > this.#room;
    if (this.isFull) return;
    this.text += entry;
    if (isGroupMarker(address)) this.#isGroupOpen = address.mailbox !== undefined;
  }

  closeGroup(): void {
    if (this.#isGroupOpen) this.text += GROUP_END;
    this.#isGroupOpen = false;
  }
}

function addressEntry({ name, adl, mailbox, host }: Address): string {
  return `(${nstring(name)} ${nstring(adl)} ${nstring(mailbox)} ${nstring(host)})`;
}
