/**
 * Which message has which name over POP3. The two protocols number the same mail differently and have no name in common, so a message is
 * found by its header: what POP3 shows of it (TOP) and what IMAP sends are the same lines. Of messages with the same header the first one
 * there has the first name.
 */
import { createHash } from 'node:crypto';
import { headerEnd } from '../bookkeeping.ts';
import type { NamedHeader } from './pop3-remote.ts';

/** What servers put into a header that they show over POP3. */
const ADDED = /^(?:x-uidl|status|x-status|content-length):/i;

export class Pop3Names {
  readonly #ids = new Map<string, string[]>();

  constructor(named: readonly NamedHeader[]) {
    for (const { id, header } of named) {
      const digest = digestOf(header);
      const ids = this.#ids.get(digest) ?? [];
      this.#ids.set(digest, ids);
      ids.push(id);
    }
  }

  /** The message begins with these octets, and its header ends in them. */
  take(start: Buffer): string | undefined {
    return this.#ids.get(digestOf(start))?.shift();
  }
}

function digestOf(message: Buffer): string {
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
