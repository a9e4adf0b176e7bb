/**
 * Charsets by their mail names: decoding octets to text, and which names SEARCH may use.
 *
 * Promises: decoding never fails; octets that are not of the charset become U+FFFD. An unknown name is decoded as
 * UTF-8 when the octets are valid UTF-8, else as windows-1252, which is what unlabelled mail is in practice. The names are
 * those of `charset/names.ts`; tables come with Node's ICU through TextDecoder, what it lacks from iconv-lite (decision 9), and
 * what switches by escapes and shifts (ISO-2022, HZ, UTF-7) is read here, since neither takes what mail has. Leaves to
 * others: transfer encodings.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { latin1 } from '../base/bytes.ts';
import { type CharsetDecoder, LibraryDecoder, PlatformDecoder, Utf16Decoder } from './charset/decoder.ts';
import { EucTwDecoder } from './charset/euc-tw.ts';
import { HzDecoder } from './charset/hz.ts';
import { Iso2022Decoder } from './charset/iso-2022.ts';
import { type Charset, charsetNamed } from './charset/names.ts';
import { UnlabelledDecoder, unlabelledText } from './charset/unlabelled.ts';
import { Utf7Decoder } from './charset/utf-7.ts';

/** Whether text in this charset can be decoded: SEARCH answers BADCHARSET for others (RFC 9051 §6.4.4). */
export function knownCharset(label: string): boolean {
  return charsetNamed(label) !== undefined;
}

/** The text of the octets; `label` in any case, quoted or not. */
export function decodeCharset(bytes: Uint8Array, label: string): string {
  const charset = charsetNamed(label);
  // Much mail says us-ascii, or nothing, and is UTF-8: octets above 127 prove the label wrong.
  if (charset === undefined || charset.name === 'us-ascii') return decodeUnlabelled(bytes);
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (charset.name === 'utf-8') return withoutMark(octets.toString('utf8'));
  if (charset.by === 'platform') return new TextDecoder(charset.name).decode(octets);
  if (charset.by === 'library') return iconv.decode(octets, charset.name);
  const decoder = decoderOf(charset);
  return decoder.write(octets) + decoder.end();
}

/** The same for a text that comes in pieces. */
export function charsetDecoder(label: string): CharsetDecoder {
  return decoderOf(charsetNamed(label));
}

/** Text whose charset nobody told: UTF-8 if it is that, else windows-1252. */
export function decodeUnlabelled(bytes: Uint8Array): string {
  if (isAscii(bytes)) return latin1(bytes);
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return withoutMark(isUtf8(octets) ? octets.toString('utf8') : unlabelledText(octets));
}

function decoderOf(charset: Charset | undefined): CharsetDecoder {
  if (charset?.by === 'platform') return new PlatformDecoder(charset.name);
  if (charset?.by === 'library') return new LibraryDecoder(charset.name);
  switch (charset?.name) {
    case 'utf-8':
      return new PlatformDecoder('utf-8');
    case 'utf-7':
      return new Utf7Decoder();
    case 'utf-16':
      return new Utf16Decoder(undefined);
    case 'utf-16le':
    case 'utf-16be':
      return new Utf16Decoder(charset.name);
    case 'hz':
      return new HzDecoder();
    case 'iso-2022-jp':
    case 'iso-2022-kr':
    case 'iso-2022-cn':
      return new Iso2022Decoder(charset.name);
    case 'euc-tw':
      return new EucTwDecoder();
    default:
      return new UnlabelledDecoder();
  }
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
