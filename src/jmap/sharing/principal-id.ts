/**
 * Ids of principals (RFC 9670 §2): `p` and the address in base64url, and `anyone`. Whoever knows an address knows the id, as with IMAP (RFC 4314
 * §2), and nobody finds out addresses by counting.
 */
import { ANYONE } from '../../mailbox/model/shares.ts';

const FORM = /^p[\w-]{1,254}$/;

/** Of an address, or of `anyone`. Undefined of an address that is too long for an id. */
export function principalId(name: string): string | undefined {
  if (name === ANYONE) return ANYONE;
  const id = `p${Buffer.from(name).toString('base64url')}`;
  return FORM.test(id) ? id : undefined;
}

/** Undefined when it is none. */
export function nameOfPrincipal(id: string): string | undefined {
  if (id === ANYONE) return ANYONE;
  const name = FORM.test(id) ? Buffer.from(id.slice(1), 'base64url').toString() : undefined;
  return name !== undefined && principalId(name) === id ? name : undefined;
}
