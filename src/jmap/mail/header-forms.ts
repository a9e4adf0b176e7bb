/**
 * The parsed forms of header fields (RFC 8621 §4.1.2), from the raw octets of one field.
 *
 * Promises: never throws, linear, best effort with what is broken; what cannot be read in a form is null where the form has
 * null, and empty otherwise.
 */
import { latin1 } from '../../base/bytes.ts';
import { type Address, isGroupMarker, parseAddressList } from '../../mail/address.ts';
import { type MailDate, parseDateTime } from '../../mail/date.ts';
import { messageIds } from '../../mail/message-id.ts';
import type { EmailAddress, EmailAddressGroup } from '../types/email.ts';
import { decodedText, rawForm, textForm, unfolded } from './header-text-form.ts';

export type HeaderValue =
  | string
  | readonly string[]
  | readonly EmailAddress[]
  | readonly EmailAddressGroup[]
  | null;

const READERS = {
  Raw: rawForm,
  Text: textForm,
  Addresses: addresses,
  GroupedAddresses: groupedAddresses,
  MessageIds: messageIdList,
  Date: date,
  URLs: urls,
} as const satisfies Readonly<Record<string, (value: Buffer) => HeaderValue>>;

export type HeaderForm = keyof typeof READERS;

export const HEADER_FORMS = Object.keys(READERS) as readonly HeaderForm[];

const MAX_IDS = 1000;
const MAX_URLS = 100;
/** Of a longer field the rest is not looked at. */
const MAX_URLS_LENGTH = 64 * 1024;

/** `value`: what is behind the colon, without the line end that closes the field. */
export function headerForm(value: Buffer, form: HeaderForm): HeaderValue {
  return READERS[form](value);
}

function addresses(value: Buffer): readonly EmailAddress[] {
  return parseAddressList(value)
    .filter((address) => !isGroupMarker(address))
    .map(emailAddress);
}

/** Mailboxes outside of groups are gathered in one without a name (§4.1.2.4). */
function groupedAddresses(value: Buffer): readonly EmailAddressGroup[] {
  const groups: { name: string | null; addresses: EmailAddress[] }[] = [];
  let open: EmailAddress[] | undefined;
  for (const address of parseAddressList(value)) {
    if (isGroupMarker(address)) {
      open = undefined;
      if (address.mailbox === undefined) continue;
      open = [];
      groups.push({ name: decodedText(address.mailbox).trim(), addresses: open });
      continue;
    }
    if (open === undefined) {
      open = [];
      groups.push({ name: null, addresses: open });
    }
    open.push(emailAddress(address));
  }
  return groups;
}

function emailAddress({ name, mailbox = '', host = '' }: Address): EmailAddress {
  const shown = name === undefined ? '' : decodedText(unfolded(name)).trim();
  const local = mailbox === '' || isDotAtom(mailbox) ? mailbox : quoted(mailbox);
  const email = host === '' ? mailbox : `${local}@${host}`;
  return { name: shown === '' ? null : shown, email: decodedText(email) };
}

/** RFC 5322 §3.2.3, with the letters of RFC 6532; an encoded word is one, too. */
function isDotAtom(local: string): boolean {
  return /^[\w!#$%&'*+/=?^`{|}~\x80-\xff-]+(?:\.[\w!#$%&'*+/=?^`{|}~\x80-\xff-]+)*$/.test(local);
}

function quoted(local: string): string {
  return `"${local.replace(/["\\]/g, '\\$&')}"`;
}

/** Without their brackets; null when there is none (§4.1.2.5). */
function messageIdList(value: Buffer): readonly string[] | null {
  const ids = messageIds(unfolded(latin1(value)), MAX_IDS);
  return ids.length === 0 ? null : ids.map((id) => rawForm(Buffer.from(id.slice(1, -1), 'latin1')));
}

function date(value: Buffer): string | null {
  const read = parseDateTime(unfolded(latin1(value)));
  return read === undefined ? null : jmapDate(read);
}

/** RFC 8620 §1.4 `Date`: in the zone of the sender. */
export function jmapDate({ seconds, zoneMinutes }: MailDate): string {
  const local = new Date((seconds + zoneMinutes * 60) * 1000).toISOString().slice(0, 19);
  if (zoneMinutes === 0) return `${local}Z`;
  const minutes = Math.abs(zoneMinutes);
  return `${local}${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

/** RFC 2369 §2: URLs in angle brackets, white space inside is no part of them; comments stand between. */
function urls(value: Buffer): readonly string[] | null {
  const text = rawForm(value).slice(0, MAX_URLS_LENGTH);
  const found: string[] = [];
  let depth = 0;
  for (let at = 0; at < text.length && found.length < MAX_URLS; at++) {
    const sign = text.charAt(at);
    if (sign === '\\' && depth > 0) at++;
    else if (sign === '(') depth++;
    else if (sign === ')' && depth > 0) depth--;
    else if (sign === '<' && depth === 0) {
      const end = text.indexOf('>', at);
      if (end < 0) break;
      const url = text.slice(at + 1, end).replace(/\s+/g, '');
      if (url !== '') found.push(url);
      at = end;
    }
  }
  return found.length === 0 ? null : found;
}
