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
import { rawForm } from './header-text-form.ts';
import type { MessageOctets } from './message-octets.ts';
import type { ViewBudget } from './view-budget.ts';

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
const READ_PARTS = 500;
/** Of one part: what tells how to read it is in there, or nowhere. */
const MOST_HEADER_BYTES = 64 * 1024;

/** Throws `requestTooLarge` (`budget`). */
export async function readBodyTree(
  octets: MessageOctets,
  root: PartOffsets,
  budget: ViewBudget,
): Promise<BodyPart> {
  const places: Place[] = [{ offsets: root, path: [], isInDigest: false, siblings: [] }];
  const made: BodyPart[] = [];
  for (let at = 0; at < places.length; ) {
    const group: Place[] = [];
    for (let bytes = 0; at < places.length && bytes < READ_BYTES && group.length < READ_PARTS; at++) {
      const place = places[at] as Place;
      const { start, end } = headerStretch(place.offsets, root);
      group.push(place);
      bytes += end - start;
      const spent = budget.part();
      if (spent !== undefined) await spent;
    }
    const found = await octets.read(group.map(({ offsets }) => headerStretch(offsets, root)));
    for (const [i, place] of group.entries()) {
      const part = bodyPart(place, new HeaderBlock(found[i] as Buffer));
      place.siblings.push(part);
      made.push(part);
      for (const inner of placesIn(part)) places.push(inner);
      const spent = budget.values(1);
      if (spent !== undefined) await spent;
    }
  }
  return made[0] as BodyPart;
}

function headerStretch(
  part: PartOffsets,
  root: PartOffsets,
): { readonly start: number; readonly end: number } {
  const most = part === root ? MAX_PARSED_BYTES : MOST_HEADER_BYTES;
  return { start: part.headerStart, end: Math.min(part.bodyStart, part.headerStart + most) };
}

interface Place {
  readonly offsets: PartOffsets;
  readonly path: readonly number[];
  readonly isInDigest: boolean;
  /** Where its part belongs. */
  readonly siblings: BodyPart[];
}

function placesIn({ offsets, path, type, subParts }: BodyPart): readonly Place[] {
  if (subParts === undefined) return [];
  const isInDigest = type === 'multipart/digest';
  const siblings = subParts as BodyPart[];
  return offsets.children.map((child, i) => ({
    offsets: child,
    path: [...path, i + 1],
    isInDigest,
    siblings,
  }));
}

/** Its parts come later. */
function bodyPart({ offsets, path, isInDigest }: Place, header: HeaderBlock): BodyPart {
  const isMultipart = offsets.kind === 'multipart';
  const read = readMimeFields(header, isInDigest);
  // One without a boundary is text that a person can read.
  const isBroken = !isMultipart && read.mediaType.startsWith('multipart/');
  const fields = isBroken ? { ...read, ...PLAIN_TEXT } : read;
  return {
    offsets,
    path: isMultipart || path.length > 0 ? path : [1],
    header,
    type: rawForm(Buffer.from(fields.mediaType, 'latin1')),
    charset: charsetOf(header, fields),
    ...describedBy(fields),
    subParts: isMultipart ? [] : undefined,
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
