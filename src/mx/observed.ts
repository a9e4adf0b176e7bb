/** What is counted of a message for the domain in whose name it comes (RFC 7489 §7.2). Pure. */
import type { DmarcObservation } from '../feedback/observation.ts';
import type { CheckedMessage, Client } from '../message-auth/check.ts';
import { isBelievedForSealer } from '../message-auth/verdict.ts';

const DISPOSITIONS = { accept: 'none', junk: 'quarantine', reject: 'reject' } as const;

/** Undefined: no domain has a policy for it, or it is to come again. */
export function observationOf(
  { outcomes, verdict }: CheckedMessage,
  client: Client,
  trustedSealers?: readonly string[],
): DmarcObservation | undefined {
  const { dmarc, spf, dkim } = outcomes;
  const { found, result } = dmarc;
  if (found === undefined || verdict.action === 'defer' || (result !== 'pass' && result !== 'fail'))
    return undefined;
  const strictness = (isStrict: boolean): 'r' | 's' => (isStrict ? 's' : 'r');
  return {
    domain: found.domain.toLowerCase(),
    published: {
      adkim: strictness(found.isStrict.dkim),
      aspf: strictness(found.isStrict.spf),
      ...{ p: found.p, sp: found.sp },
    },
    sourceAddress: client.address,
    disposition: DISPOSITIONS[verdict.action],
    isDkimAligned: found.isAligned.dkim,
    isSpfAligned: found.isAligned.spf,
    ...(isBelievedForSealer(outcomes, trustedSealers) ? { override: 'arc=pass' } : {}),
    headerFrom: dmarc.domain.toLowerCase(),
    envelopeFrom: client.mailFrom.slice(client.mailFrom.lastIndexOf('@') + 1).toLowerCase(),
    dkim: dkim.map(({ domain, selector, result: each }) => ({ domain, selector, result: each })),
    spf: { ...spf, scope: client.mailFrom === '' ? 'helo' : 'mfrom' },
  };
}
