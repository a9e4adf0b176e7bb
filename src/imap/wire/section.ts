/**
 * What a FETCH of bytes names: `BODY[...]<...>`, `BINARY[...]<...>` (RFC 9051 §6.4.5, §9 `section`; RFC 3516 §4.2), and
 * the same back in print, since the response repeats it.
 *
 * The type is that of `mail/section.ts`; which bytes it means is said there. Field names are checked to be such that
 * the response can repeat them as atoms or quoted strings: a name with a line end in it is in no header.
 */
import type { Section } from '../../mail/section.ts';
import { ASTRING, CLASS, DIGIT } from './chars.ts';
import type { Cursor } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, nonEmptyList, number64, nzNumber, sp } from './grammar.ts';

/** `<offset.length>`: octets of the section, the first being 0. */
export interface Partial {
  readonly offset: number;
  readonly length: number;
}

export interface SectionRequest {
  readonly section: Section;
  readonly partial?: Partial;
}

export interface BinaryRequest {
  /** Empty: the whole message. */
  readonly path: readonly number[];
  readonly partial?: Partial;
}

const BRACKET = 0x5b;
const END_BRACKET = 0x5d;
const DOT = 0x2e;
const ANGLE = 0x3c;
const END_ANGLE = 0x3e;
/** As deep as MIME trees are read. */
const MAX_PATH = 100;
const MAX_FIELDS = 1000;

/** What follows BODY.PEEK: `section [partial]`. */
export function sectionRequest(c: Cursor): SectionRequest {
  return maybeSectionRequest(c) ?? c.fail('[');
}

/** What follows BODY: a section, or nothing, for then BODY is the short BODYSTRUCTURE. */
export function maybeSectionRequest(c: Cursor): SectionRequest | undefined {
  if (c.peek() !== BRACKET) return undefined;
  return withPartial({ section: section(c) }, maybePartial(c));
}

/** What follows BINARY and BINARY.PEEK: `section-binary [partial]`. */
export function binaryRequest(c: Cursor): BinaryRequest {
  return withPartial({ path: sectionBinary(c) }, maybePartial(c));
}

export function section(c: Cursor): Section {
  c.expectByte(BRACKET, '[');
  const path = sectionPart(c);
  const parsed = sectionSpec(c, path);
  c.expectByte(END_BRACKET, ']');
  return parsed;
}

/** `"[" [section-part] "]"`, also that of BINARY.SIZE. */
export function sectionBinary(c: Cursor): number[] {
  c.expectByte(BRACKET, '[');
  const path = sectionPart(c);
  if (path.length > 0 && c.peekAt(-1) === DOT) c.fail('a part number');
  c.expectByte(END_BRACKET, ']');
  return path;
}

/** `nz-number *("." nz-number)`, and the dot before a section-text when there is one. */
function sectionPart(c: Cursor): number[] {
  const path: number[] = [];
  while (c.isAt(DIGIT)) {
    if (path.length === MAX_PATH) throw new SyntaxFault('Part number is too deep');
    path.push(nzNumber(c));
    if (!c.maybeByte(DOT)) break;
  }
  return path;
}

function sectionSpec(c: Cursor, path: number[]): Section {
  const hasDot = path.length > 0 && c.peekAt(-1) === DOT;
  if (path.length > 0 && !hasDot) return { path, kind: 'all' };
  if (c.maybeWord('HEADER.FIELDS.NOT')) return { path, kind: 'header.fields.not', fields: headerList(c) };
  if (c.maybeWord('HEADER.FIELDS')) return { path, kind: 'header.fields', fields: headerList(c) };
  if (c.maybeWord('HEADER')) return { path, kind: 'header' };
  if (c.maybeWord('TEXT')) return { path, kind: 'text' };
  if (hasDot) {
    if (c.maybeWord('MIME')) return { path, kind: 'mime' };
    c.fail('HEADER, TEXT, MIME or a part number');
  }
  return { path, kind: 'all' };
}

/** `SP header-list`. */
function headerList(c: Cursor): string[] {
  sp(c);
  const fields = nonEmptyList(c, headerFieldName);
  if (fields.length > MAX_FIELDS)
    throw new SyntaxFault('Too many header fields', { code: { code: 'LIMIT' } });
  return fields;
}

function headerFieldName(c: Cursor): string {
  const name = astring(c, 'the name of a header field').toString('latin1');
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) throw new SyntaxFault('A header field has a name of printable ASCII');
  }
  return name;
}

export function maybePartial(c: Cursor): Partial | undefined {
  if (!c.maybeByte(ANGLE)) return undefined;
  const offset = number64(c);
  c.expectByte(DOT, '.');
  const length = number64(c);
  if (length === 0) throw new SyntaxFault('A partial fetch asks for at least one octet');
  c.expectByte(END_ANGLE, '>');
  return { offset, length };
}

function withPartial<T extends object>(
  request: T,
  partial: Partial | undefined,
): T & { readonly partial?: Partial } {
  return partial === undefined ? request : { ...request, partial };
}

/** `[1.2.HEADER.FIELDS (SUBJECT)]`, for the response; `BODY` and the `<origin>` are the caller's. */
export function formatSection({ path, kind, fields }: Section): string {
  const part = path.join('.');
  if (kind === 'all') return `[${part}]`;
  const spec = `${part}${part === '' ? '' : '.'}${kind.toUpperCase()}`;
  return fields === undefined ? `[${spec}]` : `[${spec} (${fields.map(formatFieldName).join(' ')})]`;
}

function formatFieldName(name: string): string {
  let isAtom = name !== '';
  for (let i = 0; i < name.length && isAtom; i++) {
    isAtom = ((CLASS[name.charCodeAt(i)] as number) & ASTRING) !== 0 && name[i] !== ']';
  }
  return isAtom ? name : `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
