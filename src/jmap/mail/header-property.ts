/**
 * Properties that name a header field: `header:List-Post:asURLs:all` (RFC 8621 §4.1.3), and which forms a field may have.
 *
 * To read an address as a date is obvious nonsense, so the forms of the fields of RFC 5322 and RFC 2369 are given; those of other
 * fields are the client's affair (§4.1.2).
 */
import { HEADER_FORMS, type HeaderForm } from './header-forms.ts';

export interface HeaderProperty {
  /** As it was asked for, and is answered. */
  readonly property: string;
  /** As written. */
  readonly name: string;
  readonly form: HeaderForm;
  /** Every field of the name, not the last one alone. */
  readonly isAll: boolean;
}

const PROPERTY = /^header:([!-9;-~]+)(?::as([A-Za-z]+))?(:all)?$/;

const LISTS = 'list-help list-unsubscribe list-subscribe list-post list-owner list-archive';
const ADDRESSES =
  'from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to resent-cc resent-bcc';

/** Of these fields no other forms but Raw. */
const FORMS_OF: ReadonlyMap<string, readonly HeaderForm[]> = new Map([
  ...forms('subject comments keywords', 'Text'),
  ...forms(ADDRESSES, 'Addresses', 'GroupedAddresses'),
  ...forms('message-id in-reply-to references resent-message-id', 'MessageIds'),
  ...forms('date resent-date', 'Date'),
  ...forms(LISTS, 'URLs'),
  ...forms('return-path received'),
]);

/** Undefined when it is none; 'forbidden' when the field may not be had in that form. */
export function headerPropertyOf(property: string): HeaderProperty | 'forbidden' | undefined {
  const match = PROPERTY.exec(property);
  if (match === null) return undefined;
  const [, name = '', as = 'Raw', all] = match;
  const form = HEADER_FORMS.find((known) => known === as);
  if (form === undefined) return undefined;
  if (!mayHave(name, form)) return 'forbidden';
  return { property, name, form, isAll: all !== undefined };
}

export function mayHave(name: string, form: HeaderForm): boolean {
  const allowed = FORMS_OF.get(name.toLowerCase());
  return form === 'Raw' || allowed === undefined || allowed.includes(form);
}

/** The properties that stand for header fields in a form of their own (§4.1.3). */
export const CONVENIENCE: ReadonlyMap<string, HeaderProperty> = new Map(
  (
    [
      ['messageId', 'Message-ID', 'MessageIds'],
      ['inReplyTo', 'In-Reply-To', 'MessageIds'],
      ['references', 'References', 'MessageIds'],
      ['sender', 'Sender', 'Addresses'],
      ['from', 'From', 'Addresses'],
      ['to', 'To', 'Addresses'],
      ['cc', 'Cc', 'Addresses'],
      ['bcc', 'Bcc', 'Addresses'],
      ['replyTo', 'Reply-To', 'Addresses'],
      ['subject', 'Subject', 'Text'],
      ['sentAt', 'Date', 'Date'],
    ] as const
  ).map(([property, name, form]) => [property, { property, name, form, isAll: false }]),
);

function forms(names: string, ...allowed: HeaderForm[]): [string, readonly HeaderForm[]][] {
  return names.split(' ').map((name) => [name, allowed]);
}
