/**
 * The arguments of GETMETADATA and SETMETADATA (RFC 5464 §5), and of the return option of LIST (RFC 9590 §6). The empty
 * mailbox name is the server. A name of an entry that is none is a BAD of the command that has it (§3.2).
 */
import { annotationName } from '../../mail/annotation-name.ts';
import { type Cursor, LITERAL } from './cursor.ts';
import { SyntaxFault } from './fault.ts';
import { astring, label, nonEmptyList, nstring, number, sp } from './grammar.ts';
import { spServerOrMailbox } from './mailbox.ts';

/** The name of an annotation, and how the client wrote it, by which it will look for the answer. */
export interface EntryName {
  readonly name: string;
  readonly supplied: string;
}

export type Depth = 0 | 1 | 'infinity';

export interface GetMetadata {
  /** Undefined: the server. */
  readonly mailbox: string | undefined;
  readonly maxSize: number | undefined;
  readonly depth: Depth;
  readonly entries: readonly EntryName[];
}

export interface SetMetadata {
  readonly mailbox: string | undefined;
  readonly entries: readonly (EntryName & { readonly value: Buffer | undefined })[];
}

const OPEN = 0x28;
const SP = 0x20;
/** More than a mailbox can have. */
const MAX_ENTRIES = 200;

/** Options stand before the mailbox by the grammar, behind it in the examples of §4.2: both are taken. */
export function getMetadataArgs(c: Cursor): GetMetadata {
  const before = maybeSpOptions(c);
  const mailbox = spServerOrMailbox(c);
  const options = before ?? maybeSpOptions(c);
  sp(c);
  const entries = entryNames(c);
  return { mailbox, entries, maxSize: options?.maxSize, depth: options?.depth ?? 0 };
}

export function setMetadataArgs(c: Cursor): SetMetadata {
  const mailbox = spServerOrMailbox(c);
  sp(c);
  const entries = bounded(
    nonEmptyList(c, () => {
      const entry = entryName(c);
      sp(c);
      return { ...entry, value: value(c) };
    }),
  );
  if (new Set(entries.map(({ name }) => name)).size < entries.length)
    throw new SyntaxFault('An entry is given twice');
  return { mailbox, entries };
}

/** `entries`: one, or a list of them; what comes again counts once. */
export function entryNames(c: Cursor): readonly EntryName[] {
  const entries = c.peek() === OPEN ? bounded(nonEmptyList(c, () => entryName(c))) : [entryName(c)];
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()];
}

function entryName(c: Cursor): EntryName {
  const supplied = astring(c, 'the name of an entry').toString('latin1');
  const name = annotationName(supplied);
  if (name === undefined)
    throw new SyntaxFault('The name of an entry is /shared/... or /private/..., of ASCII without * and %');
  return { name, supplied };
}

function bounded<T>(entries: readonly T[]): readonly T[] {
  if (entries.length > MAX_ENTRIES) throw new SyntaxFault('Too many entries', { code: { code: 'LIMIT' } });
  return entries;
}

/** `nstring / literal8`. */
function value(c: Cursor): Buffer | undefined {
  if (c.peek() !== LITERAL) return nstring(c);
  const mark = c.mark();
  const literal = c.maybeLiteral();
  if (literal?.kind === 'buffered' && literal.isBinary) return literal.bytes;
  c.reset(mark);
  return nstring(c);
}

interface Options {
  readonly maxSize?: number;
  readonly depth?: Depth;
}

/** A list of words here are options: names of entries begin with a slash. */
function maybeSpOptions(c: Cursor): Options | undefined {
  if (c.peek() !== SP || c.peekAt(1) !== OPEN || !isLetter(c.peekAt(2))) return undefined;
  sp(c);
  let options: Options = {};
  nonEmptyList(c, () => {
    const name = label(c, 'MAXSIZE or DEPTH');
    sp(c);
    if (name === 'MAXSIZE' && options.maxSize === undefined) options = { ...options, maxSize: number(c) };
    else if (name === 'DEPTH' && options.depth === undefined) options = { ...options, depth: depth(c) };
    else throw new SyntaxFault(`Unknown or repeated option ${name.slice(0, 40)}`);
  });
  return options;
}

function depth(c: Cursor): Depth {
  if (c.maybeWord('INFINITY')) return 'infinity';
  const found = number(c);
  if (found !== 0 && found !== 1) throw new SyntaxFault('DEPTH is 0, 1 or infinity');
  return found;
}

function isLetter(byte: number): boolean {
  return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
}
