/**
 * Sizes of the few messages whose traits do not tell them: they are read once, converted as RETR would, and the number is
 * remembered for all sessions to come.
 */
import { LruMap } from '../base/lru.ts';
import type { EmailId } from '../mailbox/model.ts';
import type { Maildrop } from './maildrop.ts';
import { OctetForm } from './octet-form.ts';
import { type MaildropReader, SMALL_BYTES, type StoredMessage } from './reader.ts';

const MAX_REMEMBERED = 100_000;

export class SizeCounts {
  readonly #known = new LruMap<EmailId, number>(MAX_REMEMBERED);

  /** `breathe` lets other sessions have a turn. */
  async settle(maildrop: Maildrop, reader: MaildropReader, breathe: () => Promise<void> | undefined) {
    let batch: { index: number; message: StoredMessage }[] = [];
    let bytes = 0;
    const count = async (): Promise<void> => {
      const octets = await reader.readAll(batch.map(({ message }) => message));
      for (const [i, { index, message }] of batch.entries()) {
        this.#settleOne(maildrop, index, message, convertedSize([octets[i] as Buffer]));
        await breathe();
      }
      batch = [];
      bytes = 0;
    };
    for (const index of maildrop.uncounted) {
      const message = await reader.locate(index);
      const known = message === undefined ? 0 : this.#known.get(message.email);
      if (known !== undefined || message === undefined) maildrop.setOctets(index, known ?? 0);
      else if (message.sizeBytes > SMALL_BYTES) {
        this.#settleOne(maildrop, index, message, await streamedSize(reader.stream(message), breathe));
      } else {
        batch.push({ index, message });
        bytes += message.sizeBytes;
        if (bytes >= SMALL_BYTES || batch.length >= 64) await count();
      }
    }
    if (batch.length > 0) await count();
  }

  #settleOne(maildrop: Maildrop, index: number, message: StoredMessage, octets: number): void {
    this.#known.set(message.email, octets);
    maildrop.setOctets(index, octets);
  }
}

export function convertedSize(pieces: Iterable<Buffer>): number {
  const form = new OctetForm();
  let octets = 0;
  for (const piece of pieces) octets += form.convert(piece).length;
  return octets + form.end().length;
}

async function streamedSize(
  pieces: AsyncIterable<Buffer>,
  breathe: () => Promise<void> | undefined,
): Promise<number> {
  const form = new OctetForm();
  let octets = 0;
  for await (const piece of pieces) {
    octets += form.convert(piece).length;
    await breathe();
  }
  return octets + form.end().length;
}
