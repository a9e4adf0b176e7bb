/**
 * CATENATE (RFC 4469): messages that are put together here, of texts that the client sends and of what it has in its mailboxes
 * already, so that an attachment is forwarded or a draft edited without its octets going down and up again.
 *
 * A message that is put together is one like any other from here on: it streams to the store, within the same limits of size,
 * room and quota, which are asked before its first octet is copied, and is given up with its command. What an URL names is
 * found first, all of them; the copying comes after, when nothing is left that the client could have got wrong.
 */

import { inFewWords, type Place } from '../../mailbox/operations/visiting.ts';
import type { SessionContext, SignedIn } from '../context.ts';
import { type Completion, no } from '../replies.ts';
import type { Freed, Wanted } from '../uploads.ts';
import type { AppendMessage, CatenatePart } from '../wire/append-args.ts';
import { SyntaxFault } from '../wire/fault.ts';
import type { FrameLiteral, StreamedLiteral } from '../wire/frame.ts';
import { type ImapUrl, imapUrl } from '../wire/imap-url.ts';
import { findPart, OctetsLost, octetsOf, placeAt, type UrlPart } from './part.ts';

/** Where the messages are to go, and what goes in exchange. */
export interface Destination {
  readonly target: Place;
  readonly freed: Freed;
}

type Piece =
  | { readonly kind: 'text'; readonly literal: StreamedLiteral }
  | { readonly kind: 'url'; readonly url: string; readonly part: UrlPart };

/** Octets of a text that are copied at once. */
const SLICE_BYTES = 64 * 1024;

export function isCatenated({ data }: AppendMessage): boolean {
  return data.kind === 'catenate';
}

/** The same messages, each as one literal; or what to answer instead. Throws MailboxError as an upload that is not admitted. */
export async function catenated(
  call: SignedIn,
  { target, freed }: Destination,
  messages: readonly AppendMessage[],
): Promise<readonly AppendMessage[] | Completion> {
  const found: (readonly Piece[] | undefined)[] = [];
  for (const { data } of messages) {
    const pieces = data.kind === 'catenate' ? await findPieces(call, data.parts) : undefined;
    if (pieces !== undefined && 'status' in pieces) return pieces;
    found.push(pieces);
  }
  const whole: AppendMessage[] = [];
  for (const [index, message] of messages.entries()) {
    const pieces = found[index];
    if (pieces === undefined) whole.push(message);
    else {
      const wanted = { sizeBytes: sum(pieces.map(sizeOf)), messages: index + 1 };
      const literal = await putTogether(call, pieces, wanted, { target, freed });
      if ('status' in literal) return literal;
      whole.push({ ...message, data: { kind: 'literal', literal } });
    }
  }
  return whole;
}

async function findPieces(
  call: SignedIn,
  parts: readonly CatenatePart[],
): Promise<readonly Piece[] | Completion> {
  const pieces: Piece[] = [];
  for (const one of parts) {
    if (one.kind === 'text') pieces.push({ kind: 'text', literal: streamed(one.literal) });
    else {
      const part = await findUrl(call, imapUrl(one.url));
      if (part === undefined) return badUrl(one.url, 'There is no such message, or no such part of it');
      pieces.push({ kind: 'url', url: one.url, part });
    }
    const rest = call.session.rest();
    if (rest !== undefined) await rest;
  }
  const most = call.session.settings.maxAppendBytes;
  if (sum(pieces.map(sizeOf)) > most) return no(`A message can have at most ${most} octets`, 'TOOBIG');
  return pieces;
}

/** RFC 4469 §3: of what this session may read, by a URL that is relative to its account. */
async function findUrl({ session, state }: SignedIn, url: ImapUrl | undefined): Promise<UrlPart | undefined> {
  if (url === undefined || url.server !== undefined || url.authorization !== undefined) return undefined;
  const open = state.kind === 'selected' ? state.selected.place : undefined;
  const place = url.mailbox === undefined ? open : await placeAt(session.reach, url.mailbox);
  return place?.may('r') ? findPart(session.domain, place.account, place.mailbox, url) : undefined;
}

async function putTogether(
  { session }: SignedIn,
  pieces: readonly Piece[],
  wanted: Omit<Wanted, 'mailbox'>,
  { target, freed }: Destination,
): Promise<StreamedLiteral | Completion> {
  const { uploads, domain, settings } = session;
  // The room that was kept for the texts is part of what the message needs.
  const texts = new Map(
    pieces.map((one) => [one, one.kind === 'text' ? session.received(one.literal).blob : undefined]),
  );
  admit(session, wanted, { target, freed });
  const { sizeBytes } = wanted;
  const literal: StreamedLiteral = { kind: 'streamed', sizeBytes, isBinary: false, index: -1 };
  uploads.begin(literal, target.account.id, settings.maxAppendBytes);
  for (const piece of pieces) {
    const text = texts.get(piece);
    try {
      const octets = piece.kind === 'url' ? octetsOf(domain, piece.part) : slicesOf(text);
      for await (const slice of octets) {
        await uploads.write(literal, slice);
        const rest = session.rest();
        if (rest !== undefined) await rest;
      }
    } catch (error) {
      if (!(error instanceof OctetsLost) || piece.kind !== 'url') throw error;
      return badUrl(piece.url, 'Octets of the message cannot be read any more');
    }
  }
  await uploads.end(literal);
  await uploads.ended();
  return literal;
}

function admit(
  { uploads }: SessionContext,
  wanted: Omit<Wanted, 'mailbox'>,
  { target, freed }: Destination,
): void {
  try {
    uploads.admit(target.account, { ...wanted, mailbox: target.mailbox }, freed);
  } catch (error) {
    if (target.isOwn) throw error;
    inFewWords(error);
  }
}

interface Text {
  readonly sizeBytes: number;
  read(from: number, to: number): Buffer | Promise<Buffer>;
}

async function* slicesOf(text: Text | undefined): AsyncGenerator<Buffer> {
  if (text === undefined) return;
  for (let at = 0; at < text.sizeBytes; at += SLICE_BYTES) {
    yield await text.read(at, Math.min(text.sizeBytes, at + SLICE_BYTES));
  }
}

function sizeOf(piece: Piece): number {
  return piece.kind === 'text' ? piece.literal.sizeBytes : piece.part.end - piece.part.start;
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, one) => all + one, 0);
}

/** The literal policy streams whatever stands behind TEXT. */
function streamed(literal: FrameLiteral): StreamedLiteral {
  if (literal.kind === 'streamed') return literal;
  throw new SyntaxFault('Expected the text as a literal');
}

/** As much of it as an answer can repeat (RFC 4469 §5 `url-resp-text`). */
const MAX_REPEATED = 1000;

function badUrl(url: string, text: string): Completion {
  const isPlain = url.length <= MAX_REPEATED && /^[\x21-\x5b\x5e-\x7e]+$/.test(url);
  return no(text, isPlain ? `BADURL ${url}` : 'BADURL ?');
}
