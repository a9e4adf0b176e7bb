/** May a password be sent on this connection as it is? One rule for every protocol (RFC 8314 §3, RFC 9051 §11.3). */
export type PlaintextRule = 'never' | 'loopback' | 'always';

export interface Channel {
  readonly isSecure: boolean;
  readonly isLoopback: boolean;
}

/** Over TLS always; else as configured (`auth.plaintext`). */
export function allowsPlaintext(rule: PlaintextRule, { isSecure, isLoopback }: Channel): boolean {
  return isSecure || rule === 'always' || (rule === 'loopback' && isLoopback);
}
