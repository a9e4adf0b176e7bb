/**
 * How TLS with a server came out, for whoever reports it to the domain (RFC 8460 §4.3): the words of the standard for what Node.js and
 * OpenSSL say.
 */
import type { TlsFailure } from '../feedback/observation.ts';
import { HopFailure } from './client/channel.ts';

export interface TlsFault {
  readonly type: TlsFailure;
  readonly reason: string;
}

/** `address`: of the server. No fault: it was spoken to as was asked for. */
export type OnTls = (address: string, fault?: TlsFault) => void;

const MAX_REASON = 100;
const BY_CODE: Readonly<Record<string, TlsFailure>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-host-mismatch',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-not-trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-not-trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-not-trusted',
  CERT_UNTRUSTED: 'certificate-not-trusted',
};

export function faultOfCode(code: string): TlsFault {
  return { type: BY_CODE[code] ?? 'validation-failure', reason: code.slice(0, MAX_REASON) };
}

/** Undefined: it was not about TLS. */
export function faultOfFailure(error: unknown): TlsFault | undefined {
  if (!(error instanceof HopFailure) || error.kind !== 'tls') return undefined;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return faultOfCode(code ?? error.message);
}

export const NO_STARTTLS: TlsFault = Object.freeze({ type: 'starttls-not-supported', reason: '' });
