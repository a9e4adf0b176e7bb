/**
 * Pairs of keys for DKIM, and the records that publish them (RFC 6376 §3.6.1, RFC 8463 §4). Where they are kept is for others
 * to know.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export type KeyAlgorithm = 'rsa' | 'ed25519';

export interface MadeKey {
  readonly algorithm: KeyAlgorithm;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** The text of the TXT record at `SELECTOR._domainkey.DOMAIN`. */
  readonly record: string;
}

/** RFC 8301 §3.2; what nearly every verifier takes and fits into one answer by UDP. */
const RSA_BITS = 2048;
const makeKeyPair = promisify(generateKeyPair);

/** In the thread pool: an RSA pair takes a while. */
export async function makeKey(algorithm: KeyAlgorithm): Promise<MadeKey> {
  const { privateKey } =
    algorithm === 'rsa'
      ? await makeKeyPair('rsa', { modulusLength: RSA_BITS })
      : await makeKeyPair('ed25519', {});
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { algorithm, privateKey: pem, record: keyRecord(pem) };
}

/** What is to be published for a private key in PEM. Throws TypeError for one that is neither RSA nor Ed25519. */
export function keyRecord(privateKey: string): string {
  const key = createPublicKey(createPrivateKey(privateKey));
  return `v=DKIM1; k=${algorithmOf(key)}; p=${publicPart(key)}`;
}

export function algorithmOf(key: KeyObject): KeyAlgorithm {
  const type = key.asymmetricKeyType;
  if (type !== 'rsa' && type !== 'ed25519') throw new TypeError(`a key of type ${type} cannot sign mail`);
  return type;
}

/** RSA as SubjectPublicKeyInfo, Ed25519 as its 32 octets alone. */
function publicPart(key: KeyObject): string {
  if (algorithmOf(key) === 'rsa') return key.export({ type: 'spki', format: 'der' }).toString('base64');
  const { x = '' } = key.export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}

/** The strings of a TXT record as zone files have them: 255 octets each (RFC 1035 §3.3.14). */
export function txtStrings(text: string): readonly string[] {
  return text.match(/.{1,255}/gs) ?? [''];
}
