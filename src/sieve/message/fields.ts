/**
 * Values of header fields as tests see them: unfolded, encoded words decoded, without outer white space (RFC 5228 §2.4.2.2, §5.7); and
 * the addresses in them.
 */
import { AddressBatches, parseAddressList } from '../../mail/address.ts';
import { decodeUnlabelled } from '../../mail/charset.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { type HeaderBlock, unfold } from '../../mail/header.ts';
import { cut } from '../run/scope.ts';
import { finish, type Steps } from '../run/steps.ts';

/** RFC 5322 §2.2: printable ASCII without the colon. */
export function isFieldName(name: string): boolean {
  return /^[\x21-\x39\x3b-\x7e]{1,256}$/.test(name);
}

/** Fields of RFC 5322 and of MIME that hold something else; who asks for addresses in them means another test. */
const WITHOUT_ADDRESSES: readonly string[] = [
  'subject',
  'date',
  'resent-date',
  'message-id',
  'resent-message-id',
  'in-reply-to',
  'references',
  'received',
  'comments',
  'keywords',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'content-id',
  'content-description',
  'auto-submitted',
  'precedence',
  'authentication-results',
  'dkim-signature',
];

/** RFC 5228 §5.1: only fields with addresses are searched for them; of names that are nobody's standard it is believed. */
export function mayHaveAddresses(name: string): boolean {
  return isFieldName(name) && !WITHOUT_ADDRESSES.includes(name.toLowerCase());
}

/** The raw values of the fields of this name, in any case; a name that no field can have has none. */
export function rawFields(header: HeaderBlock, name: string): Buffer[] {
  return isFieldName(name) ? header.all(name.toLowerCase()) : [];
}

export function fieldText(raw: Buffer): string {
  return decodeWords(unfold(raw)).trim().toWellFormed();
}

/** A line may have 998 octets (RFC 5322 §2.1.1), with the name of the field. */
const MAX_ONE_LINE = 900;

export interface MailAddress {
  /** Without quotes and escapes. */
  readonly local: string;
  /** '' for what has none. */
  readonly domain: string;
}

/** The addresses of a field, those in groups too; names and groups are no addresses. */
export function fieldAddresses(raw: Buffer): MailAddress[] {
  return finish(addressesIn(raw));
}

/** The same in turns: a field may hold a hundred thousand. */
export function* addressesIn(raw: Buffer): Steps<MailAddress[]> {
  const out: MailAddress[] = [];
  const batches = new AddressBatches(raw);
  while (!batches.isOver) {
    for (const { mailbox, host } of batches.next()) {
      if (host === undefined || mailbox === undefined || (host === '' && mailbox === '')) continue;
      out.push({ local: textOf(mailbox), domain: textOf(host) });
    }
    yield undefined;
  }
  return out;
}

/** `a@b` or `"a b"@c`, as an envelope has it; undefined when it is none. */
export function readAddress(text: string): MailAddress | undefined {
  const found = parseAddressList(Buffer.from(text, 'utf8')).filter(({ host }) => host !== undefined);
  const [one] = found;
  if (found.length !== 1 || one?.mailbox === undefined || one.host === undefined) return undefined;
  const isWhole = one.mailbox !== '' && /^[^\s@<>(),;:"\\]+$/.test(one.host);
  return isWhole ? { local: textOf(one.mailbox), domain: textOf(one.host) } : undefined;
}

/** As it is written in an envelope or a field: quoted where it must be. */
export function writtenAddress({ local, domain }: MailAddress): string {
  const isPlain = /^[^\s"(),:;<>@[\\\]]+$/.test(local) && !/^\.|\.\.|\.$/.test(local);
  const quoted = isPlain ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
  return `${quoted}@${domain}`;
}

/** The whole of it, as addresses of people are compared with each other. */
export function wholeAddress({ local, domain }: MailAddress): string {
  return domain === '' ? local : `${local}@${domain}`;
}

function textOf(octets: string): string {
  return /^[\0-\x7f]*$/.test(octets) ? octets : decodeUnlabelled(Buffer.from(octets, 'latin1'));
}

/** Of what may stand in a field: no line ends, and not more than a line has room for. */
export function oneLine(text: string): string {
  return cut(text.replace(/[\0-\x1f\x7f]+/g, ' ').trim(), MAX_ONE_LINE);
}
