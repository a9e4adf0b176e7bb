/**
 * Octets of a header field as text, strictly as RFC 8621 §4.1.2.1 and §4.1.2.2 have it.
 *
 * Encoded words are read where RFC 2047 §5 lets them stand, between white space, and in charsets that are known: all else that
 * looks like one stays as it is. (Lists and searches of other protocols are more lenient: `mail/encoded-word.ts`.)
 */
import { latin1 } from '../../base/bytes.ts';
import { knownCharset } from '../../mail/charset.ts';
import { decodeWords, findWords } from '../../mail/encoded-word.ts';

/** Raw: with its folding; octets that are no UTF-8 become U+FFFD, NULs are gone (§4.1.2.1). */
export function rawForm(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
  return text.includes('\0') ? text.replaceAll('\0', '') : text;
}

/** Text: unfolded, decoded, in NFC (§4.1.2.2). */
export function textForm(value: Uint8Array): string {
  return decodedText(unfolded(latin1(value)).replace(/^ +/, ''));
}

/** The text of unfolded octets, given as latin1: names of addresses, too. */
export function decodedText(octets: string): string {
  const text = octets.includes('=?') ? withWords(octets) : decodeWords(octets);
  return (text.includes('\0') ? text.replaceAll('\0', '') : text).normalize('NFC');
}

/** Of folding, white space stays (RFC 5322 §2.2.3). */
export function unfolded(octets: string): string {
  return octets.includes('\n') ? octets.replace(/\r?\n/g, '') : octets;
}

/** Words that follow each other are decoded together, since many senders split a character between two. */
function withWords(octets: string): string {
  let out = '';
  let plainFrom = 0;
  let run: { readonly start: number; end: number } | undefined;
  const close = (): void => {
    if (run === undefined) return;
    out += plain(octets.slice(plainFrom, run.start)) + shown(decodeWords(octets.slice(run.start, run.end)));
    plainFrom = run.end;
    run = undefined;
  };
  for (const { start, end, charset } of findWords(octets)) {
    if (!isInPlace(octets, start, end) || !knownCharset(charset)) continue;
    if (run !== undefined && octets.slice(run.end, start).trim() === '') run.end = end;
    else {
      close();
      run = { start, end };
    }
  }
  close();
  return out + plain(octets.slice(plainFrom));
}

/** Without the decoding of what is no word here: a `=?` by itself begins none. */
function plain(octets: string): string {
  return octets
    .split('=?')
    .map((piece) => decodeWords(piece))
    .join('=?');
}

function isInPlace(text: string, start: number, end: number): boolean {
  return (
    (start === 0 || isWhite(text.charCodeAt(start - 1))) &&
    (end === text.length || isWhite(text.charCodeAt(end)))
  );
}

function isWhite(c: number): boolean {
  return c === 0x20 || c === 0x09;
}

/** Controls that were encoded are dropped. */
function shown(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, '');
}
