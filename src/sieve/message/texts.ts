/**
 * The texts of a body as tests see them (RFC 5173 §5): transfer encoding and charset undone. Of HTML, where text is wanted and not the
 * part, what a person would see.
 *
 * Promises: no more than `bodyBytes` of a message are decoded; what is behind that, and what cannot be decoded, matches nothing or as it
 * stands.
 */
import { charsetDecoder } from '../../mail/charset.ts';
import { type MimeFields, readMimeFields } from '../../mail/mime-fields.ts';
import { parameterOctets } from '../../mail/parameter.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { CollectedText } from '../../mail/preview/collected-text.ts';
import { readHtml } from '../../mail/preview/html-text.ts';
import { transferDecoder } from '../../mail/transfer-decoder.ts';
import type { TransferEncoding } from '../../mail/transfer-encoding.ts';
import type { Run } from '../run/run.ts';
import type { Steps } from '../run/steps.ts';
import type { PartPath } from './view.ts';

const PIECE_BYTES = 128 * 1024;
/** Letters of one part that are read as HTML, which is done at once; no mail that a person reads has more. */
const MAX_HTML = 256 * 1024;

/** The body as it came (RFC 5173 §5.1). */
export function* rawBody(run: Run): Steps<readonly string[]> {
  const { bodyStart, end } = yield* run.message.root();
  return [yield* decodedText(run, { from: bodyStart, to: Math.min(end, bodyStart + run.limits.bodyBytes) })];
}

/** Everything that is text for a person (§5.3). */
export function* textBody(run: Run): Steps<readonly string[]> {
  return yield* partTexts(run, (type) => type.startsWith('text/'), true);
}

/** The parts of these types (§5.2): of a multipart what is around its parts, of a message its header. */
export function* contentBody(run: Run, types: readonly string[]): Steps<readonly string[]> {
  const wanted = types.map((type) => type.toLowerCase());
  const isWanted = (mediaType: string): boolean =>
    wanted.some((type) => {
      if (type === '') return true;
      if (/^\/|\/$|\/.*\//.test(type)) return false;
      return type.includes('/') ? mediaType === type : mediaType.startsWith(`${type}/`);
    });
  return yield* partTexts(run, isWanted, false);
}

/** One part, or '' when it is no text that can be read (RFC 5703 §7). */
export function* partText(run: Run, path: PartPath): Steps<string> {
  const part = yield* run.message.partAt(path);
  const fields = readMimeFields(yield* run.message.headerAt(path), false);
  if (part.kind !== 'leaf' || !mediaTypeOf(part, fields).startsWith('text/') || part.encoding === 'unknown')
    return '';
  return yield* leafText(run, { part, fields, room: run.limits.bodyBytes });
}

function* partTexts(
  run: Run,
  isWanted: (mediaType: string) => boolean,
  isShown: boolean,
): Steps<readonly string[]> {
  const out: string[] = [];
  const types = new Map<string, string>();
  let room = run.limits.bodyBytes;
  for (const path of yield* run.message.pathsFrom([], run.limits.parts)) {
    run.budget.step();
    const part = yield* run.message.partAt(path);
    const isInDigest = types.get(path.slice(0, -1).join('.')) === 'multipart/digest' && path.length > 0;
    const fields = readMimeFields(yield* run.message.headerAt(path), isInDigest);
    const mediaType = mediaTypeOf(part, fields);
    types.set(path.join('.'), mediaType);
    if (!isWanted(mediaType)) continue;
    if (part.kind === 'leaf') {
      const text = yield* leafText(run, { part, fields, room });
      room -= text.length;
      out.push(isShown && mediaType === 'text/html' ? shownText(text) : text);
    } else if (part.kind === 'message') out.push(yield* innerHeader(run, part));
    else out.push(...(yield* aroundParts(run, part)));
    if (room <= 0) break;
    yield undefined;
  }
  return out;
}

/** What was read as one part because its structure is broken is text (`mail/part.ts`). */
function mediaTypeOf({ kind }: PartOffsets, { mediaType }: MimeFields): string {
  return kind === 'leaf' && mediaType.startsWith('multipart/') ? 'text/plain' : mediaType;
}

interface Leaf {
  readonly part: PartOffsets;
  readonly fields: MimeFields;
  /** Octets that may still be decoded. */
  readonly room: number;
}

function* leafText(run: Run, { part, fields, room }: Leaf): Steps<string> {
  const { bodyStart, end, encoding } = part;
  const charset = fields.mediaType.startsWith('text/')
    ? parameterOctets(fields.parameters, 'charset')
    : undefined;
  return yield* decodedText(run, {
    from: bodyStart,
    to: Math.min(end, bodyStart + room),
    encoding,
    ...(charset !== undefined && { charset }),
  });
}

function* innerHeader(run: Run, { children: [inner] }: PartOffsets): Steps<string> {
  if (inner === undefined) return '';
  const { headerStart, bodyStart } = inner;
  return yield* decodedText(run, {
    from: headerStart,
    to: Math.min(bodyStart, headerStart + run.limits.bodyBytes),
  });
}

/** Prologue and epilogue, without the delimiters. */
function* aroundParts(run: Run, { bodyStart, end, children }: PartOffsets): Steps<readonly string[]> {
  const [first, last] = [children[0], children.at(-1)];
  if (first === undefined || last === undefined) return [];
  const before = yield* decodedText(run, { from: bodyStart, to: first.headerStart });
  const after = yield* decodedText(run, { from: last.end, to: end });
  const prologue = before.replace(/(?:^|\r?\n)--[^\n]*\r?\n$/, '');
  return [prologue, after.replace(/^\r?\n--[^\n]*(?:\r?\n|$)/, '')];
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly encoding?: TransferEncoding;
  /** Absent: nobody told. */
  readonly charset?: string;
}

/** In pieces, with chances for others between them; the whole is not in memory twice. */
function* decodedText(run: Run, { from, to, encoding = 'identity', charset = '' }: Stretch): Steps<string> {
  const transfer = transferDecoder(encoding) ?? transferDecoder('identity');
  const decoder = charsetDecoder(charset);
  const pieces: string[] = [];
  for (let at = from; at < to && transfer !== undefined; at += PIECE_BYTES) {
    const octets = yield* run.message.read(at, Math.min(to, at + PIECE_BYTES));
    run.budget.look(2 * octets.length);
    pieces.push(decoder.write(transfer.write(octets)));
    yield undefined;
  }
  if (transfer !== undefined) pieces.push(decoder.write(transfer.end()));
  return pieces.join('') + decoder.end();
}

class WholeText extends CollectedText {
  text = '';

  override get isFull(): boolean {
    return false;
  }

  override add(_place: unknown, text: string): void {
    this.text += text;
  }
}

function shownText(html: string): string {
  const into = new WholeText();
  readHtml(html.slice(0, MAX_HTML), into);
  return into.text;
}
