/**
 * Who has had a message for which all its recipients get one reply. When one of them could not take it, the sender's server is told
 * to bring it again, to everybody; whoever had it does not get a second copy. In memory: after a start, a second copy is possible.
 *
 * The same message is one of the same sender whose header is the same to the octet, with an id and a hop in it: a person who
 * writes the same words again makes another one.
 */
import { createHash } from 'node:crypto';
import { LruMap } from '../base/lru.ts';
import type { Received } from '../mailbox/operations/incoming.ts';

/** Recipients that are remembered: ten megabytes. */
const MAX_REMEMBERED = 50_000;

export class Repeats {
  readonly #had = new LruMap<string, true>(MAX_REMEMBERED);

  /** Undefined: it could be confused with another one. */
  keyOf(envelopeFrom: string, { facts, header }: Received): string | undefined {
    if (facts.messageId === undefined || header.indexOf('received') < 0) return undefined;
    const hash = createHash('sha256').update(`${envelopeFrom}\0${facts.sizeBytes}\0`);
    return hash.update(header.bytes).digest('base64');
  }

  remember(key: string, recipient: string): void {
    this.#had.set(`${key}${recipient}`, true);
  }

  hasHad(key: string, recipient: string): boolean {
    return this.#had.get(`${key}${recipient}`) === true;
  }
}
