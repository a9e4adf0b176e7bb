/**
 * IMAP URLs of messages and of parts of them (RFC 5092 §11), whole ones and those that stand for something of this server, with
 * the authorization that URLAUTH puts behind them (RFC 4467 §9). Of mailboxes and searches there is nothing to fetch.
 *
 * Undefined for whatever is none: the grammar has no octet to spare, so a URL is read in one way or not at all. Words are
 * compared without case.
 */
import type { Section } from '../../mail/section.ts';
import { Cursor, END } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { section } from './section.ts';

export interface ImapUrl {
  /** Undefined of one that is relative to this server. */
  readonly server: UrlServer | undefined;
  /** Undefined: the mailbox that is open. */
  readonly mailbox: string | undefined;
  readonly uidValidity: number | undefined;
  readonly uid: number;
  readonly section: Section;
  /** Octets of the section; without `length` all from `offset` on. */
  readonly partial: { readonly offset: number; readonly length: number | undefined } | undefined;
  readonly authorization: UrlAuthorization | undefined;
}

export interface UrlServer {
  readonly user: string | undefined;
  /** In lower case. */
  readonly host: string;
  readonly port: number | undefined;
}

export interface UrlAuthorization {
  /** All before the verifier: what a token is made of. */
  readonly rump: string;
  /** Milliseconds since 1970; undefined: it does not end by itself. */
  readonly expiresMs: number | undefined;
  readonly access: UrlAccess;
  /** Undefined as long as the URL is not authorized. */
  readonly verifier: { readonly mechanism: string; readonly token: string } | undefined;
}

/** Who may use it (RFC 4467 §2.2). */
export type UrlAccess =
  | { readonly kind: 'submit'; readonly user: string }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'authuser' }
  | { readonly kind: 'anonymous' };

/** Longer ones are in no message; a part number of a hundred levels is shorter. */
const MAX_URL = 4096;
/** `bchar` of RFC 5092, with the percent sign of what is encoded. */
const BCHARS = "[A-Za-z0-9._~!$'()*+,&=:@/%-]+";
const ACHARS = "[A-Za-z0-9._~!$'()*+,&=%-]+";
const SHAPE = new RegExp(
  [
    `^(?:imap://(?:(?<user>${ACHARS})(?:;AUTH=(?:\\*|${ACHARS}))?@)?(?<host>[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(?::(?<port>[0-9]{1,5}))?)?`,
    `(?:/(?<mailbox>${BCHARS}))?(?:;UIDVALIDITY=(?<uidValidity>[1-9][0-9]{0,9}))?`,
    `/?;UID=(?<uid>[1-9][0-9]{0,9})(?:/?;SECTION=(?<section>${BCHARS}))?`,
    `(?:/?;PARTIAL=(?<offset>[0-9]{1,15})(?:\\.(?<length>[1-9][0-9]{0,14}))?)?`,
    `(?:(?:;EXPIRE=(?<expires>[0-9T:.Z+-]+))?;URLAUTH=(?<access>submit\\+${ACHARS}|user\\+${ACHARS}|authuser|anonymous)`,
    `(?::(?<mechanism>[A-Za-z0-9.-]+):(?<token>[0-9A-Fa-f]{32,256}))?)?$`,
  ].join(''),
  'i',
);

type Parts = Readonly<Record<string, string | undefined>>;

export function imapUrl(text: string): ImapUrl | undefined {
  if (text.length > MAX_URL) return undefined;
  const parts: Parts | undefined = SHAPE.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const mailbox = decoded(parts.mailbox?.replace(/\/$/, ''));
  // The slash before the octets is the section's by the letter of the grammar, and belongs to none.
  const section = sectionOf(parts.offset === undefined ? parts.section : parts.section?.replace(/\/$/, ''));
  const authorization = authorizationOf(text, parts);
  const server = serverOf(parts);
  if (mailbox === null || section === undefined || authorization === null || server === null)
    return undefined;
  // A whole URL names its mailbox; two slashes in front are the name of a server.
  if (mailbox === undefined ? server !== undefined : mailbox.startsWith('/')) return undefined;
  return {
    ...{ server, mailbox, section, authorization },
    uidValidity: parts.uidValidity === undefined ? undefined : Number(parts.uidValidity),
    uid: Number(parts.uid),
    partial: parts.offset === undefined ? undefined : partialOf(parts.offset, parts.length),
  };
}

/** Null: there is one, and it is wrong. */
function serverOf({ user: encoded, host, port }: Parts): UrlServer | undefined | null {
  if (host === undefined) return undefined;
  const user = decoded(encoded);
  if (user === null) return null;
  return { user, host: host.toLowerCase(), port: port === undefined ? undefined : Number(port) };
}

function authorizationOf(text: string, parts: Parts): UrlAuthorization | undefined | null {
  const { access, expires, mechanism, token } = parts;
  if (access === undefined) return undefined;
  const expiresMs = expires === undefined ? undefined : momentOf(expires);
  const who = accessOf(access);
  if (who === undefined || Number.isNaN(expiresMs)) return null;
  if (mechanism === undefined || token === undefined)
    return { rump: text, expiresMs, access: who, verifier: undefined };
  const rump = text.slice(0, text.length - token.length - mechanism.length - 2);
  return { rump, expiresMs, access: who, verifier: { mechanism: mechanism.toUpperCase(), token } };
}

function accessOf(text: string): UrlAccess | undefined {
  const plus = text.indexOf('+');
  const kind = (plus < 0 ? text : text.slice(0, plus)).toLowerCase();
  if (kind === 'authuser' || kind === 'anonymous') return { kind };
  const user = decoded(text.slice(plus + 1));
  if (user === null || user === undefined || (kind !== 'submit' && kind !== 'user')) return undefined;
  return { kind, user };
}

/** RFC 3339 §5.6 `date-time`; NaN when it is none. */
function momentOf(text: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i.test(text)) return Number.NaN;
  return Date.parse(text.toUpperCase());
}

function partialOf(offset: string, length: string | undefined): NonNullable<ImapUrl['partial']> {
  return { offset: Number(offset), length: length === undefined ? undefined : Number(length) };
}

/** `enc-section`: as FETCH has it between its brackets; undefined when it is none. */
function sectionOf(encoded: string | undefined): Section | undefined {
  const text = decoded(encoded ?? '');
  if (text === null || text === undefined) return undefined;
  const c = new Cursor({ parts: [Buffer.from(`[${text}]`)], argumentsAt: 0 });
  try {
    const parsed = section(c);
    return c.peek() === END ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxFault) return undefined;
    throw error;
  }
}

const STRICT = new TextDecoder('utf-8', { fatal: true });

/** Percent signs undone, as UTF-8; null when that is none, or has control characters in it. */
function decoded(text: string | undefined): string | undefined | null {
  if (text === undefined) return undefined;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return null;
  const octets = Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  try {
    const value = STRICT.decode(octets);
    for (let i = 0; i < value.length; i++) {
      if (value.charCodeAt(i) < 0x20 || value.charCodeAt(i) === 0x7f) return null;
    }
    return value;
  } catch {
    return null;
  }
}
