/**
 * CAPA (RFC 2449 §5, §6): what this session can do, derived from what it is. APOP is not among it: its digest needs the
 * password itself on the server, and MD5 over a network shows enough of it to be guessed.
 */
import { offeredMechanisms } from '../sasl/mechanisms.ts';
import type { DialogueContext, State } from './command.ts';

export function capabilitiesOf(session: DialogueContext, state: State): string[] {
  const { settings, isSecure, saslTerms } = session;
  const mechanisms = offeredMechanisms(saslTerms);
  const delaySeconds = Math.ceil(settings.defaults.loginDelay / 1000);
  return [
    'TOP',
    'UIDL',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    // The server deletes nothing by itself (RFC 2449 §6.7).
    'EXPIRE NEVER',
    'UTF8 USER',
    'LANG',
    ...(delaySeconds > 0 ? [`LOGIN-DELAY ${delaySeconds}`] : []),
    ...(isSecure ? [] : ['STLS']),
    ...(saslTerms.mayUsePlaintext ? ['USER'] : []),
    ...(mechanisms.length > 0 ? [`SASL ${mechanisms.map(({ name }) => name).join(' ')}`] : []),
    // Whom it concerns has signed in; a scanner need not know the version.
    ...(state.kind === 'transaction' ? [`IMPLEMENTATION Brevduva-${settings.version}`] : []),
  ];
}
