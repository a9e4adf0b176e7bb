/**
 * The MIME structure of a message as JMAP has it (RFC 8621 §4.1.4): parts with what their headers say. Messages inside are parts like
 * others, not looked into.
 *
 * The tree is that of the stored offsets; each header is read where it stands, so that nothing is lost of it. Part numbers are those of
 * IMAP (RFC 9051 §6.4.5.1).
 */
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import { type MimeFields, PLAIN_TEXT, readMimeFields } from '../../mail/mime-fields.ts';
import { decodedParameter, parameterOctets } from '../../mail/parameter.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { MethodError } from '../core/fault.ts';
import { rawForm } from './header-text-form.ts';
import type { MessageOctets } from './message-octets.ts';

export interface BodyPart {
  readonly offsets: PartOffsets;
  /** `1.2`. */
  readonly path: readonly number[];
  readonly header: HeaderBlock;
  /** In lower case. */
  readonly type: string;
  readonly charset: string | null;
  readonly name: string | null;
  readonly disposition: string | null;
  readonly cid: string | null;
  readonly language: readonly string[] | null;
  readonly location: string | null;
  /** Of a multipart. */
  readonly subParts: readonly BodyPart[] | undefined;
}

/** Headers of parts that are read at once. */
const READ_BYTES = 1024 * 1024;
/** Of one part: what tells how to read it is in there, or nowhere. */
const MOST_HEADER_BYTES = 64 * 1024;

/** Parts that one call may look at, of all its emails together. */
export class PartBudget {
  #left = 50_000;

  take(count: number): void {
    this.#left -= count;
    if (this.#left < 0)
      throw new MethodError('requestTooLarge', 'the messages have too many parts: ask for fewer at once');
  }
}

export async function readBodyTree(
  octets: MessageOctets,
  root: PartOffsets,
  budget: PartBudget,
): Promise<BodyPart> {
  const parts = allParts(root);
  budget.take(parts.length);
  const headers = new Map<PartOffsets, HeaderBlock>();
  for (let at = 0; at < parts.length; ) {
    const group: PartOffsets[] = [];
    for (let bytes = 0; at < parts.length && bytes < READ_BYTES; at++) {
      const part = parts[at] as PartOffsets;
      group.push(part);
      bytes += headerStretch(part, root).end - part.headerStart;
    }
    const found = await octets.read(group.map((part) => headerStretch(part, root)));
    for (const [i, part] of group.entries()) headers.set(part, new HeaderBlock(found[i] as Buffer));
  }
  return bodyPart(root, { headers, path: [], isInDigest: false });
}

/** Depth first. */
function allParts(root: PartOffsets): readonly PartOffsets[] {
  const parts = [root];
  for (let i = 0; i < parts.length; i++) {
    const { kind, children } = parts[i] as PartOffsets;
    if (kind === 'multipart') for (const child of children) parts.push(child);
  }
  return parts;
}

function headerStretch(
  part: PartOffsets,
  root: PartOffsets,
): { readonly start: number; readonly end: number } {
  const most = part === root ? MAX_PARSED_BYTES : MOST_HEADER_BYTES;
  return { start: part.headerStart, end: Math.min(part.bodyStart, part.headerStart + most) };
}

interface Place {
  readonly headers: ReadonlyMap<PartOffsets, HeaderBlock>;
  readonly path: readonly number[];
  readonly isInDigest: boolean;
}

/** Recursion is bounded by the depth of part trees. */
function bodyPart(offsets: PartOffsets, { headers, path, isInDigest }: Place): BodyPart {
  const header = headers.get(offsets) as HeaderBlock;
  const isMultipart = offsets.kind === 'multipart';
  const read = readMimeFields(header, isInDigest);
  // One without a boundary is text that a person can read.
  const isBroken = !isMultipart && read.mediaType.startsWith('multipart/');
  const fields = isBroken ? { ...read, ...PLAIN_TEXT } : read;
  const isDigest = fields.mediaType === 'multipart/digest';
  return {
    offsets,
    path: isMultipart || path.length > 0 ? path : [1],
    header,
    type: rawForm(Buffer.from(fields.mediaType, 'latin1')),
    charset: charsetOf(header, fields),
    ...describedBy(fields),
    subParts: isMultipart
      ? offsets.children.map((child, i) =>
          bodyPart(child, { headers, path: [...path, i + 1], isInDigest: isDigest }),
        )
      : undefined,
  };
}

function describedBy({ disposition, parameters, id, language, location }: MimeFields) {
  const name =
    decodedParameter(disposition?.parameters ?? [], 'filename') ?? decodedParameter(parameters, 'name');
  const text = (octets: string): string => rawForm(Buffer.from(octets, 'latin1'));
  return {
    name: name === undefined || name === '' ? null : name.normalize('NFC'),
    disposition: disposition === undefined ? null : text(disposition.type).toLowerCase(),
    cid: id === undefined ? null : text(id.replace(/^<|>$/g, '')),
    language: language === undefined ? null : language.map(text),
    location: location === undefined ? null : text(location),
  };
}

/** As the part says, or what MIME says where it says nothing (RFC 8621 §4.1.4). */
function charsetOf(header: HeaderBlock, { mediaType, parameters }: MimeFields): string | null {
  const charset = parameterOctets(parameters, 'charset');
  if (charset !== undefined) return rawForm(Buffer.from(charset, 'latin1'));
  const isText = mediaType.startsWith('text/') || header.indexOf('content-type') < 0;
  return isText ? 'us-ascii' : null;
}
