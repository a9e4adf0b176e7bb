/**
 * Finding words in the text of a message (RFC 9051 §6.4.4), as `text-walk.ts` gives it. TEXT looks into headers too: the message's own
 * and those of its parts and of messages inside. A stretch that lies across two pieces of a part is found, one that lies across two
 * parts is not. What cannot be read has nothing to find.
 */
import type { Pause } from '../../base/time-slice.ts';
import type { TextCollation } from '../../mail/fold.ts';
import type { PartOffsets } from '../../mail/part.ts';
import type { Domain } from '../domain.ts';
import type { ByteRange } from '../port/store.ts';
import { readIntact, streamIntact } from '../reading/message-reader.ts';
import { Scan } from './scan.ts';
import { type MessageOctets, type TextSource, TextWalk } from './text-walk.ts';
import type { SearchTree, TextTest } from './tree.ts';

/** The message in memory, undefined when it cannot be read, or 'streamed' when it is too large to hold. */
export type SearchedBytes = Buffer | undefined | 'streamed';

export class TextSearch {
  readonly #domain: Domain;
  readonly #tests: readonly TextTest[];
  readonly #collation: TextCollation;
  readonly #pause: Pause;

  constructor(domain: Domain, { texts, collation }: SearchTree, pause: Pause) {
    this.#domain = domain;
    this.#tests = texts;
    this.#collation = collation;
    this.#pause = pause;
  }

  /** Sets `found` to 1 for each test whose needle is in the message. */
  async search(range: ByteRange, root: PartOffsets, bytes: SearchedBytes, found: Uint8Array): Promise<void> {
    if (bytes === undefined) return;
    const scan = new Scan<TextSource>(this.#tests, found, this.#pause);
    const octets = bytes === 'streamed' ? streamed(this.#domain, range) : held(bytes);
    await new TextWalk(octets, scan, this.#pause, this.#collation).part(root);
  }
}

function held(bytes: Buffer): MessageOctets {
  return {
    header: (start, end) => bytes.subarray(start, end),
    body: (start, end) => [bytes.subarray(start, end)],
  };
}

function streamed(domain: Domain, range: ByteRange): MessageOctets {
  return {
    header: async (start, end) => (await readIntact(domain, [{ ...range, start, end }]))[0],
    body: (start, end) => streamIntact(domain, { ...range, start, end }),
  };
}
