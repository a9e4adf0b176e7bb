/** Keys of this device, asked to sign and to be made, by `@simplewebauthn/browser`. */
import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import type { Account, SignInFault } from '../shell/account.ts';

export const hasKeys = browserSupportsWebAuthn;

/** Undefined: the person did not confirm, or there is none. */
export async function signedBy(asked: object): Promise<object | undefined> {
  const optionsJSON = asked as PublicKeyCredentialRequestOptionsJSON;
  return startAuthentication({ optionsJSON }).catch(() => undefined);
}

/** As above; also undefined of one that is here already. */
export async function madeFor(asked: object): Promise<object | undefined> {
  const optionsJSON = asked as PublicKeyCredentialCreationOptionsJSON;
  return startRegistration({ optionsJSON }).catch(() => undefined);
}

/** By a key alone. */
export async function enterByPasskey(
  account: Pick<Account, 'change' | 'signInByPasskey'>,
  isOwnDevice: boolean,
): Promise<SignInFault | undefined> {
  const { status, value } = await account.change('/web/passkey/begin', {});
  if (status !== 200) return status === 0 ? 'unreachable' : 'failed';
  const signed = await signedBy(value as object);
  if (signed === undefined) return 'wrongPasskey';
  const outcome = await account.signInByPasskey(signed, isOwnDevice);
  if (typeof outcome === 'object') return 'failed';
  return outcome === 'wrong' ? 'wrongPasskey' : outcome;
}
