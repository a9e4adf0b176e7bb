/**
 * Charsets by their mail names: decoding octets to text, and which names SEARCH may use.
 *
 * Promises: decoding never fails; octets that are not of the charset become U+FFFD. An unknown name is decoded as
 * UTF-8 when the octets are valid UTF-8, else as windows-1252, which is what unlabelled mail is in practice. The
 * tables come with Node's ICU through TextDecoder; names that mail uses and the Encoding Standard does not know are
 * mapped here, and the seven-bit forms it forbids (UTF-7, HZ, ISO-2022-KR) are read by hand. Leaves to others:
 * transfer encodings.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { latin1 } from '../base/bytes.ts';

/** Names that TextDecoder does not take by itself, in lower case. `utf-7`, `hz` and `iso-2022-kr` are ours. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['7bit', 'us-ascii'],
  ['8bit', 'us-ascii'],
  ['default', 'us-ascii'],
  ['us', 'us-ascii'],
  ['unknown', 'us-ascii'],
  ['unknown-8bit', 'us-ascii'],
  ['x-unknown', 'us-ascii'],
  ['latin-1', 'windows-1252'],
  ['iso-latin-1', 'windows-1252'],
  ['iso-8859-1-windows-3.1-latin-1', 'windows-1252'],
  ['iso-8859-8-e', 'iso-8859-8'],
  ['cp932', 'shift_jis'],
  ['windows-932', 'shift_jis'],
  ['cp936', 'gbk'],
  ['ms936', 'gbk'],
  ['windows-936', 'gbk'],
  ['gb18030-2000', 'gb18030'],
  ['cp949', 'euc-kr'],
  ['ms949', 'euc-kr'],
  ['uhc', 'euc-kr'],
  ['ks_c_5601', 'euc-kr'],
  ['cp950', 'big5'],
  ['big-5', 'big5'],
  ['big5-eten', 'big5'],
  ['eucjp', 'euc-jp'],
  ['euckr', 'euc-kr'],
  ['iso-2022-jp-1', 'iso-2022-jp'],
  ['iso-2022-jp-2', 'iso-2022-jp'],
  ['iso-2022-jp-3', 'iso-2022-jp'],
  ['iso-2022-jp-ms', 'iso-2022-jp'],
  ['cp50220', 'iso-2022-jp'],
  ['cp50221', 'iso-2022-jp'],
  ['koi8r', 'koi8-r'],
  ['cp874', 'windows-874'],
  ['macroman', 'macintosh'],
  ['utf8mb4', 'utf-8'],
  ['utf-8-mac', 'utf-8'],
  ['cp65001', 'utf-8'],
  ['utf7', 'utf-7'],
  ['unicode-1-1-utf-7', 'utf-7'],
  ['x-unicode-2-0-utf-7', 'utf-7'],
  ['unicode-2-0-utf-7', 'utf-7'],
  ['csunicode11utf7', 'utf-7'],
  ['cp65000', 'utf-7'],
  ['hz-gb-2312', 'hz'],
  ['csiso2022kr', 'iso-2022-kr'],
]);

/** No charset name is longer; a longer label is not looked up. */
const MAX_LABEL_LENGTH = 64;

/** Whether text in this charset can be decoded: SEARCH answers BADCHARSET for others (RFC 9051 §6.4.4). */
export function knownCharset(label: string): boolean {
  return encodingFor(label) !== undefined;
}

