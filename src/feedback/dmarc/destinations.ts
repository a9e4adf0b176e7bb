/**
 * Who wants the reports of a domain (RFC 7489 §6.2, §7.1): the addresses in its policy, as long as those of other domains have said that they
 * want them; otherwise anybody could have reports rain on somebody else.
 */
import type { Answer, Dns } from '../../dns/answer.ts';
import { plainMailto } from '../mailto.ts';

export interface Destination {
  readonly address: string;
  /** A report that is larger is not sent there. */
  readonly mostBytes: number;
}

export type Destinations =
  | { readonly kind: 'known'; readonly destinations: readonly Destination[] }
  /** The DNS did not answer. */
  | { readonly kind: 'unknown' };

/** Of one domain; more are passed over. */
const MAX_DESTINATIONS = 5;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const VERSION = /^\s*v\s*=\s*DMARC1\s*(?:;|$)/i;

/** `domain`: where the policy was found, in ASCII. */
export async function destinationsOf(dns: Dns, domain: string): Promise<Destinations> {
  const answer = await dns.ask(`_dmarc.${domain}`, 'TXT');
  if (isUnanswered(answer)) return { kind: 'unknown' };
  const records = textsOf(answer).filter((text) => VERSION.test(text));
  const wanted = records.length === 1 ? readRua(records[0] as string) : [];
  const destinations: Destination[] = [];
  for (const one of wanted.slice(0, MAX_DESTINATIONS)) {
    const verified = await verify(dns, domain, one);
    if (verified === 'unknown') return { kind: 'unknown' };
    if (verified !== 'refused') destinations.push(verified);
  }
  return { kind: 'known', destinations };
}

/** Addresses of `rua`; other URIs are nobody's that we could reach. */
export function readRua(record: string): readonly Destination[] {
  const value = /;\s*rua\s*=\s*([^;]*)/i.exec(record)?.[1] ?? '';
  return value.split(',').flatMap((part): Destination[] => {
    const [, uri = '', digits, unit = ''] = /^(.*?)(?:!(\d{1,15})([kmgt]?))?$/i.exec(part.trim()) ?? [];
    const address = plainMailto(uri);
    if (address === undefined) return [];
    const most = digits === undefined ? Number.POSITIVE_INFINITY : Number(digits);
    return [{ address, mostBytes: most * (UNITS[unit.toLowerCase()] ?? 1) }];
  });
}

/** §7.1: whoever gets them there may name another address of that domain. */
async function verify(
  dns: Dns,
  domain: string,
  wanted: Destination,
): Promise<Destination | 'refused' | 'unknown'> {
  const host = hostOf(wanted.address);
  if (isOneOwner(host, domain)) return wanted;
  const answer = await dns.ask(`${domain}._report._dmarc.${host}`, 'TXT');
  if (isUnanswered(answer)) return 'unknown';
  const said = textsOf(answer).find((text) => VERSION.test(text));
  if (said === undefined) return 'refused';
  const [instead] = readRua(said).filter(({ address }) => hostOf(address) === host);
  return instead ?? wanted;
}

/** One of the two names lies below the other one; whoever has the one commands the other. */
function isOneOwner(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a === b || (b.includes('.') && a.endsWith(`.${b}`)) || (a.includes('.') && b.endsWith(`.${a}`));
}

const hostOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase();

function isUnanswered({ kind }: Answer<'TXT'>): boolean {
  return kind === 'servfail' || kind === 'timeout' || kind === 'busy';
}

function textsOf(answer: Answer<'TXT'>): readonly string[] {
  return answer.kind === 'found' ? answer.records : [];
}
