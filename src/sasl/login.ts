import { Secret } from '../base/secret.ts';
import {
  challenge,
  failure,
  MAX_NAME_BYTES,
  MAX_PASSWORD_BYTES,
  type SaslMachine,
  type SaslMechanism,
  type SaslStep,
  type SaslTerms,
} from './mechanism.ts';
import { prepareName, preparePassword } from './prepare.ts';

/**
 * LOGIN: never a standard (draft-murchison-sasl-login), still what some Outlook versions and many devices send. Two
 * prompts, `Username:` and `Password:`, whose exact wording a few clients compare; each answer is the bare value. An
 * initial response, which the draft does not foresee and clients send all the same, is the name.
 */
export const login: SaslMechanism = Object.freeze({
  name: 'LOGIN',
  isOffered: ({ mayUsePlaintext }: SaslTerms) => mayUsePlaintext,
  begin: (): SaslMachine => new LoginMachine(),
});

class LoginMachine implements SaslMachine {
  #username: string | undefined;

  start(initial?: Buffer): SaslStep {
    return initial === undefined || initial.length === 0 ? challenge('Username:') : this.next(initial);
  }

  next(response: Buffer): SaslStep {
    return this.#username === undefined ? this.#name(response) : this.#password(response, this.#username);
  }

  #name(response: Buffer): SaslStep {
    const username = response.length <= MAX_NAME_BYTES ? prepareName(text(response)) : undefined;
    if (!username) return failure('malformed', 'Empty or impossible name');
    this.#username = username;
    return challenge('Password:');
  }

  #password(response: Buffer, username: string): SaslStep {
    if (response.length > MAX_PASSWORD_BYTES || response.length === 0) {
      return failure('malformed', 'Empty or too long password');
    }
    const password = preparePassword(text(response));
    if (password === '') return failure('malformed', 'Empty password');
    return {
      kind: 'credentials',
      credentials: { kind: 'password', username, password: new Secret(password) },
    };
  }
}

/** The draft fixes no charset: UTF-8 when it is UTF-8, else what old devices mean. A NUL is in no name or password. */
function text(bytes: Buffer): string {
  if (bytes.includes(0)) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
