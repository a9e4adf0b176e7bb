/**
 * Recipients of one message, each once: who is named twice (in To and in Cc, by a program that does not look) gets one copy. Not so where the
 * sender asks for different reports: each is about a delivery of its own (RFC 3461 §5.2).
 */
import { canonicalAddress } from '../identity/address.ts';
import type { NewRecipient } from '../mailbox/model/outgoing.ts';

export class NamedOnce {
  readonly #known = new Set<string>();

  /** False: it is there already. */
  add(recipient: NewRecipient): boolean {
    const key = keyOf(recipient);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }
}

/** Elsewhere the case of the local part is the other server's matter (RFC 5321 §2.4). */
function keyOf({ address, route, notify, orcpt }: NewRecipient): string {
  const at = address.lastIndexOf('@');
  const same = `${address.slice(0, at)}${address.slice(at).toLowerCase()}`;
  const name = route === 'remote' ? same : (canonicalAddress(address, '') ?? same);
  return JSON.stringify([name, notify, orcpt]);
}
