/**
 * What the MIME fields of one header say about its body (RFC 2045, 2046, 2183; defaults included).
 *
 * Promises: always gives a media type; an absent or unreadable Content-Type is text/plain; charset=us-ascii (RFC
 * 2045 §5.2), in a digest message/rfc822 (RFC 2046 §5.1.5). Strings are octets as written, unfolded. The first
 * field of a name counts. Mail without MIME-Version is read as MIME all the same, as every client does. Leaves to
 * others: what the type means for the tree.
 */
import { foldAscii, type HeaderBlock } from './header.ts';
import { truncate } from './imap-string.ts';
import { joinContinuations, type Parameter, parameterOctets, parseParameterized } from './parameter.ts';

export interface Disposition {
  readonly type: string;
  readonly parameters: readonly Parameter[];
}

export interface MimeFields {
  readonly type: string;
  readonly subtype: string;
  /** `type/subtype` in lower case. */
  readonly mediaType: string;
  readonly parameters: readonly Parameter[];
  readonly encodingName: string;
  readonly id: string | undefined;
  readonly description: string | undefined;
  readonly md5: string | undefined;
  readonly disposition: Disposition | undefined;
  readonly language: readonly string[] | undefined;
  readonly location: string | undefined;
}

const US_ASCII: readonly Parameter[] = Object.freeze([Object.freeze({ name: 'charset', value: 'us-ascii' })]);
const NONE: readonly Parameter[] = Object.freeze([]);

/** Texts are cut at this: a body structure is not the place for a novel. */
const MAX_TEXT = 4 * 1024;
const MAX_LANGUAGES = 32;

export const PLAIN_TEXT: MimeFields = Object.freeze({
  type: 'text',
  subtype: 'plain',
  mediaType: 'text/plain',
  parameters: US_ASCII,
  encodingName: '7bit',
  id: undefined,
  description: undefined,
  md5: undefined,
  disposition: undefined,
  language: undefined,
  location: undefined,
});

export const OCTET_STREAM: MimeFields = Object.freeze({
  ...PLAIN_TEXT,
  type: 'application',
  subtype: 'octet-stream',
  mediaType: 'application/octet-stream',
  parameters: NONE,
});

const DIGEST_MESSAGE: MimeFields = Object.freeze({
  ...PLAIN_TEXT,
  type: 'message',
  subtype: 'rfc822',
  mediaType: 'message/rfc822',
  parameters: NONE,
});

export function readMimeFields(header: HeaderBlock, isInDigest: boolean): MimeFields {
  const found = contentFields(header);
  const fallback = isInDigest ? DIGEST_MESSAGE : PLAIN_TEXT;
  if (found === undefined) return fallback;
  const { type, subtype, parameters } = mediaType(found.type, fallback);
  return {
    type,
    subtype,
    mediaType: foldAscii(`${type}/${subtype}`),
    parameters,
    encodingName: encodingName(found.encoding),
    id: identifier(found.id),
    description: cut(found.description),
    md5: identifier(found.md5),
    disposition: disposition(found.disposition),
    language: languages(found.language),
    location: location(found.location),
  };
}

type Found = Partial<Record<keyof typeof NAMES, string>>;

const NAMES = {
  type: 'content-type',
  encoding: 'content-transfer-encoding',
  id: 'content-id',
  description: 'content-description',
  md5: 'content-md5',
  disposition: 'content-disposition',
  language: 'content-language',
  location: 'content-location',
} as const;

const KEYS = Object.keys(NAMES) as (keyof typeof NAMES)[];

function contentFields(header: HeaderBlock): Found | undefined {
  let out: Found | undefined;
  for (const key of KEYS) {
    const at = header.indexOf(NAMES[key]);
    if (at < 0) continue;
    out ??= {};
    out[key] = header.textAt(at);
  }
  return out;
}

