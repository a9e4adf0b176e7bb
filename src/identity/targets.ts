/** Addresses of aliases and what they lead to, as people write them: their form, and what cannot be meant. */
import { type AliasRecord, domainOf } from '../mailbox/model/domains.ts';
import { MailboxError } from '../mailbox/model/errors.ts';
import { newAccountAddress, newDomainName } from './address.ts';

/** `@example.com`: all of a domain that lead nowhere else. */
export function isWholeDomain(address: string): boolean {
  return address.startsWith('@');
}

/** `info@example.com`, `info` in the default domain, or `@example.com`, also written `*@example.com`. Throws `invalid-name`. */
export function aliasAddress(raw: string, defaultDomain: string): string {
  const [, whole] = /^\*?@(.*)$/.exec(raw) ?? [];
  return whole === undefined ? newAccountAddress(raw, defaultDomain) : `@${newDomainName(whole)}`;
}

/**
 * An address that is elsewhere, from what was written and its canonical form: only its own server knows whether capital
 * letters mean something, so these stay.
 */
export function foreignAddress(raw: string, canonical: string): string {
  const local = raw.slice(0, raw.lastIndexOf('@'));
  return `${local.normalize('NFC')}@${domainOf(canonical)}`;
}

const MAX_LINKS = 10;

/** A domain that stands for another one that, link by link, stands for the first. Throws `cannot`. */
export async function assertNoCircle(
  address: string,
  target: string,
  findAlias: (address: string) => Promise<AliasRecord | undefined>,
): Promise<void> {
  let at = target;
  for (let links = 0; links < MAX_LINKS; links++) {
    if (at === address) throw new MailboxError('cannot', `${target.slice(1)} stands for ${address.slice(1)}`);
    const [next] = (await findAlias(at))?.targets ?? [];
    if (next === undefined || !isWholeDomain(next)) return;
    at = next;
  }
  throw new MailboxError(
    'cannot',
    `${target.slice(1)} stands for a domain that stands for another, and so on`,
  );
}