/** The text of the octets; `label` in any case, quoted or not. */
export function decodeCharset(bytes: Uint8Array, label: string): string {
  const encoding = encodingFor(label);
  switch (encoding) {
    // Much mail says us-ascii, or nothing, and is UTF-8: octets above 127 prove the label wrong.
    case undefined:
    case 'us-ascii':
      return decodeUnlabelled(bytes);
    case 'utf-8':
      return stripBom(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
    case 'utf-7':
      return decodeUtf7(bytes);
    case 'hz':
      return new TextDecoder('gbk').decode(hzToEuc(bytes));
    case 'iso-2022-kr':
      return new TextDecoder('euc-kr').decode(shiftToEuc(bytes));
    case 'utf-16le':
      // A byte order mark says more than the name (RFC 2781 §4.3); without one little endian is what is met.
      return new TextDecoder(bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : encoding).decode(bytes);
    default:
      return new TextDecoder(encoding).decode(bytes);
  }
}

/** Text whose charset nobody told: UTF-8 if it is that, else windows-1252. */
export function decodeUnlabelled(bytes: Uint8Array): string {
  if (isAscii(bytes)) return latin1(bytes);
  if (isUtf8(bytes))
    return stripBom(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  return new TextDecoder('windows-1252').decode(bytes);
}

/** The one name per charset that the code above switches on, or undefined for an unknown one. */
function encodingFor(label: string): string | undefined {
  if (label.length > MAX_LABEL_LENGTH) return undefined;
  const name = label.replace(/["' ]+/g, '').toLowerCase();
  if (name === 'us-ascii' || name === 'ascii' || name === 'ansi_x3.4-1968' || name === '') return 'us-ascii';
  if (name === 'utf-8' || name === 'utf8') return 'utf-8';
  if (name === 'utf-7' || name === 'hz' || name === 'iso-2022-kr') return name;
  const alias = ALIASES.get(name);
  if (alias !== undefined) return alias;
  const found = standardName(name) ?? standardName(name.replace(/_/g, '-'));
  if (found !== undefined) return found;
  return standardName(name.replace(/^x-|^cs/, '').replace(/^(windows|cp|iso)_?(?=\d)/, '$1-'));
}

function standardName(name: string): string | undefined {
  try {
    const encoding = new TextDecoder(name).encoding;
    return encoding === 'x-user-defined' ? undefined : encoding;
  } catch {
    return undefined;
  }
}

function stripBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

const PLUS = 0x2b;
const MINUS = 0x2d;
const TILDE = 0x7e;

/** RFC 2152: `+` starts UTF-16 in base64 without padding, `-` (or any octet that is no base64) ends it. */
function decodeUtf7(bytes: Uint8Array): string {
  let out = '';
  let from = 0;
  for (let i = bytes.indexOf(PLUS); i >= 0; i = bytes.indexOf(PLUS, from)) {
    out += latin1(bytes, from, i);
    let end = i + 1;
    while (end < bytes.length && isBase64(bytes[end] as number)) end++;
    if (end === i + 1) out += bytes[end] === MINUS ? '+' : '\ufffd';
    else out += utf16be(Buffer.from(latin1(bytes, i + 1, end), 'base64'));
    from = bytes[end] === MINUS ? end + 1 : end;
  }
  return out + latin1(bytes, from);
}

/** Whole code units only: what is left over are the padding bits. */
function utf16be(bytes: Buffer): string {
  return bytes
    .subarray(0, bytes.length & ~1)
    .swap16()
    .toString('utf16le')
    .toWellFormed();
}

function isBase64(c: number): boolean {
  return (
    (c >= 0x30 && c <= 0x39) ||
    (c >= 0x41 && c <= 0x5a) ||
    (c >= 0x61 && c <= 0x7a) ||
    c === PLUS ||
    c === 0x2f
  );
}

/** RFC 1843: `~{` and `~}` switch to and from GB 2312, whose EUC form has the high bits set. */
function hzToEuc(bytes: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  let isWide = false;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] as number;
    const next = bytes[i + 1];
    if (c === TILDE && (next === 0x7b || next === 0x7d)) {
      isWide = next === 0x7b;
      i++;
    } else if (c === TILDE && !isWide && (next === TILDE || next === 0x0a)) {
      if (next === TILDE) out[size++] = c;
      i++;
    } else {
      if (c === 0x0a) isWide = false;
      out[size++] = isWide && c > 0x20 ? c | 0x80 : c;
    }
  }
  return out.subarray(0, size);
}

/** RFC 1557: SO and SI switch to and from KS X 1001; the designation ESC $ ) C names nothing else. */
function shiftToEuc(bytes: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  let isWide = false;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] as number;
    if (c === 0x0e || c === 0x0f) isWide = c === 0x0e;
    else if (c === 0x1b && bytes[i + 1] === 0x24 && bytes[i + 2] === 0x29 && bytes[i + 3] === 0x43) i += 3;
    else {
      if (c === 0x0a) isWide = false;
      out[size++] = isWide && c > 0x20 ? c | 0x80 : c;
    }
  }
  return out.subarray(0, size);
}
