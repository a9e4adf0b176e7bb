/** Who wants to hear how the servers of a domain could be spoken to (RFC 8460 §3). */
import type { Dns } from '../../dns/answer.ts';
import { plainMailto } from '../mailto.ts';

export type TlsDestination =
  | { readonly kind: 'mail'; readonly address: string }
  | { readonly kind: 'web'; readonly url: string };

const MAX_DESTINATIONS = 5;
const MAX_URL = 1000;

/** Undefined: the DNS did not answer. */
export async function tlsDestinationsOf(
  dns: Dns,
  domain: string,
): Promise<readonly TlsDestination[] | undefined> {
  const answer = await dns.ask(`_smtp._tls.${domain}`, 'TXT');
  if (answer.kind === 'servfail' || answer.kind === 'timeout' || answer.kind === 'busy') return undefined;
  const texts = answer.kind === 'found' ? answer.records : [];
  const records = texts.filter((text) => /^v=TLSRPTv1\s*(?:;|$)/.test(text));
  // §3: with more than one, none counts.
  return records.length === 1 ? readTlsRua(records[0] as string).slice(0, MAX_DESTINATIONS) : [];
}

export function readTlsRua(record: string): readonly TlsDestination[] {
  const value = /;\s*rua\s*=\s*([^;]*)/.exec(record)?.[1] ?? '';
  return value.split(',').flatMap((part): TlsDestination[] => {
    const uri = part.trim();
    const address = plainMailto(uri);
    if (address !== undefined) return [{ kind: 'mail', address }];
    const url = URL.canParse(uri) && uri.length <= MAX_URL ? new URL(uri) : undefined;
    const isPlain = url?.protocol === 'https:' && url.username === '' && url.password === '';
    return isPlain ? [{ kind: 'web', url: url.href }] : [];
  });
}
