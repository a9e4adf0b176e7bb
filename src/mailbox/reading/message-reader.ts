/**
 * Reading messages for a protocol: facts and octets of many at once, exact to the octet, and never a failure because
 * one message is damaged. A client that gets an error for one broken message asks for it again for ever, so what was
 * lost is replaced: octets by `placeholder`, facts by those of a plain message without header.
 *
 * The placeholder depends on the position alone, so a message fetched in pieces is the same as one fetched whole, and
 * its size is the size the message had. Storage that fails altogether is MailboxError `unavailable`, since a client must
 * not keep a placeholder for mail that is there.
 */
import { EMPTY } from '../../base/bytes.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { decodeParts } from '../../mail/part-codec.ts';
import type { Domain } from '../domain.ts';
import { MailboxError } from '../model/errors.ts';
import type { EmailFacts, FactPart } from '../model/facts.ts';
import type { EmailId } from '../model/model.ts';
import type { EmailHold } from '../port/emails-in-use.ts';
import { type Allocate, type ByteRange, StoreError } from '../port/store.ts';

type Reader = Pick<Domain, 'store' | 'log'>;

/** Reads as a header field where a header is lost and as a sentence where a body is. */
const LOST_LINE = Buffer.from('X-Lost: this part of the message was damaged on the server.....\r\n');

/** Facts in the order asked; undefined for an email whose row is lost. */
export async function loadFacts(
  reader: Reader,
  ids: readonly EmailId[],
  parts: readonly FactPart[],
): Promise<readonly (EmailFacts | undefined)[]> {
  try {
    return await reader.store.loadEmails(ids, parts);
  } catch (error) {
    if (!isLoss(error)) throw error;
    return ids.map(() => undefined);
  }
}

/** As many octets as each range has, whatever is left of them. Keep the sum below a few MB. */
export async function readRanges(
  reader: Reader,
  ranges: readonly ByteRange[],
  allocate?: Allocate,
): Promise<readonly Buffer[]> {
  let found: readonly (Buffer | undefined)[];
  try {
    found = await reader.store.readRanges(ranges, allocate);
  } catch (error) {
    if (!isLoss(error)) throw error;
    found = [];
  }
  return ranges.map((range, index) => completed(reader, range, found[index]));
}

/** One range in slices: exactly `end - start` octets. */
export async function* streamRange(
  reader: Reader,
  range: ByteRange,
  allocate?: Allocate,
): AsyncGenerator<Buffer> {
  let at = range.start;
  try {
    for await (const slice of reader.store.readStream(range, allocate)) {
      const wanted = slice.subarray(0, range.end - at);
      at += wanted.length;
      if (wanted.length > 0) yield wanted;
    }
  } catch (error) {
    if (!isLoss(error)) throw error;
  }
  if (at >= range.end) return;
  noteLoss(reader, range);
  for (; at < range.end; at += PLACEHOLDER_SLICE) {
    yield placeholder(at, Math.min(range.end, at + PLACEHOLDER_SLICE));
  }
}

/** As `readRanges`, for those who want nothing in the place of what is lost: undefined, and no word about it. */
export async function readIntact(
  reader: Reader,
  ranges: readonly ByteRange[],
): Promise<readonly (Buffer | undefined)[]> {
  try {
    return await reader.store.readRanges(ranges);
  } catch (error) {
    if (!isLoss(error)) throw error;
    return ranges.map(() => undefined);
  }
}

/** As `streamRange`, but it ends where something is lost. */
export async function* streamIntact(reader: Reader, range: ByteRange): AsyncGenerator<Buffer> {
  try {
    yield* reader.store.readStream(range);
  } catch (error) {
    if (!isLoss(error)) throw error;
  }
}

/** For who goes through many slowly: until it is disposed of, nobody lets go of the emails that are added to it. */
export function holdEmails({ store }: Pick<Domain, 'store'>): EmailHold {
  return store.inUse.hold();
}

/** The part tree of an email; without facts, a body without a header. */
export function partsOf(facts: Pick<EmailFacts, 'parts'> | undefined, sizeBytes: number): PartOffsets {
  if (facts?.parts !== undefined) {
    try {
      return decodeParts(facts.parts);
    } catch {
      // Damaged as well: the message is read as if it had no structure.
    }
  }
  return { kind: 'leaf', headerStart: 0, bodyStart: 0, end: sizeBytes, encoding: 'identity', children: [] };
}

const PLACEHOLDER_SLICE = 1000 * LOST_LINE.length;

/** What stands in the place of lost octets `[start, end)` of a message. */
export function placeholder(start: number, end: number): Buffer {
  if (end <= start) return EMPTY;
  const shift = start % LOST_LINE.length;
  return Buffer.alloc(shift + end - start, LOST_LINE).subarray(shift);
}

function completed(reader: Reader, range: ByteRange, found: Buffer | undefined): Buffer {
  const wanted = Math.max(0, range.end - range.start);
  if (found !== undefined && found.length === wanted) return found;
  noteLoss(reader, range);
  if (found === undefined) return placeholder(range.start, range.end);
  return Buffer.concat([found, placeholder(range.start + found.length, range.end)]).subarray(0, wanted);
}

function noteLoss(reader: Reader, { email, start, end }: ByteRange): void {
  reader.log.error({ email, start, end }, 'octets of a message are lost; a placeholder was sent instead');
}

/** Lost for good: what only a repair could bring back is not replaced by anything. */
function isLoss(error: unknown): boolean {
  return error instanceof MailboxError && error.cause instanceof StoreError && error.cause.code === 'damaged';
}
