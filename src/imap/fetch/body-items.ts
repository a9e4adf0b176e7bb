/**
 * The FETCH items that are octets of the message: BODY[...], BODY.PEEK[...] and the three RFC822 items that stand for
 * them (RFC 9051 §6.4.5, RFC 3501 §6.4.5).
 *
 * Exact to the octet, in literals: what was delivered is what is sent, but for NUL, which no literal may hold (RFC 9051
 * §4.3.1, §9 CHAR8) and which is 0x80 here; BINARY gives it as it is. Only the octets that are sent are read, and of the header
 * fields that clients list by not even those: they are stored apart (`mail/stored-header.ts`), the same octets. A partial
 * names its origin alone (RFC 9051 §7.5.2), a section that does not exist is NIL, one without octets is "".
 */
import { withoutNul } from '../../mail/nul.ts';
import { filterHeader, type Section, sectionRange } from '../../mail/section.ts';
import { selectFields, wantedFields } from '../../mail/stored-header.ts';
import { type FetchedMessage, type FetchItem, fetchItem, type Octets, type Written } from '../item.ts';
import {
  formatSection,
  maybeSectionRequest,
  type Partial,
  type SectionRequest,
  sectionRequest,
} from '../wire/section.ts';
import { asciiOctets, type WireWriter } from '../wire/writer.ts';
import { writeFilteredHeader } from './filtered-header.ts';

/** Longer ranges are sent in slices instead of being held. */
export const HELD_BYTES = 256 * 1024;

export interface BodyArgs extends SectionRequest {
  /** `BODY[HEADER]<0> ` as the answer has it. */
  readonly label: Buffer;
  /** For `selectFields`, when all fields that were asked for are among those that are stored apart. */
  readonly wanted: Uint8Array | undefined;
}

export function bodySectionItems(shortStructure: (message: FetchedMessage) => Buffer): readonly FetchItem[] {
  return [
    fetchItem<BodyArgs | undefined>({
      name: 'BODY',
      parse: (c) => {
        const request = maybeSectionRequest(c);
        return request === undefined ? undefined : bodyArgs(request);
      },
      needs: (args) => (args === undefined ? ['bodyStructure'] : neededFor(args.section)),
      sparedBy: (args) => (args === undefined ? undefined : sparedBy(args)),
      setsSeen: (args) => args !== undefined,
      reads: (message, args) => (args === undefined ? undefined : rangeToRead(message, args)),
      write(out, message, args) {
        if (args !== undefined) return writeSection(out, message, args);
        out.ascii('BODY ').raw(shortStructure(message));
        return undefined;
      },
    }),
    fetchItem<BodyArgs>({
      name: 'BODY.PEEK',
      parse: (c) => bodyArgs(sectionRequest(c)),
      needs: (args) => neededFor(args.section),
      sparedBy,
      reads: rangeToRead,
      write: writeSection,
    }),
    alias('RFC822', { path: [], kind: 'all' }, true),
    alias('RFC822.HEADER', { path: [], kind: 'header' }, false),
    alias('RFC822.TEXT', { path: [], kind: 'text' }, true),
  ];
}

function alias(name: string, section: Section, setsSeen: boolean): FetchItem {
  const args: BodyArgs = { section, label: asciiOctets(`${name} `), wanted: undefined };
  return fetchItem({
    name,
    needs: () => neededFor(section),
    setsSeen: () => setsSeen,
    reads: (message) => rangeToRead(message, args),
    write: (out, message) => writeSection(out, message, args),
  });
}

function bodyArgs(request: SectionRequest): BodyArgs {
  const origin = request.partial === undefined ? '' : `<${request.partial.offset}>`;
  const { section } = request;
  const isStored = section.path.length === 0 && section.kind === 'header.fields';
  const wanted = isStored ? wantedFields(section.fields ?? []) : undefined;
  return { ...request, label: asciiOctets(`BODY${formatSection(section)}${origin} `), wanted };
}

function sparedBy({ wanted }: BodyArgs): 'header' | undefined {
  return wanted === undefined ? undefined : 'header';
}

