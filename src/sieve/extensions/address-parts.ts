/** The parts of addresses (RFC 5228 §2.7.4, RFC 5233) as `address` and `envelope` compare them. */
import { localParts } from '../../mail/subaddress.ts';
import type { Node } from '../compile/script.ts';
import { type MailAddress, writtenAddress } from '../message/fields.ts';
import type { Run } from '../run/run.ts';

/** Undefined: the address has no such part, and no key matches it. */
export function addressPart(run: Run, { tags }: Node, address: MailAddress): string | undefined {
  const { local, domain } = address;
  const isWhole = (tags.localpart ?? tags.domain ?? tags.user ?? tags.detail) === undefined;
  // As it is written, since it is an address that keys are compared with.
  if (isWhole) return domain === '' ? local : writtenAddress(address);
  // What is no address matches only as a whole.
  if (domain === '') return undefined;
  if (tags.localpart !== undefined) return local;
  if (tags.domain !== undefined) return domain;
  const { user, detail } = localParts(local, run.environment.detailSeparators);
  return tags.user === undefined ? detail : user;
}
