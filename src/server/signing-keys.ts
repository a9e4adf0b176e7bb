/** The keys that sign mail of a domain at this moment, as whoever signs wants them: read from their rows once. */
import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { LruMap } from '../base/lru.ts';
import { canonicalDomain } from '../identity/address.ts';
import { signingKeys } from '../identity/key-rotation.ts';
import type { Domains } from '../mailbox/port/domains.ts';
import { type SigningKey, signingKey } from '../message-auth/sign.ts';

/** An RSA key takes some kilobytes. */
const MAX_KEPT = 2000;

/** None for a domain that is not here, or has no key that signs. */
export function keysOfDomains(
  domains: Pick<Domains, 'find'>,
): (domain: string) => Promise<readonly SigningKey[]> {
  const read = new LruMap<string, SigningKey>(MAX_KEPT);
  return async (domain) => {
    const record = await domains.find(canonicalDomain(domain));
    return signingKeys(record?.keys ?? []).map(({ selector, privateKey }) => {
      const name = domainToASCII(record?.name ?? '');
      const id = `${name} ${selector} ${createHash('sha256').update(privateKey).digest('base64')}`;
      const known = read.get(id);
      if (known !== undefined) return known;
      const made = signingKey(name, selector, privateKey);
      read.set(id, made);
      return made;
    });
  };
}
