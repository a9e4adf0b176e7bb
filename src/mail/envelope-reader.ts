/**
 * Reading back an ENVELOPE as it is stored (see `envelope.ts`), field by field, for searches: no message is opened.
 *
 * Promises: gives texts decoded (RFC 2047, RFC 6532), undefined for NIL; damaged bytes read as fields that are absent and
 * never throw. What the limits of `envelope.ts` cut off is not seen.
 */
import { type MailDate, parseDateTime } from './date.ts';
import { decodeWords } from './encoded-word.ts';

/** Positions in the list (RFC 9051 §7.5.2). */
const FIELDS = {
  date: 0,
  subject: 1,
  from: 2,
  sender: 3,
  'reply-to': 4,
  to: 5,
  cc: 6,
  bcc: 7,
  'in-reply-to': 8,
  'message-id': 9,
} as const;

export type EnvelopeField = keyof typeof FIELDS;

export function isEnvelopeField(name: string): name is EnvelopeField {
  return Object.hasOwn(FIELDS, name);
}

const ADDRESS_PARTS = 4;

export interface EnvelopePerson {
  /** Empty when there is none. */
  readonly name: string;
  /** `mailbox@host`. */
  readonly address: string;
}

export class EnvelopeReader {
  readonly #text: string;
  #at = 1;
  /** Position of the field that stands at `#at`. */
  #position = 0;

  /** The stored octets as latin1. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The text of a field; a list of addresses as `Name <mailbox@host>, ...`. */
  text(field: EnvelopeField): string | undefined {
    this.#seek(field);
    if (this.#text.charAt(this.#at) === '(') return this.#addresses();
    const value = this.#value();
    return value === undefined ? undefined : decodeWords(value);
  }

  /** The addresses of a field, `mailbox@host` without their names; groups are not told apart. */
  addressesOf(field: EnvelopeField): readonly string[] {
    this.#seek(field);
    const found: string[] = [];
    if (this.#text.charAt(this.#at) === '(')
      this.#eachAddress(([, , mailbox, host]) => {
        if (mailbox !== undefined && host !== undefined) found.push(`${mailbox}@${host}`);
      });
    return found;
  }

