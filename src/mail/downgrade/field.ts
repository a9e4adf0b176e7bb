/**
 * One header field to ASCII, each by its own structure (RFC 6857 §3.2): which words of a value may be replaced by what
 * depends on the field.
 *
 * Promises: never throws; ASCII, lines of at most 998 octets when the field's name is shorter; still one field, of the same
 * name or, where an identifier cannot be written in ASCII, of that name behind `Downgraded-` (§3.1.10); a field that is
 * ASCII stays octet for octet. A line that is no field stays none. The line end is what it was. Linear in the field; the
 * caller bounds it.
 */
import { CR, LF, latin1 } from '../../base/bytes.ts';
import { foldAscii, HeaderBlock, unfold } from '../header.ts';
import { isPlainHeader } from '../traits.ts';
import { downgradeAddressList } from './address-list.ts';
import { foldLine } from './fold.ts';
import { downgradeParameters } from './parameters.ts';
import { downgradeReceived } from './received.ts';
import {
  contentOf,
  downgradeComment,
  downgradeComments,
  type Token,
  textOf,
  tokensOf,
} from './structured.ts';
import { downgradePhrase, downgradeText, isPlain, isSendable } from './text.ts';
import { encodeWords } from './words.ts';

/** Values are octets (latin1), unfolded; undefined when only `Downgraded-` can keep it. */
type Method = (value: string) => string | undefined;

/** RFC 6857 §3.2.1 and RFC 6858 §2.1. */
const ADDRESS_FIELDS = [
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'return-path', 'disposition-notification-to'],
  ...['resent-from', 'resent-sender', 'resent-to', 'resent-cc', 'resent-bcc', 'resent-reply-to'],
];
/** §3.2.2. */
const COMMENT_FIELDS = [
  ...['date', 'resent-date', 'mime-version', 'content-id', 'content-transfer-encoding', 'content-language'],
  ...['accept-language', 'auto-submitted'],
];
/** §3.2.3. */
const ID_FIELDS = ['message-id', 'resent-message-id', 'in-reply-to', 'references'];

/** All others are text (§3.2.6, §3.2.8). */
const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ...ADDRESS_FIELDS.map((name) => [name, downgradeAddressList] as const),
  ...COMMENT_FIELDS.map((name) => [name, downgradeComments] as const),
  ...ID_FIELDS.map((name) => [name, downgradeIds] as const),
  ['received', downgradeReceived],
  ['content-type', downgradeParameters],
  ['content-disposition', downgradeParameters],
  ['keywords', downgradePhrases],
]);

/** A field with its continuation lines, or another line of a header. `isText`: as if its name had no structure. */
export function downgradeField(field: Buffer, isText = false): Buffer {
  if (isPlainHeader(field)) return field;
  const [known] = new HeaderBlock(field).fields();
  const text =
    known === undefined
      ? downgradeGarbage(field)
      : foldLine(downgraded(known.name, textIn(known.value), isText));
  return Buffer.from(text + lineEndOf(field), 'latin1');
}

/** A later stretch of a field that was taken for text. */
export function downgradeStretch(octets: Buffer, isAfterWord: boolean): string {
  const text = latin1(octets).replace(/\r*\n/g, '').replaceAll('\r', ' ').replaceAll('\0', '\x80');
  return foldLine(downgradeText(text, { isAfterWord })) + lineEndOf(octets);
}

function lineEndOf(line: Buffer): string {
  let end = line.length;
  if (line[end - 1] !== LF) return '';
  end--;
  while (end > 0 && line[end - 1] === CR) end--;
  return latin1(line, end);
}

function downgraded(name: string, value: string, isText: boolean): string {
  const method = (isText ? undefined : METHODS.get(foldAscii(name))) ?? downgradeText;
  const structured = method(value);
  if (structured === undefined) return `Downgraded-${name}: ${downgradeText(value)}`;
  return `${name}: ${isPlain(structured) ? structured : downgradeText(value)}`;
}

/** A NUL is no text, and 0x80 is what stands for it where the header is sent as it is. */
function textIn(value: Buffer): string {
  return unfold(value).replaceAll('\0', '\x80');
}

/** In one run of encoded words: a colon that is left could make a field of it. */
function downgradeGarbage(line: Buffer): string {
  const text = textIn(line);
  const indent = line[0] === 0x20 || line[0] === 0x09 ? ' ' : '';
  return foldLine(indent + encodeWords(Buffer.from(text, 'latin1')));
}

/** Message ids, and the words that In-Reply-To once had between them (RFC 5322 §4.5.4). */
function downgradeIds(value: string): string | undefined {
  let out = '';
  let words: Token[] = [];
  let id: Token[] | undefined;
  for (const token of tokensOf(value)) {
    if (id === undefined && token.text === '<') {
      out += downgradeWords(words);
      words = [];
      id = [];
    }
    (id ?? words).push(token);
    if (id === undefined || token.text !== '>') continue;
    if (!isPlain(textOf(id.filter(({ kind }) => kind !== 'comment')))) return undefined;
    out += id.map(inAscii).join('');
    id = undefined;
  }
  if (id !== undefined && !isPlain(textOf(id))) return undefined;
  return out + downgradeWords(id ?? words);
}

/** Phrases with commas between (RFC 5322 §3.6.5 Keywords). */
function downgradePhrases(value: string): string {
  let out = '';
  let words: Token[] = [];
  for (const token of tokensOf(value)) {
    if (token.text === ',') {
      out += `${downgradeWords(words)},`;
      words = [];
    } else words.push(token);
  }
  return out + downgradeWords(words);
}

/** A phrase with the white space around it. */
function downgradeWords(tokens: readonly Token[]): string {
  if (isSendable(textOf(tokens))) return textOf(tokens);
  if (isSendable(textOf(tokens.filter(({ kind }) => kind !== 'comment'))))
    return tokens.map(inAscii).join('');
  const comments = tokens.filter(({ kind }) => kind === 'comment').map((token) => ` ${inAscii(token)}`);
  const [lead, tail] = [tokens[0], tokens.at(-1)].map((token) => (token?.kind === 'blank' ? ' ' : ''));
  return `${lead}${downgradePhrase(contentOf(tokens))}${comments.join('')}${tail}`;
}

function inAscii({ kind, text }: Token): string {
  return kind === 'comment' ? downgradeComment(text) : text;
}
