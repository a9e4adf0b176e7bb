/** In whose name a message is: the domains of its From, as those see it who do not know how it came. */
import { AddressBatches } from './address.ts';
import type { HeaderBlock } from './header.ts';

/** Nobody writes together with more. */
const MAX_DOMAINS = 20;
const TOO_MANY = 'more domains than are looked at';

/**
 * The first domain in any From field for which `isOurs` says so, or words for it when they are too many to be asked about; undefined
 * when it is in nobody's name of ours. `isOurs` may throw.
 */
export async function ownAuthor(
  header: HeaderBlock,
  isOurs: (domain: string) => Promise<boolean>,
): Promise<string | undefined> {
  const domains = new Set<string>();
  for (const value of header.all('from')) {
    const batches = new AddressBatches(value);
    do {
      for (const { host } of batches.next()) if (host) domains.add(written(host));
      if (domains.size > MAX_DOMAINS) return TOO_MANY;
    } while (!batches.isOver);
  }
  for (const domain of domains) if (await isOurs(domain)) return domain;
  return undefined;
}

function written(host: string): string {
  return Buffer.from(host, 'latin1').toString('utf8').toLowerCase();
}