  /** Those of a field who have an address, decoded; groups are not told apart. */
  peopleOf(field: EnvelopeField): readonly EnvelopePerson[] {
    this.#seek(field);
    const found: EnvelopePerson[] = [];
    if (this.#text.charAt(this.#at) === '(')
      this.#eachAddress(([name = '', , mailbox, host]) => {
        if (mailbox === undefined || host === undefined || host === '') return;
        found.push({ name: decodeWords(name), address: `${decodeWords(mailbox)}@${decodeWords(host)}` });
      });
    return found;
  }

  /**
   * Everybody in a field as programs show them, decoded. Whoever has no address that could be read has an empty one; a group is there, by
   * its name, only when nobody is in it nor beside it.
   */
  shownIn(field: EnvelopeField): readonly EnvelopePerson[] {
    this.#seek(field);
    const found: EnvelopePerson[] = [];
    const groups: EnvelopePerson[] = [];
    if (this.#text.charAt(this.#at) === '(')
      this.#eachAddress(([name = '', , mailbox, host]) => {
        if (mailbox === undefined) return;
        const local = decodeWords(mailbox);
        if (host === undefined) groups.push({ name: local, address: '' });
        else if (host !== '')
          found.push({ name: decodeWords(name), address: `${local}@${decodeWords(host)}` });
        else found.push({ name: name === '' ? local : decodeWords(name), address: '' });
      });
    return found.length === 0 ? groups : found;
  }

  sentDate(): MailDate | undefined {
    this.#seek('date');
    const value = this.#value();
    return value === undefined ? undefined : parseDateTime(value);
  }

  /** Fields that are asked for in their order are read in one go. */
  #seek(field: EnvelopeField): void {
    const wanted = FIELDS[field];
    if (wanted < this.#position) {
      this.#at = 1;
      this.#position = 0;
    }
    for (; this.#position < wanted; this.#position++) {
      if (this.#text.charAt(this.#at) === '(') this.#skipList();
      else this.#string();
      this.#at++;
    }
  }

  /** The string at hand; the next field is. */
  #value(): string | undefined {
    const value = this.#string();
    this.#at++;
    this.#position++;
    return value;
  }

  #addresses(): string {
    const shown: string[] = [];
    this.#eachAddress(([name, , mailbox, host]) => {
      const text = shownAddress({ name, mailbox, host });
      if (text !== '') shown.push(text);
    });
    return shown.join(', ');
  }

  /** Of the list at hand; the next field is. */
  #eachAddress(see: (parts: readonly (string | undefined)[]) => void): void {
    this.#at++;
    while (this.#text.charAt(this.#at) === '(') {
      const parts: (string | undefined)[] = [];
      this.#at++;
      for (let i = 0; i < ADDRESS_PARTS; i++) {
        parts.push(this.#string());
        this.#at++;
      }
      see(parts);
    }
    this.#at += 2;
    this.#position++;
  }

  /** A string or NIL; the position is behind it. */
  #string(): string | undefined {
    const text = this.#text;
    const first = text.charAt(this.#at);
    if (first === '"') return this.#quoted();
    if (first === '{') {
      const close = text.indexOf('}', this.#at);
      const size = close < 0 ? Number.NaN : Number(text.slice(this.#at + 1, close));
      if (!Number.isSafeInteger(size)) return this.#giveUp();
      const start = close + 3;
      this.#at = start + size;
      return text.slice(start, this.#at);
    }
    if (!text.startsWith('NIL', this.#at)) return this.#giveUp();
    this.#at += 3;
    return undefined;
  }

  #quoted(): string | undefined {
    const text = this.#text;
    const start = this.#at + 1;
    let hasEscape = false;
    for (let i = start; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === BACKSLASH) {
        hasEscape = true;
        i++;
      } else if (c === QUOTE) {
        this.#at = i + 1;
        const value = text.slice(start, i);
        return hasEscape ? unescaped(value) : value;
      }
    }
    return this.#giveUp();
  }

  #skipList(): void {
    let depth = 0;
    do {
      const first = this.#text.charAt(this.#at);
      if (first === '(') depth++;
      else if (first === ')') depth--;
      if (first === '(' || first === ')' || first === ' ') this.#at++;
      else this.#string();
    } while (depth > 0 && this.#at < this.#text.length);
  }

  #giveUp(): undefined {
    this.#at = this.#text.length;
    return undefined;
  }
}

/**
 * One entry of a list, of strings that are not decoded. Of a group only its name is shown; a local part that needs quotes is shown
 * without them and with them.
 */
export function shownAddress(address: ShownAddress): string {
  if (address.mailbox === undefined) return '';
  const mailbox = decodeWords(address.mailbox);
  if (address.host === undefined) return `${mailbox}:`;
  const name = address.name === undefined ? undefined : decodeWords(address.name);
  const host = decodeWords(address.host);
  // What could not be read as an address is shown as it stands.
  if (host === '') return [name, mailbox].filter((part) => part !== undefined && part !== '').join(' ');
  const shown = name === undefined ? `${mailbox}@${host}` : `${name} <${mailbox}@${host}>`;
  return DOT_ATOM.test(mailbox) ? shown : `${shown} ${quoted(mailbox)}@${host}`;
}

export interface ShownAddress {
  readonly name?: string | undefined;
  readonly mailbox?: string | undefined;
  readonly host?: string | undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A local part that needs no quotes (RFC 5322 §3.4.1), and what else occurs in them. */
const DOT_ATOM = /^[^\x00-\x20"(),:;<>@[\\\]\x7f]*$/;

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function unescaped(value: string): string {
  let out = '';
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) === BACKSLASH) i++;
    out += value.charAt(i);
  }
  return out;
}
