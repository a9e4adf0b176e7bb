/**
 * From a section of FETCH to octets of the message: part numbers and part specifiers of RFC 9051 §6.4.5.1.
 *
 * Promises: needs only the stored offsets, so the caller reads no octet but those that are sent; a section that
 * does not exist is undefined. HEADER.FIELDS is the header's range passed through `filterHeader`. Leaves to others:
 * partial fetches, decoding (BINARY), NIL or an empty string for what does not exist.
 */
import type { ByteRange } from './header.ts';
import { HeaderFilter } from './header-filter.ts';
import type { PartOffsets } from './part.ts';

export type SectionKind = 'all' | 'header' | 'header.fields' | 'header.fields.not' | 'text' | 'mime';

export interface Section {
  readonly path: readonly number[];
  readonly kind: SectionKind;
  readonly fields?: readonly string[];
}

/**
 * The part of this number. A multipart's parts are counted from 1; any other message has one part, 1, its body. The
 * numbers inside a message part count the parts of the message in it.
 */
export function partAt<P extends PartOffsets>(root: P, path: readonly number[]): P | undefined {
  let part: P | undefined;
  for (const number of path) {
    part = part === undefined ? numbered(root, number) : inside(part, number);
    if (part === undefined) return undefined;
  }
  return part ?? root;
}

/** The octets of a section. For header.fields and header.fields.not these are the whole header. */
export function sectionRange(root: PartOffsets, section: Section): ByteRange | undefined {
  const { path, kind } = section;
  const part = partAt(root, path);
  if (part === undefined) return undefined;
  if (kind === 'mime')
    return path.length === 0 ? undefined : { start: part.headerStart, end: part.bodyStart };
  if (kind === 'all') return { start: path.length === 0 ? part.headerStart : part.bodyStart, end: part.end };
  // HEADER and TEXT are of a message: the whole one, or the one inside a message part.
  const message = path.length === 0 ? part : part.kind === 'message' ? part.children[0] : undefined;
  if (message === undefined) return undefined;
  if (kind === 'text') return { start: message.bodyStart, end: message.end };
  return { start: message.headerStart, end: message.bodyStart };
}

/**
 * The named fields of a header, or with `not` all others, as they stand and in their order, and the blank line when the
 * header has one: a subset of what HEADER gives, octet for octet (RFC 9051 §6.4.5.1, §7.5.2).
 */
export function filterHeader(header: Buffer, names: readonly string[], not: boolean): Buffer {
  return Buffer.concat(new HeaderFilter(names, not).whole(header));
}

/** Part `number` of a message. */
function numbered<P extends PartOffsets>(message: P, number: number): P | undefined {
  if (message.kind === 'multipart') return message.children[number - 1] as P | undefined;
  return number === 1 ? message : undefined;
}

/** Part `number` inside a part. */
function inside<P extends PartOffsets>(part: P, number: number): P | undefined {
  if (part.kind === 'multipart') return part.children[number - 1] as P | undefined;
  return part.kind === 'message' ? numbered(part.children[0] as P, number) : undefined;
}
