/** Whether an address may send for a domain (RFC 7208); `mailauth` reads the policy. Never throws. */
import type { Dns } from '../dns/answer.ts';
import type { Evidence } from './outcomes.ts';
import { type AskAsNode, MAX_QUESTIONS, Questions, TIMEOUT_MS } from './questions.ts';

export interface Client {
  /** An IP address. */
  readonly address: string;
  readonly helo: string;
  /** The reverse path without its brackets; empty for a report. */
  readonly mailFrom: string;
}

/** For whoever wants to know this alone. `domain` as the sender's. */
export async function spfOf(dns: Dns, address: string, domain: string, hostname: string): Promise<string> {
  const client = { address, helo: hostname, mailFrom: `postmaster@${domain}` };
  const { result } = await checkSpf(client, { hostname }, new Questions(dns).share(MAX_QUESTIONS));
  return result;
}

export async function checkSpf(
  { address, helo, mailFrom }: Client,
  { hostname, timeoutMs = TIMEOUT_MS }: { readonly hostname: string; readonly timeoutMs?: number },
  resolver: AskAsNode,
): Promise<Evidence['spf']> {
  try {
    const { default: spf } = await import('mailauth/lib/spf/index.js');
    const { domain, status } = await spf.spf({
      ...{ sender: mailFrom, ip: address, helo, mta: hostname, resolver, strict: true },
      maxElapsedTime: timeoutMs,
    });
    const { result, comment, smtp } = status;
    return { result, domain, ...(comment ? { comment } : {}), ...(smtp ? { smtp } : {}) };
  } catch {
    return { result: 'temperror', domain: mailFrom.slice(mailFrom.lastIndexOf('@') + 1) || helo };
  }
}
