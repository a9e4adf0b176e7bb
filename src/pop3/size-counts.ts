/**
 * Sizes of the few messages whose traits do not tell them: they are read once, converted as RETR would, and the number is
 * remembered for all sessions to come. Of a message whose lines are in order only the headers are read, since nothing else
 * of it changes.
 *
 * Promises: exactly the octets that RETR sends in the session's mode; a bounded stretch in memory at a time, and others
 * run between two of them, however many messages there are.
 */
import { LruMap } from '../base/lru.ts';
import type { HeaderRange } from '../mail/downgrade/surrogate.ts';
import { TRAIT } from '../mail/traits.ts';
import type { EmailId } from '../mailbox/model/model.ts';
import type { Maildrop } from './maildrop.ts';
import { type MaildropReader, SMALL_BYTES, type StoredMessage } from './reader.ts';
import { SentForm } from './sent-form.ts';

/** In each mode. */
const MAX_REMEMBERED = 100_000;
const BATCH_MESSAGES = 64;
/** With more headers, reading the message from end to end is cheaper. */
const MAX_HEADERS = 64;

/** Lets other sessions run. */
type Breathe = () => Promise<void> | undefined;

/** What has to be read of a message to know what is sent of it. */
interface Reading {
  readonly index: number;
  readonly message: StoredMessage;
  readonly ranges: readonly HeaderRange[];
  readonly form: SentForm;
  /** Octets that are sent as they are, whatever they are. */
  readonly restBytes: number;
}

export class SizeCounts {
  readonly #asStored = new LruMap<EmailId, number>(MAX_REMEMBERED);
  readonly #surrogates = new LruMap<EmailId, number>(MAX_REMEMBERED);

  async settle(maildrop: Maildrop, reader: MaildropReader, breathe: Breathe): Promise<void> {
    const known = maildrop.isUtf8 ? this.#asStored : this.#surrogates;
    const batch: { index: number; message: StoredMessage }[] = [];
    const count = async (): Promise<void> => {
      for await (const [{ index, message }, octets] of countBatch(batch, reader, breathe)) {
        known.set(message.email, octets);
        maildrop.setOctets(index, octets);
      }
      batch.length = 0;
    };
    for (const index of maildrop.uncounted) {
      const message = await reader.locate(index);
      const octets = message === undefined ? 0 : known.get(message.email);
      if (octets !== undefined || message === undefined) maildrop.setOctets(index, octets ?? 0);
      else if (batch.push({ index, message }) === BATCH_MESSAGES) await count();
    }
    if (batch.length > 0) await count();
  }
}

async function* countBatch(
  batch: readonly { readonly index: number; readonly message: StoredMessage }[],
  reader: MaildropReader,
  breathe: Breathe,
): AsyncGenerator<[Reading, number]> {
  const headers = await reader.headersOf(batch.map(({ message }) => message));
  let group: Reading[] = [];
  let bytes = 0;
  for (const [i, { index, message }] of batch.entries()) {
    const reading = readingOf(index, message, headers[i]);
    const size = message.sizeBytes - reading.restBytes;
    if (size > SMALL_BYTES || reading.ranges.length > MAX_HEADERS) {
      const whole = { ...reading, form: new SentForm(message.traits, headers[i]), restBytes: 0 };
      yield [whole, await octetsOf(whole, reader.stream(message), breathe)];
      continue;
    }
    if (bytes + size > SMALL_BYTES) {
      yield* countGroup(group, reader, breathe);
      group = [];
      bytes = 0;
    }
    group.push(reading);
    bytes += size;
  }
  yield* countGroup(group, reader, breathe);
}

function readingOf(
  index: number,
  message: StoredMessage,
  headers: readonly HeaderRange[] | undefined,
): Reading {
  const { sizeBytes, traits } = message;
  if (headers === undefined || (traits & TRAIT.CleanLines) === 0) {
    const ranges = [{ start: 0, end: sizeBytes }];
    return { index, message, ranges, form: new SentForm(traits, headers), restBytes: 0 };
  }
  const joined: HeaderRange[] = [];
  for (const { start, end } of headers) {
    const at = joined.at(-1)?.end ?? 0;
    joined.push({ start: at, end: at + end - start });
  }
  const restBytes = sizeBytes - (joined.at(-1)?.end ?? 0);
  return { index, message, ranges: headers, form: new SentForm(traits, joined), restBytes };
}

async function* countGroup(
  group: readonly Reading[],
  reader: MaildropReader,
  breathe: Breathe,
): AsyncGenerator<[Reading, number]> {
  if (group.length === 0) return;
  const octets = await reader.readAll(
    group.flatMap(({ message, ranges }) => ranges.map(({ start, end }) => ({ message, start, end }))),
  );
  let at = 0;
  for (const reading of group) {
    const pieces = octets.slice(at, at + reading.ranges.length);
    at += reading.ranges.length;
    yield [reading, await octetsOf(reading, pieces, breathe)];
  }
}

async function octetsOf(
  { form, restBytes }: Reading,
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  breathe: Breathe,
): Promise<number> {
  let octets = restBytes;
  for await (const piece of pieces) {
    for (const slice of form.slices(piece)) {
      for (const { length } of form.convert(slice)) octets += length;
      await breathe();
    }
  }
  for (const { length } of form.end()) octets += length;
  return octets;
}
