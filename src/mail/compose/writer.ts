/**
 * A draft as octets (RFC 5322, RFC 2045 to 2047, RFC 2231): piece by piece, so that attachments pass by and are never held, and in
 * slices, so that a long text holds nobody up.
 *
 * Promises: the parts that are asked for, in that structure, with that content to the octet; of texts the line ends are CRLF, and all
 * else is as it was. Lines of at most 76 octets, but for messages inside and fields that give no place to fold. No delimiter
 * occurs in what it delimits: it is drawn at random anew.
 */
import { randomBytes } from 'node:crypto';
import { TimeSlice } from '../../base/time-slice.ts';
import { foldLine } from '../downgrade/fold.ts';
import type { Draft, DraftBlob, DraftPart } from './draft.ts';
import { fieldOctets, plainField } from './field.ts';
import { parameter } from './parameters.ts';
import { CharsetScan, type Encoding, TextScan } from './text-scan.ts';
import { Base64Lines, CrlfLines, QuotedPrintable } from './transfer.ts';

const CRLF = Buffer.from('\r\n');
/** Of a text, in letters. */
const SLICE = 16 * 1024;

export async function* writeDraft({ fields, body }: Draft): AsyncGenerator<Buffer> {
  const has = new Set(fields.map(({ name }) => name.toLowerCase()));
  const own = fields.map(fieldOctets);
  if (!has.has('mime-version')) own.push(plainField('MIME-Version', '1.0'));
  yield Buffer.concat(own);
  yield* writePart(body);
}

async function* writePart(part: DraftPart): AsyncGenerator<Buffer> {
  const { content } = part;
  if (content.kind === 'text') yield* writeText(part, content.text);
  else if (content.kind === 'blob') yield* writeBlob(part, content.blob);
  else yield* writeParts(part, content.parts);
}

async function* writeParts(part: DraftPart, parts: readonly DraftPart[]): AsyncGenerator<Buffer> {
  // What RFC 2045 §6.7 calls a boundary that no line of quoted-printable can be.
  const boundary = `=_${randomBytes(18).toString('base64url')}`;
  yield headerOf(part, parameter('boundary', boundary), undefined);
  for (const child of parts) {
    yield Buffer.from(`--${boundary}\r\n`);
    yield* writePart(child);
    yield CRLF;
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

async function* writeText(part: DraftPart, text: string): AsyncGenerator<Buffer> {
  const scan = new TextScan();
  for await (const piece of inLines(text)) scan.write(piece);
  const { encoding } = scan;
  const isFlowed = part.type === 'text/plain' && scan.isFlowable;
  const more = parameter('charset', 'utf-8') + (isFlowed ? parameter('format', 'flowed') : '');
  yield headerOf(part, more, encoding);
  yield* encoded(inLines(text), encoding);
}

async function* writeBlob(part: DraftPart, blob: DraftBlob): AsyncGenerator<Buffer> {
  if (part.type.startsWith('message/')) {
    const scan = new TextScan();
    for await (const piece of blob.open()) scan.write(piece);
    const { identity } = scan;
    // A message that no line of mail can carry is one of RFC 6532 §3.5, which may be encoded.
    const type = identity === undefined && part.type === 'message/rfc822' ? 'message/global' : part.type;
    yield headerOf({ ...part, type }, '', identity ?? 'base64');
    yield* encoded(blob.open(), identity ?? 'base64');
    return;
  }
  let charset = part.charset;
  if (charset === undefined && part.type.startsWith('text/')) {
    const scan = new CharsetScan();
    for await (const piece of blob.open()) scan.write(piece);
    charset = scan.end();
  }
  yield headerOf(part, charset === undefined ? '' : parameter('charset', charset), 'base64');
  yield* encoded(blob.open(), 'base64');
}

/** Encoded in CRLF lines; pieces are sliced by whoever gives them. */
async function* encoded(pieces: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  const slice = new TimeSlice();
  const coder =
    encoding === 'base64'
      ? new Base64Lines()
      : encoding === 'quoted-printable'
        ? new QuotedPrintable()
        : undefined;
  for await (const piece of pieces) {
    const spent = slice.spent();
    if (spent !== undefined) await spent;
    const out = coder === undefined ? piece : coder.write(piece);
    if (out.length > 0) yield out;
  }
  const last = coder?.end();
  if (last !== undefined && last.length > 0) yield last;
}

/** A text in UTF-8 with CRLF, a stretch at a time. */
async function* inLines(text: string): AsyncGenerator<Buffer> {
  const lines = new CrlfLines();
  const slice = new TimeSlice();
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  for (let at = 0; at < whole.length; ) {
    let end = Math.min(whole.length, at + SLICE);
    // Not between the halves of one character.
    if (end < whole.length && (whole.charCodeAt(end - 1) & 0xfc00) === 0xd800) end--;
    yield lines.write(Buffer.from(whole.slice(at, end)));
    at = end;
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
}

/** With its blank line. */
function headerOf(part: DraftPart, parameters: string, encoding: Encoding | undefined): Buffer {
  const { contentType, type, name, disposition, cid, language, location, fields } = part;
  // Beside the file name of a disposition it is for programs that know no other, and they know ASCII.
  const isNamed = name !== undefined && (disposition === undefined || /^[\x20-\x7e]{1,60}$/.test(name));
  const said = `${contentType ?? type}${isNamed && contentType === undefined ? parameter('name', name) : ''}`;
  const isSaid = (one: string): boolean =>
    contentType !== undefined && new RegExp(`;\\s*${one}\\s*=`, 'i').test(contentType);
  const wanted = parameters
    .split('; ')
    .filter((one) => one !== '' && !isSaid(one.split(/[=*]/)[0] as string));
  const lines = [folded('Content-Type', [said, ...wanted].join('; '))];
  if (encoding !== undefined && encoding !== '7bit')
    lines.push(folded('Content-Transfer-Encoding', encoding));
  if (disposition !== undefined) {
    const filename = name === undefined ? '' : parameter('filename', name);
    lines.push(folded('Content-Disposition', `${disposition}${filename}`));
  }
  if (cid !== undefined) lines.push(folded('Content-ID', `<${cid}>`));
  if (language !== undefined && language.length > 0)
    lines.push(folded('Content-Language', language.join(', ')));
  if (location !== undefined) lines.push(folded('Content-Location', location));
  return Buffer.concat([...lines, ...fields.map(fieldOctets), CRLF]);
}

function folded(name: string, value: string): Buffer {
  return Buffer.from(`${foldLine(`${name}: ${value}`)}\r\n`, 'latin1');
}
