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
 * PLAIN (RFC 4616): one message, `[authzid] NUL authcid NUL passwd`, UTF-8, exactly two NULs, neither name nor password
 * empty. Acting for another account is not offered: the authorization identity must be absent or the same name (case
 * aside, as account names are), which is what clients send that fill in both.
 *
 * Every refusal is decided before the password is looked at, and none of them says which account exists.
 */
export const plain: SaslMechanism = Object.freeze({
  name: 'PLAIN',
  isOffered: ({ mayUsePlaintext }: SaslTerms) => mayUsePlaintext,
  begin(): SaslMachine {
    return { start: (initial) => (initial === undefined ? challenge('') : message(initial)), next: message };
  },
});

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function message(bytes: Buffer): SaslStep {
  // RFC 4616 §2: authzid and authcid of 1 to 255 characters of up to 4 octets.
  if (bytes.length > 2 * MAX_NAME_BYTES + MAX_PASSWORD_BYTES + 2)
    return failure('malformed', 'Message too long');
  const first = bytes.indexOf(0);
  const second = first < 0 ? -1 : bytes.indexOf(0, first + 1);
  if (second < 0 || bytes.indexOf(0, second + 1) >= 0) return failure('malformed', 'Two NULs wanted');
  const [authzid, authcid, passwd] = [
    decode(bytes.subarray(0, first)),
    decode(bytes.subarray(first + 1, second)),
    decode(bytes.subarray(second + 1)),
  ];
  if (authzid === undefined || authcid === undefined || passwd === undefined) {
    return failure('malformed', 'Not UTF-8');
  }
  return credentials(authzid, authcid, passwd);
}

/** RFC 4616 §2: prepare both, then compare; an empty result after preparation fails like an empty one before. */
function credentials(authzid: string, authcid: string, passwd: string): SaslStep {
  if (Buffer.byteLength(passwd) > MAX_PASSWORD_BYTES) return failure('malformed', 'Password too long');
  const username = prepareName(authcid);
  const password = preparePassword(passwd);
  if (!username || password === '') return failure('malformed', 'Empty or impossible name or password');
  if (Buffer.byteLength(username) > MAX_NAME_BYTES) return failure('malformed', 'Name too long');
  if (authzid !== '' && prepareName(authzid)?.toLowerCase() !== username.toLowerCase()) {
    return failure('forbidden', 'Acting for another account is not possible');
  }
  return { kind: 'credentials', credentials: { kind: 'password', username, password: new Secret(password) } };
}

function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
