/**
 * What search, threading and lists want from a header, as Unicode text, each computed when it is asked for.
 *
 * Promises: never throws; text is decoded (RFC 2047, RFC 6532), lists of message ids are bounded. Leaves to others:
 * the wire form (`envelope.ts`), and what to do about a message without a date.
 */
import { type Address, parseAddressList } from './address.ts';
import { AddressFields } from './address-fields.ts';
import { type MailDate, parseDateTime } from './date.ts';
import { decodeWords } from './encoded-word.ts';
import type { HeaderBlock } from './header.ts';
import { messageIds } from './message-id.ts';

export const MAX_REFERENCES = 1000;
/** Octets of a subject that are decoded: more is no subject, and decoding it would take its time. */
const MAX_SUBJECT = 16 * 1024;

export function summary(header: HeaderBlock): HeaderSummary {
  return new HeaderSummary(header);
}

export class HeaderSummary {
  readonly #header: HeaderBlock;
  readonly addresses: AddressFields;
  #subject: { readonly text: string; readonly isWhole: boolean } | undefined;
  #sent: { readonly date: MailDate | undefined } | undefined;
  #messageId: { readonly id: string | undefined } | undefined;

  constructor(header: HeaderBlock) {
    this.#header = header;
    this.addresses = new AddressFields(header);
  }

  /** "" when there is none. */
  subject(): string {
    return this.wholeSubject()?.text ?? '';
  }

  /** Undefined when there is none. */
  wholeSubject(): { readonly text: string; readonly isWhole: boolean } | undefined {
    if (this.#subject === undefined) {
      const raw = this.#header.text('subject');
      if (raw === undefined) return undefined;
      this.#subject = { text: decodeWords(raw.slice(0, MAX_SUBJECT)), isWhole: raw.length <= MAX_SUBJECT };
    }
    return this.#subject;
  }

  /**
   * The whole field as a person reads it: names decoded, addresses as written. All fields of the name, one per
   * line.
   */
  fieldText(name: string): string | undefined {
    const values: string[] = [];
    for (let at = this.#header.indexOf(name); at >= 0; at = this.#header.indexOf(name, at + 1)) {
      values.push(decodeWords(this.#header.textAt(at)));
    }
    return values.length === 0 ? undefined : values.join('\n');
  }

  from(): Address[] {
    return this.#addresses('from');
  }

  to(): Address[] {
    return this.#addresses('to');
  }

  cc(): Address[] {
    return this.#addresses('cc');
  }

  bcc(): Address[] {
    return this.#addresses('bcc');
  }

  /** With its angle brackets. */
  messageId(): string | undefined {
    this.#messageId ??= { id: messageIds(this.#header.text('message-id') ?? '', 1)[0] };
    return this.#messageId.id;
  }

  inReplyTo(): string[] {
    return messageIds(this.#header.text('in-reply-to') ?? '', MAX_REFERENCES);
  }

  references(): string[] {
    return messageIds(this.#header.text('references') ?? '', MAX_REFERENCES);
  }

  sentDate(): MailDate | undefined {
    if (this.#sent === undefined) {
      const text = this.#header.text('date');
      this.#sent = { date: text === undefined ? undefined : parseDateTime(text) };
    }
    return this.#sent.date;
  }

  /** Addresses with decoded names; octets of other members as UTF-8. */
  #addresses(name: string): Address[] {
    return this.#header.all(name).flatMap((value) => parseAddressList(value).map(decodeAddress));
  }
}

function decodeAddress(address: Address): Address {
  const out: { -readonly [K in keyof Address]: Address[K] } = { ...address };
  if (address.name !== undefined) out.name = decodeWords(address.name);
  if (address.mailbox !== undefined) out.mailbox = decodeWords(address.mailbox);
  if (address.host !== undefined) out.host = decodeWords(address.host);
  return out;
}
