/** What submission reads for the URLs of its clients (RFC 4468): mailboxes, by the rules of IMAP. */
import type { UrlAuthority } from '../imap/url/authority.ts';
import { OctetsLost } from '../imap/url/part.ts';
import { openUrl } from '../imap/url/url-source.ts';
import type { Domain } from '../mailbox/domain.ts';
import { URL_LOST } from '../smtp/burl.ts';
import { MessageDropped } from '../smtp/role.ts';
import type { UrlSource } from '../submission/services.ts';

export function urlSource(domain: Domain, urls: UrlAuthority): UrlSource {
  return {
    async open(account, url) {
      const found = await openUrl({ domain, urls, log: domain.log }, account, url);
      return found && { sizeBytes: found.sizeBytes, octets: inWordsOfSmtp(found.octets) };
    },
  };
}

async function* inWordsOfSmtp(octets: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* octets;
  } catch (error) {
    throw error instanceof OctetsLost ? new MessageDropped(URL_LOST) : error;
  }
}
