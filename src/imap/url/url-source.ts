/**
 * What a submission server reads for the URLs that its clients name (RFC 4468 §3.3): for whoever has signed in there, by the rules of
 * URLFETCH, and with `submit+` besides, which is for submission alone (RFC 4467 §2.2).
 */
import type { Log } from '../../base/log.ts';
import type { Domain } from '../../mailbox/domain.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import { imapUrl } from '../wire/imap-url.ts';
import type { UrlAuthority } from './authority.ts';
import { authorizedBy } from './authorized.ts';
import { findPart, octetsOf } from './part.ts';

export interface UrlOctets {
  /** It has no more. */
  readonly sizeBytes: number;
  /** As they were delivered; throws `OctetsLost`. */
  readonly octets: AsyncGenerator<Buffer>;
}

/** Undefined: nothing that this account may send with it, for whatever reason. */
export async function openUrl(
  parts: { readonly domain: Domain; readonly urls: UrlAuthority; readonly log: Log },
  account: AccountState,
  text: string,
): Promise<UrlOctets | undefined> {
  const { domain } = parts;
  const url = imapUrl(text);
  const found = url && (await authorizedBy({ ...parts, account, isSubmitting: true }, url));
  const part = found && (await findPart(domain, found.account, found.mailbox, url));
  return part && { sizeBytes: part.end - part.start, octets: octetsOf(domain, part) };
}
