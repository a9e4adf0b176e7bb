/** Lines for zone files, and words for what the DNS did not say. */
import { isIPv4 } from 'node:net';
import type { Unanswered } from '../dns/answer.ts';

/** Answers for them come from this machine, if at all (RFC 6761 §6.3). */
export function isOnlyHere(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || name.endsWith('.localdomain');
}

export function addressLine(name: string, address: string): string {
  return `${name}. IN ${isIPv4(address) ? 'A' : 'AAAA'} ${address}`;
}

export function unanswered({ kind, detail }: Unanswered): { seen: string; remedy: string } {
  if (kind === 'unusable') return { seen: detail, remedy: 'correct the name, or the aliases in the DNS' };
  const seen = kind === 'servfail' ? `the resolver cannot say: ${detail}` : `no answer: ${detail}`;
  return {
    seen,
    remedy:
      'see to the resolver first (the line "resolver"), then to the name servers and DNSSEC of the domain',
  };
}
