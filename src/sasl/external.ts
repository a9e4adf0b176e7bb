/**
 * EXTERNAL (RFC 4422 appendix A): who the client is has been shown already, by the certificate that it brought into the TLS handshake.
 * What it says is at most as whom it wants to sign in.
 */
import { failure, MAX_NAME_BYTES, type SaslMachine, type SaslMechanism, type SaslStep } from './mechanism.ts';
import { prepareName } from './prepare.ts';

export const external: SaslMechanism = Object.freeze<SaslMechanism>({
  name: 'EXTERNAL',
  isOffered: ({ mayUsePlaintext, certified = [] }) => mayUsePlaintext && certified.length > 0,
  begin({ certified = [] }): SaslMachine {
    const next = (response: Buffer): SaslStep => answer(response, certified);
    // The client speaks first, if only to say nothing.
    const start = (initial?: Buffer): SaslStep =>
      initial === undefined ? { kind: 'challenge', challenge: Buffer.alloc(0) } : next(initial);
    return { start, next };
  },
});

function answer(response: Buffer, certified: readonly string[]): SaslStep {
  const username = response.length === 0 ? '' : nameIn(response);
  if (username === undefined) return failure('malformed', 'Impossible name');
  return { kind: 'credentials', credentials: { kind: 'certificate', username, certified } };
}

function nameIn(response: Buffer): string | undefined {
  if (response.length > MAX_NAME_BYTES) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(response);
    return prepareName(text) || undefined;
  } catch {
    return undefined;
  }
}
