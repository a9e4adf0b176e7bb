/** The arguments of GENURLAUTH, URLFETCH and RESETKEY (RFC 4467 §9, RFC 5524 §5). Each begins at the space before them. */
import { type Cursor, END } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, atom, isTrailingSpace, sp } from './grammar.ts';
import { mailbox } from './mailbox.ts';

export interface UrlToAuthorize {
  readonly url: string;
  /** In capitals. */
  readonly mechanism: string;
}

export type UrlData = 'BODY' | 'BINARY' | 'BODYPARTSTRUCTURE';

export interface UrlToFetch {
  readonly url: string;
  /** Undefined: octets, in the plain form of the answer. */
  readonly wanted: readonly UrlData[] | undefined;
}

export interface KeysToReset {
  /** Undefined: of all mailboxes. */
  readonly mailbox: string | undefined;
  /** In capitals; none: all. */
  readonly mechanisms: readonly string[];
}

const OPEN = 0x28;
const CLOSE = 0x29;
/** A message has fewer parts that somebody would have all at once. */
const MAX_URLS = 200;

/** `1*(SP url-rump SP mechanism)`. */
export function urlsToAuthorize(c: Cursor): UrlToAuthorize[] {
  return severalUrls(c, () => {
    const url = urlText(c);
    sp(c);
    return { url, mechanism: atom(c).toUpperCase() };
  });
}

/** `1*(SP url-fetch-arg)`. */
export function urlsToFetch(c: Cursor): UrlToFetch[] {
  return severalUrls(c, () => {
    if (!c.maybeByte(OPEN)) return { url: urlText(c), wanted: undefined };
    const url = urlText(c);
    const wanted = new Set<UrlData>();
    while (!c.maybeByte(CLOSE)) {
      sp(c);
      wanted.add(urlData(c));
    }
    return { url, wanted: [...wanted] };
  });
}

/** `[SP mailbox *(SP mechanism)]`. */
export function keysToReset(c: Cursor): KeysToReset {
  if (c.peek() === END || isTrailingSpace(c)) return { mailbox: undefined, mechanisms: [] };
  sp(c);
  const name = mailbox(c);
  const mechanisms: string[] = [];
  while (c.peek() !== END && !isTrailingSpace(c)) {
    if (mechanisms.length === MAX_URLS) throw new SyntaxFault('Too many mechanisms');
    sp(c);
    mechanisms.push(atom(c).toUpperCase());
  }
  return { mailbox: name, mechanisms };
}

function severalUrls<T>(c: Cursor, one: () => T): T[] {
  const urls: T[] = [];
  do {
    if (urls.length === MAX_URLS)
      throw new SyntaxFault(`At most ${MAX_URLS} URLs in one command`, { code: { code: 'LIMIT' } });
    sp(c);
    urls.push(one());
  } while (c.peek() !== END && !isTrailingSpace(c));
  return urls;
}

function urlText(c: Cursor): string {
  return astring(c, 'a URL').toString('latin1');
}

function urlData(c: Cursor): UrlData {
  for (const name of ['BODY', 'BINARY', 'BODYPARTSTRUCTURE'] as const) if (c.maybeWord(name)) return name;
  return c.fail('BODY, BINARY or BODYPARTSTRUCTURE');
}