function mediaType(
  text: string | undefined,
  fallback: MimeFields,
): Pick<MimeFields, 'type' | 'subtype' | 'parameters'> {
  if (text === undefined) return fallback;
  const parsed = parseParameterized(text);
  const parameters = joinContinuations(parsed.parameters);
  const slash = parsed.value.indexOf('/');
  const type = truncate(slash < 0 ? parsed.value : parsed.value.slice(0, slash), MAX_TEXT);
  const subtype = slash < 0 ? '' : truncate(parsed.value.slice(slash + 1), MAX_TEXT);
  if (type !== '' && subtype !== '')
    return { type, subtype, parameters: withCharset(type, subtype, parameters) };
  // "Content-Type: multipart; boundary=x" still tells how to read it; "text" alone is the default type.
  if (foldAscii(type) === 'multipart') return { type, subtype: 'mixed', parameters };
  return { type: 'text', subtype: 'plain', parameters: withCharset('text', 'plain', parameters) };
}

/**
 * RFC 2045 §5.2: text/plain without a charset is us-ascii. Other text types have rules of their own (HTML says it
 * inside).
 */
function withCharset(type: string, subtype: string, parameters: readonly Parameter[]): readonly Parameter[] {
  if (foldAscii(type) !== 'text' || foldAscii(subtype) !== 'plain') return parameters;
  if (parameters.length === 0) return US_ASCII;
  if (parameterOctets(parameters, 'charset') !== undefined) return parameters;
  return [...parameters, ...US_ASCII];
}

/** The token alone: comments and what some senders append (`7bit;`) would not be an encoding's name. */
function encodingName(text: string | undefined): string {
  if (text === undefined) return '7bit';
  const name = truncate(parseParameterized(text).value, 100);
  return name === '' ? '7bit' : name;
}

function disposition(text: string | undefined): Disposition | undefined {
  if (text === undefined) return undefined;
  const parsed = parseParameterized(text);
  const parameters = joinContinuations(parsed.parameters);
  if (parsed.value === '' && parameters.length === 0) return undefined;
  // Unknown and missing types are to be treated as attachment (RFC 2183 §2.8).
  return { type: parsed.value === '' ? 'attachment' : truncate(parsed.value, MAX_TEXT), parameters };
}

/** RFC 3282: tags separated by commas, comments allowed. */
function languages(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const tags = withoutComments(truncate(text, MAX_TEXT))
    .split(',', MAX_LANGUAGES)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  return tags.length === 0 ? undefined : tags;
}

/** A message id, or an MD5 sum: comments may stand around it (RFC 2045 §7). */
function identifier(text: string | undefined): string | undefined {
  return text === undefined ? undefined : withoutComments(truncate(text, MAX_TEXT)).trim();
}

/** RFC 2557 §4.2, §4.4.2: comments may stand around a URI, and folding white space inside is no part of it. */
function location(text: string | undefined): string | undefined {
  return text === undefined
    ? undefined
    : withoutComments(truncate(text, MAX_TEXT), true).replace(/[ \t]+/g, '');
}

/**
 * Comments (RFC 5322 §3.2.2) become one blank; what is quoted or in angle brackets has none. In a URI a parenthesis that
 * touches what is before it is a part of it. A comment that is never closed reaches to the end.
 */
function withoutComments(text: string, isUri = false): string {
  if (!text.includes('(')) return text;
  let out = '';
  let mayBegin = true;
  for (let at = 0; at < text.length; ) {
    const sign = text.charAt(at);
    if (sign === '(' && mayBegin) {
      at = commentEnd(text, at);
      out += ' ';
      continue;
    }
    const close = sign === '"' ? text.indexOf('"', at + 1) : sign === '<' ? text.indexOf('>', at + 1) : -1;
    // What is never closed: no later one is either, and looking again for each would cost their square.
    if (close < 0 && (sign === '"' || sign === '<')) return out + text.slice(at);
    const end = Math.max(close, at) + 1;
    out += text.slice(at, end);
    mayBegin = !isUri || sign === ' ' || sign === '\t';
    at = end;
  }
  return out;
}

function commentEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const sign = text.charAt(i);
    if (sign === '\\') i++;
    else if (sign === '(') depth++;
    else if (sign === ')' && --depth === 0) return i + 1;
  }
  return text.length;
}

function cut(text: string | undefined): string | undefined {
  return text === undefined ? undefined : truncate(text, MAX_TEXT);
}
