/**
 * How a message is linked to others: hashes of its own id, of the one it replies to, and of its references (`message-id.ts`),
 * computed once at delivery for threads.
 *
 * Format: two octets, how many hashes there are of the message's own id and of In-Reply-To (none or one each), then the hashes
 * of eight octets: own id, In-Reply-To, References from the oldest on.
 *
 * Bounded: of a long list of references the first ones and the last ones, which say where a conversation began and whom
 * the message answers.
 */
import { Buffer } from 'node:buffer';
import type { HeaderSummary } from './header-summary.ts';
import { hashId, ID_HASH_BYTES } from './message-id.ts';

const HEAD_BYTES = 2;
const MAX_REFERENCES = 100;
const FIRST_REFERENCES = 10;

export interface MessageLinks {
  readonly id: Buffer | undefined;
  readonly inReplyTo: Buffer | undefined;
  readonly references: readonly Buffer[];
}

export function messageLinks(facts: HeaderSummary): Buffer {
  const own = facts.messageId();
  const [inReplyTo] = facts.inReplyTo();
  const references = shortened(facts.references());
  const ids = [
    ...(own === undefined ? [] : [own]),
    ...(inReplyTo === undefined ? [] : [inReplyTo]),
    ...references,
  ];
  const out = Buffer.allocUnsafe(HEAD_BYTES + ids.length * ID_HASH_BYTES);
  out[0] = own === undefined ? 0 : 1;
  out[1] = inReplyTo === undefined ? 0 : 1;
  for (const [i, id] of ids.entries()) hashId(id, out, HEAD_BYTES + i * ID_HASH_BYTES);
  return out;
}

/** Damaged octets have no links. */
export function readLinks(links: Buffer): MessageLinks {
  const hashes: Buffer[] = [];
  for (let at = HEAD_BYTES; at + ID_HASH_BYTES <= links.length; at += ID_HASH_BYTES)
    hashes.push(links.subarray(at, at + ID_HASH_BYTES));
  const id = links[0] === 1 ? hashes.shift() : undefined;
  const inReplyTo = links[1] === 1 ? hashes.shift() : undefined;
  return { id, inReplyTo, references: hashes };
}

function shortened(references: readonly string[]): readonly string[] {
  if (references.length <= MAX_REFERENCES) return references;
  return [...references.slice(0, FIRST_REFERENCES), ...references.slice(FIRST_REFERENCES - MAX_REFERENCES)];
}
