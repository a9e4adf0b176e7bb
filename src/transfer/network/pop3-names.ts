/**
 * Which message has which name over POP3. The two protocols number the same mail differently and have no name in common, so a message is
 * found by its header: what POP3 shows of it (TOP) and what IMAP sends are the same lines. Of messages with the same header the first one
 * there has the first name.
 */
import { createHash } from 'node:crypto';
import { headerEnd } from '../bookkeeping.ts';

/** What servers put into a header that they show over POP3. */
const ADDED = /^(?:x-uidl|status|x-status|content-length):/i;

/** What a message is called, and what is kept of its header: all of a large drop would not fit into memory. */
export interface NamedHeader {
  readonly id: string;
  readonly digest: string;
}

export class Pop3Names {
  readonly #ids = new Map<string, string[]>();

  constructor(named: readonly NamedHeader[]) {
    for (const { id, digest } of named) {
      const ids = this.#ids.get(digest) ?? [];
      this.#ids.set(digest, ids);
      ids.push(id);
    }
  }

  /** The message begins with these octets, and its header ends in them. */
  take(start: Buffer): string | undefined {
    return this.#ids.get(headerDigest(start))?.shift();
  }
}

/** Of a message that begins with these octets, or of its header alone. */
export function headerDigest(message: Buffer): string {
  const lines = message
    .subarray(0, headerEnd(message))
    .toString('latin1')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));
  // What is folded goes with its field.
  const fields = lines.join('\n').split(/\n(?![ \t])/);
  const own = fields.filter((field) => field !== '' && !ADDED.test(field));
  return createHash('sha256').update(own.join('\n'), 'latin1').digest('base64');
}
