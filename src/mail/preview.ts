/**
 * The preview of a message: the beginning of what it says, in at most 256 characters of plain text (RFC 8970 §3.3; the
 * `preview` of JMAP, RFC 8621 §4.1.4).
 *
 * Promises: from the first text of the message that says something, text or HTML, never from an attachment or from a
 * message inside; "" when there is none, encrypted ones among them. What is not closed, broken or of an unknown charset gives
 * what can be read of it. As much of a text is decoded as is needed.
 */
import { isAscii } from 'node:buffer';
import { decodeCharset, decodeUnlabelled } from './charset.ts';
import type { MimeFields } from './mime-fields.ts';
import { parameterOctets } from './parameter.ts';
import { CollectedText } from './preview/collected-text.ts';
import { readHtml } from './preview/html-text.ts';
import { readPlainText } from './preview/plain-text.ts';
import { decodeTransfer, type TransferEncoding } from './transfer-encoding.ts';

/** The beginning of a text of the message, as it was sent. */
export interface TextHead {
  readonly fields: MimeFields;
  readonly encoding: TransferEncoding;
  readonly octets: Buffer;
  /** The text is longer. */
  readonly isCut: boolean;
}

/** Octets that are decoded first: of most texts that is more than enough. */
export const FIRST_BYTES = 6 * 1024;

const ARMOURED = /^-----BEGIN PGP (?:MESSAGE|PUBLIC KEY BLOCK)-----/;

/** From the texts in the order in which they stand. */
export function previewOf(heads: readonly TextHead[]): string {
  for (const head of heads) {
    const preview = collect(head).preview();
    if (preview !== '') return preview;
  }
  return '';
}

/** From the first FIRST_BYTES of the first text: undefined when more of it may change the preview. */
export function previewIfFull(head: TextHead): string | undefined {
  const collected = collectFrom(head, head.octets, true);
  return collected.isFull ? collected.preview() : undefined;
}

/** Whether the preview may come from a part with these fields. */
export function isPreviewable({ mediaType, disposition }: MimeFields): boolean {
  if (mediaType !== 'text/plain' && mediaType !== 'text/html' && mediaType !== 'text/markdown') return false;
  return disposition?.type.toLowerCase() !== 'attachment';
}

function collect(head: TextHead): CollectedText {
  for (let size = FIRST_BYTES; ; size *= 4) {
    const isAll = size >= head.octets.length;
    const octets = isAll ? head.octets : head.octets.subarray(0, size);
    const collected = collectFrom(head, octets, !isAll || head.isCut);
    if (isAll || collected.isFull) return collected;
  }
}

function collectFrom(head: TextHead, octets: Buffer, isCut: boolean): CollectedText {
  const collected = new CollectedText();
  const text = textOf(head, octets, isCut);
  if (head.fields.mediaType === 'text/html') readHtml(text, collected);
  else if (!ARMOURED.test(text.trimStart())) readPlainText(text, collected);
  return collected;
}

function textOf({ fields, encoding }: TextHead, octets: Buffer, isCut: boolean): string {
  const decoded = decodeTransfer(octets, encoding);
  if (decoded === undefined) return '';
  const whole = isCut ? withoutCutCharacter(decoded) : decoded;
  const charset = parameterOctets(fields.parameters, 'charset') ?? charsetInside(fields, whole);
  const text = charset === undefined ? decodeUnlabelled(whole) : decodeCharset(whole, charset);
  return isCut ? text.replace(/\ufffd+$/, '') : text;
}

/** HTML says it inside. */
function charsetInside({ mediaType }: MimeFields, octets: Buffer): string | undefined {
  return mediaType !== 'text/html' || isAscii(octets) ? undefined : charsetInHtml(octets);
}

/** What the beginning of a page in HTML says its charset is. */
export function charsetInHtml(octets: Buffer): string | undefined {
  const head = octets.toString('latin1', 0, 2048);
  return /<meta\s[^>]{0,200}charset\s*=\s*["']?([\w:.-]{1,40})/i.exec(head)?.[1];
}

/** What was cut may end within a character of UTF-8, and then would not be taken for UTF-8 at all. */
function withoutCutCharacter(octets: Buffer): Buffer {
  let start = octets.length - 1;
  while (start > 0 && octets.length - start < 4 && ((octets[start] as number) & 0xc0) === 0x80) start--;
  return ((octets[start] ?? 0) & 0xc0) === 0xc0 ? octets.subarray(0, start) : octets;
}
