/**
 * The set of ARC fields for mail that we pass on (RFC 8617 §5.1): what we found when it came, and that it is what came. Whoever
 * trusts us can then believe it although our hop broke SPF.
 */

import type { CheckedMessage } from './check.ts';
import { resultsValue } from './results-field.ts';
import type { SigningKey } from './sign.ts';
import { SIGNED_FIELDS } from './sign.ts';

export interface SealSettings {
  readonly hostname: string;
  readonly key: SigningKey;
  readonly nowMs: number;
}

/** RFC 8617 §4.1.2: not the fields of ARC, nor Authentication-Results. */
const SEALED_FIELDS = [...SIGNED_FIELDS, 'DKIM-Signature'].join(':');

/**
 * Three fields with line ends, to stand in front of the message as it came. Empty when there is nothing to seal: a chain that has
 * failed for good, one of fifty sets, a message that could not be read or has no From.
 */
export async function sealFields(
  { results, signatures }: CheckedMessage,
  { hostname, key, nowMs }: SealSettings,
): Promise<string> {
  if (signatures === undefined) return '';
  const { default: arc } = await import('mailauth/lib/arc/index.js');
  const { headers } = await arc.createSeal(false, {
    headers: signatures.headers,
    arc: signatures.chain,
    seal: {
      signingDomain: key.domain,
      selector: key.selector,
      privateKey: String(key.key.export({ type: 'pkcs8', format: 'pem' })),
      cv: signatures.arc.status.result,
      bodyHash: signatures.bodyHash,
      authResults: resultsValue(hostname, results),
      signTime: new Date(nowMs),
      headerList: SEALED_FIELDS,
    },
    strict: true,
  });
  return headers.map((field) => `${field}\r\n`).join('');
}
