/** Messages made of a message: a part replaced, all of it replaced, or enclosed in another one (RFC 5703 §5, §6). */
import { createHash } from 'node:crypto';
import { formatRfc5322 } from '../../mail/date.ts';
import { downgradeField } from '../../mail/downgrade/field.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { encodedField, type HeaderPiece, headerPieces, joinPieces } from './header-edit.ts';

/** A MIME entity: fields, blank line, content. */
export interface Entity {
  readonly header: Buffer;
  readonly content: Buffer;
}

const MAX_LINE = 900;

/** Of text, or of a string that has its own header (`:mime`). */
export function entityOf(text: string, isMime: boolean): Entity {
  if (!isMime) return textEntity(text);
  const octets = Buffer.from(text.toWellFormed());
  const start = text.startsWith('\r\n') ? 0 : octets.indexOf('\r\n\r\n') + 2;
  // Without a blank line there is no header.
  if (start === 1) return { header: Buffer.from('\r\n'), content: octets };
  return { header: octets.subarray(0, start + 2), content: octets.subarray(start + 2) };
}

export function replacedPart(
  whole: Buffer,
  { root, part }: { readonly root: PartOffsets; readonly part: PartOffsets },
  { header, content }: Entity,
): Buffer {
  // An edited header moves everything behind it.
  const shift = whole.length - root.end;
  return Buffer.concat([
    whole.subarray(0, part.headerStart + shift),
    header,
    content,
    whole.subarray(part.end + shift),
  ]);
}

/** All fields stay but those of MIME; what Subject and From were is kept under other names. */
export function replacedMessage(
  header: Buffer,
  entity: Entity,
  { subject, from }: { readonly subject: string | undefined; readonly from: string | undefined },
): Buffer {
  const { fields } = headerPieces(header);
  const kept = fields
    .filter(({ name }) => name !== 'mime-version' && !name.startsWith('content-'))
    .map((field) => {
      const isReplaced =
        (field.name === 'subject' && subject !== undefined) || (field.name === 'from' && from !== undefined);
      return isReplaced ? renamed(field) : field;
    });
  const own = headerPieces(entity.header).fields.filter(({ name }) => name.startsWith('content-'));
  const added = [
    ...(subject === undefined ? [] : [piece('Subject', subject)]),
    ...(from === undefined ? [] : [addressPiece('From', from)]),
    piece('MIME-Version', '1.0'),
  ];
  return Buffer.concat([joinPieces([...kept, ...added, ...own], Buffer.from('\r\n')), entity.content]);
}

export interface Enclosing {
  readonly subject: string;
  /** Names of fields that are copied. */
  readonly headers: readonly string[];
  readonly text: string;
  readonly from: string;
  readonly nowMs: number;
}

export function enclosed(whole: Buffer, { subject, headers, text, from, nowMs }: Enclosing): Buffer {
  const wanted = new Set(headers.map((name) => name.toLowerCase()));
  const isOurs = ({ name }: HeaderPiece): boolean =>
    name === 'mime-version' || name === 'subject' || name.startsWith('content-');
  const copied = headerPieces(whole).fields.filter((field) => wanted.has(field.name) && !isOurs(field));
  const boundary = `=_${createHash('sha256').update(whole).update(text).digest('hex').slice(0, 40)}`;
  const header = [
    ...copied,
    ...(wanted.has('date') ? [] : [piece('Date', formatRfc5322(Math.floor(nowMs / 1000)))]),
    ...(wanted.has('from') ? [] : [addressPiece('From', from)]),
    piece('Subject', subject),
    piece('MIME-Version', '1.0'),
    piece('Content-Type', `multipart/mixed; boundary="${boundary}"`),
  ];
  const entity = textEntity(text);
  return Buffer.concat([
    joinPieces(header, Buffer.from('\r\n')),
    Buffer.from(`--${boundary}\r\n`),
    entity.header,
    entity.content,
    Buffer.from(`\r\n--${boundary}\r\nContent-Type: message/rfc822\r\n\r\n`),
    whole,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

/** In base64 where plain letters would not do. */
export function textEntity(text: string): Entity {
  const isPlain =
    /^[\t\r\n\x20-\x7e]*$/.test(text) && !text.split('\n').some((line) => line.length > MAX_LINE);
  const octets = Buffer.from(text.toWellFormed());
  const content = isPlain ? octets : Buffer.from(octets.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n'));
  const header = [
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${isPlain ? '7bit' : 'base64'}`,
    '',
    '',
  ].join('\r\n');
  return { header: Buffer.from(header), content };
}

function piece(name: string, value: string): HeaderPiece {
  const octets = encodedField(name, value);
  return { name: name.toLowerCase(), octets, raw: octets.subarray(name.length + 1) };
}

/** Names of people become encoded words, addresses stay. */
function addressPiece(name: string, value: string): HeaderPiece {
  const clean = value.replace(/[\0-\x1f\x7f]+/g, ' ').trim();
  const octets = downgradeField(Buffer.from(`${name}: ${clean}\r\n`));
  return { name: name.toLowerCase(), octets, raw: octets.subarray(name.length + 1) };
}

function renamed({ name, raw }: HeaderPiece): HeaderPiece {
  const original = `Original-${name === 'subject' ? 'Subject' : 'From'}`;
  return { name: original.toLowerCase(), octets: Buffer.concat([Buffer.from(`${original}:`), raw]), raw };
}