/** The wanted fields of the message, when they are stored. */
function storedFields({ email }: FetchedMessage, { wanted }: BodyArgs): readonly Buffer[] | undefined {
  const header = wanted && email?.header;
  return header && selectFields(header, wanted);
}

function neededFor({ path, kind }: Section): readonly 'parts'[] {
  return path.length === 0 && kind === 'all' ? [] : ['parts'];
}

/** Where the section is in the message, before any filter. */
function rangeOf(message: FetchedMessage, section: Section): Octets | undefined {
  if (section.path.length === 0 && section.kind === 'all') return { start: 0, end: message.record.size };
  return sectionRange(message.parts, section);
}

function rangeToRead(message: FetchedMessage, { section, partial, wanted }: BodyArgs): Octets | undefined {
  if (wanted !== undefined && message.email?.header !== undefined) return undefined;
  const range = rangeOf(message, section);
  if (range === undefined) return undefined;
  return isFiltered(section) ? range : clipped(range, partial);
}

/** Its label, and the octets, or NIL when there is no such section. */
export function writeSection(
  out: WireWriter,
  message: FetchedMessage,
  args: BodyArgs,
): Written | Promise<Written> {
  out.raw(args.label);
  const stored = storedFields(message, args);
  if (stored !== undefined) {
    writeStored(out, stored, args);
    return undefined;
  }
  const range = rangeToRead(message, args);
  if (range === undefined) out.nil();
  else if (range.end - range.start > HELD_BYTES) return writeLong(out, message, range, args);
  else if (isFiltered(args.section))
    return whenRead(message, range, (header) => writeFiltered(out, header, args));
  else return whenRead(message, range, (bytes) => writeOctets(out, bytes));
  return undefined;
}

function writeLong(
  out: WireWriter,
  message: FetchedMessage,
  range: Octets,
  { section, partial }: BodyArgs,
): Promise<undefined> {
  if (!isFiltered(section)) return writeStream(out, message, range);
  return writeFilteredHeader(out, message, range, { section, partial, heldBytes: HELD_BYTES });
}

function writeFiltered(out: WireWriter, header: Buffer, { section, partial }: BodyArgs): void {
  const fields = filterHeader(header, section.fields ?? [], section.kind === 'header.fields.not');
  const { start, end } = clipped({ start: 0, end: fields.length }, partial);
  writeOctets(out, fields.subarray(start, end));
}

function writeStored(out: WireWriter, pieces: readonly Buffer[], { partial }: BodyArgs): void {
  if (partial !== undefined) {
    const fields = Buffer.concat(pieces);
    const { start, end } = clipped({ start: 0, end: fields.length }, partial);
    writeOctets(out, fields.subarray(start, end));
    return;
  }
  let size = 0;
  for (const piece of pieces) size += piece.length;
  if (size === 0) out.ascii('""');
  else out.literalHeader(size);
  for (const piece of pieces) out.raw(withoutNul(piece));
}

function writeOctets(out: WireWriter, bytes: Buffer): void {
  if (bytes.length === 0) out.ascii('""');
  else out.literal(withoutNul(bytes));
}

async function writeStream(
  out: WireWriter,
  message: FetchedMessage,
  { start, end }: Octets,
): Promise<undefined> {
  out.literalHeader(end - start);
  const memory = message.lend();
  for await (const slice of message.stream(start, end, memory)) {
    out.raw(withoutNul(slice));
    memory.written();
    const pause = message.breathe();
    if (pause !== undefined) await pause;
  }
  return undefined;
}

function whenRead(
  message: FetchedMessage,
  { start, end }: Octets,
  use: (bytes: Buffer) => void,
): undefined | Promise<undefined> {
  const bytes = message.read(start, end);
  if (!Buffer.isBuffer(bytes)) return bytes.then((later) => void use(later));
  use(bytes);
  return undefined;
}

/** RFC 9051 §6.4.5: a partial beyond the end is cut, one that begins there is empty. */
export function clipped(range: Octets, partial: Partial | undefined): Octets {
  if (partial === undefined) return range;
  const start = Math.min(range.end, range.start + partial.offset);
  return { start, end: Math.min(range.end, start + partial.length) };
}

function isFiltered({ kind }: Section): boolean {
  return kind === 'header.fields' || kind === 'header.fields.not';
}
