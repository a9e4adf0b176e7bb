/**
 * The octets of one message, wherever they are: stored with an email, or given as a blob to be parsed. What is lost of a stored one is
 * replaced, as for every protocol (`mailbox/reading/message-reader.ts`).
 */
import type { Domain } from '../../mailbox/domain.ts';
import type { EmailId } from '../../mailbox/model/model.ts';
import { readRanges, streamRange } from '../../mailbox/reading/message-reader.ts';

export interface Stretch {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface MessageOctets {
  readonly sizeBytes: number;
  /** In the order asked; together no more than a few megabytes. */
  read(stretches: readonly Stretch[]): Promise<readonly Buffer[]>;
  stream(stretch: Stretch): AsyncIterable<Buffer>;
}

export function storedOctets(domain: Domain, email: EmailId, sizeBytes: number): MessageOctets {
  return {
    sizeBytes,
    read: (stretches) =>
      readRanges(
        domain,
        stretches.map((stretch) => ({ email, ...stretch })),
      ),
    stream: (stretch) => streamRange(domain, { email, ...stretch }),
  };
}

export function heldOctets(octets: Buffer): MessageOctets {
  return {
    sizeBytes: octets.length,
    read: async (stretches) => stretches.map(({ start, end }) => octets.subarray(start, end)),
    async *stream({ start, end }) {
      yield octets.subarray(start, end);
    },
  };
}
