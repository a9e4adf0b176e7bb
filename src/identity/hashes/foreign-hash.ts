/**
 * Passwords as other servers store them, so that people keep theirs when they move: Dovecot's `{SCHEME}value`, also with
 * `.hex` or `.b64` behind the scheme, and the crypt strings of Unix (`$6$...`), bare or behind `{CRYPT}`.
 *
 * Promises: whatever is accepted here can be verified at a bounded cost; whatever is not is refused by name, in words
 * that do not repeat the hash. The stored form always begins with `{`, which is how such a string is told from our own.
 */
import { type Argon2String, parseArgon2 } from '../argon2-string.ts';

export type DigestName = 'md5' | 'sha1' | 'sha256' | 'sha512';

export type ForeignHash =
  /** The password itself: whoever imports it hashes it at once. */
  | { readonly kind: 'plain'; readonly password: string }
  | {
      readonly kind: 'digest';
      readonly algorithm: DigestName;
      readonly salt: Buffer;
      readonly digest: Buffer;
    }
  | {
      readonly kind: 'pbkdf2';
      readonly algorithm: DigestName;
      readonly salt: Buffer;
      readonly rounds: number;
      readonly digest: Buffer;
      /** RFC 5802 §3: the digest is StoredKey, made from what PBKDF2 gives. */
      readonly isScram: boolean;
    }
  | ({ readonly kind: 'argon2' } & Argon2String)
  | {
      readonly kind: 'md5-crypt' | 'sha256-crypt' | 'sha512-crypt';
      readonly salt: string;
      readonly rounds: number;
      readonly digest: string;
    }
  | { readonly kind: 'bcrypt'; readonly text: string };

export interface RefusedHash {
  readonly kind: 'refused';
  /** A sentence without its subject: "is of the scheme ...". */
  readonly why: string;
}

type Outcome = ForeignHash | RefusedHash;
type Encoding = 'hex' | 'base64' | undefined;

/** What takes a few seconds at most. Each is far above what any server sets by itself. */
const MAX_SHA_ROUNDS = 1_000_000;
const MAX_BCRYPT_COST = 15;
const MAX_PBKDF2_ROUNDS = 2_000_000;
const MAX_LENGTH = 1024;

const SIZES: Readonly<Record<DigestName, number>> = { md5: 16, sha1: 20, sha256: 32, sha512: 64 };

const PLAIN = ['PLAIN', 'CLEAR', 'CLEARTEXT'];
const DIGESTS: Readonly<Record<string, DigestName>> = {
  'PLAIN-MD5': 'md5',
  'LDAP-MD5': 'md5',
  SHA: 'sha1',
  SHA1: 'sha1',
  SHA256: 'sha256',
  SHA512: 'sha512',
};
const SALTED: Readonly<Record<string, DigestName>> = {
  SMD5: 'md5',
  SSHA: 'sha1',
  SSHA1: 'sha1',
  SSHA256: 'sha256',
  SSHA512: 'sha512',
};
const SCRAM: Readonly<Record<string, DigestName>> = {
  'SCRAM-SHA-1': 'sha1',
  'SCRAM-SHA-256': 'sha256',
  'SCRAM-SHA-512': 'sha512',
};
/** Which crypt strings may stand behind which scheme. */
const CRYPTS: Readonly<Record<string, RegExp>> = {
  CRYPT: /^/,
  'MD5-CRYPT': /^\$1\$/,
  'SHA256-CRYPT': /^\$5\$/,
  'SHA512-CRYPT': /^\$6\$/,
  'BLF-CRYPT': /^\$2[aby]\$/,
  BCRYPT: /^\$2[aby]\$/,
  ARGON2: /^\$argon2/,
  ARGON2D: /^\$argon2d\$/,
  ARGON2I: /^\$argon2i\$/,
  ARGON2ID: /^\$argon2id\$/,
};

/** Crypt strings that are known and cannot be verified here. */
const OTHER_CRYPTS: readonly (readonly [RegExp, string])[] = [
  [/^\$y\$/, 'yescrypt ($y$)'],
  [/^\$gy\$/, 'gost-yescrypt ($gy$)'],
  [/^\$7\$/, 'scrypt ($7$)'],
  [/^\$2x\$/, 'bcrypt of a broken version ($2x$)'],
  [/^\$3\$/, 'NT hash ($3$)'],
  [/^\$md5[,$]/, 'SunMD5 ($md5)'],
  [/^\$sha1\$/, 'sha1crypt ($sha1$)'],
  [/^\$apr1\$/, 'Apache MD5 ($apr1$)'],
  [/^_[./0-9A-Za-z]{19}$/, 'BSDi DES'],
  [/^[./0-9A-Za-z]{13}$/, 'traditional DES'],
];

const REMEDY = 'which this server cannot verify; give the account a new password';

export function parseForeignHash(text: string): Outcome {
  if (text.length > MAX_LENGTH) return refused(`is longer than ${MAX_LENGTH} characters`);
  // The sign of a locked account in /etc/shadow, alone or before the hash.
  if (/^[!*]/.test(text) || text === 'x')
    return refused('is that of a locked account; give it a new password');
  if (!text.startsWith('{')) return cryptString(text);
  const match = /^\{([A-Za-z0-9_-]{1,40})(?:\.(hex|b64|base64))?\}([\s\S]*)$/i.exec(text);
  if (match === null) return refused('has no {SCHEME} in front and is no crypt string such as $6$...');
  const [, name = '', suffix, rest = ''] = match;
  return ofScheme(name.toUpperCase(), encodingOf(suffix), rest);
}

/** As it is kept with the account: with a scheme in front. */
export function storedForm(text: string): string {
  return text.startsWith('{') ? text : `{CRYPT}${text}`;
}

/**
 * Whether a word that stands where a password is expected is meant as a hash: it names a scheme, or begins like a crypt
 * string. A password that happens to begin so can be written behind `{PLAIN}`.
 */
export function looksLikeHash(text: string): boolean {
  return (
    /^\{[A-Za-z0-9_-]{2,40}(?:\.[a-z0-9]{2,6})?\}/i.test(text) ||
    /^\$(?:[0-9a-z]{1,3}|argon2i?d?|sha1|md5)[$,]/.test(text)
  );
}

function ofScheme(scheme: string, encoding: Encoding, rest: string): Outcome {
  if (PLAIN.includes(scheme)) return plain(rest, encoding);
  const crypt = CRYPTS[scheme];
  if (crypt !== undefined) {
    const text = encoding === undefined ? rest : decodedText(rest, encoding);
    return crypt.test(text) ? cryptString(text) : refused(`says ${scheme} and holds something else`);
  }
  // Dovecot's MD5 is either of the two.
  if (scheme === 'MD5') return rest.startsWith('$1$') ? cryptString(rest) : digest('md5', rest, encoding);
  if (DIGESTS[scheme] !== undefined) return digest(DIGESTS[scheme], rest, encoding);
  if (SALTED[scheme] !== undefined) return salted(SALTED[scheme], rest, encoding);
  if (SCRAM[scheme] !== undefined) return scram(SCRAM[scheme], rest);
  if (scheme === 'PBKDF2') return dovecotPbkdf2(rest);
  return refused(`is of the scheme ${scheme}, ${REMEDY}`);
}

function plain(rest: string, encoding: Encoding): Outcome {
  const password = encoding === undefined ? rest : decodedText(rest, encoding);
  return password === '' ? refused('is empty') : { kind: 'plain', password };
}

function digest(algorithm: DigestName, rest: string, encoding: Encoding): Outcome {
  const size = SIZES[algorithm];
  const bytes = decoded(rest, encoding ?? (rest.length === 2 * size ? 'hex' : 'base64'));
  if (bytes?.length !== size)
    return refused(`is no ${algorithm} digest: it has the wrong length or characters`);
  return { kind: 'digest', algorithm, salt: Buffer.alloc(0), digest: bytes };
}

/** The digest and the salt behind it. */
function salted(algorithm: DigestName, rest: string, encoding: Encoding): Outcome {
  const size = SIZES[algorithm];
  const isHex = rest.length > 2 * size && /^(?:[0-9a-f]{2})+$/i.test(rest);
  const bytes = decoded(rest, encoding ?? (isHex ? 'hex' : 'base64'));
  if (bytes === undefined || bytes.length < size)
    return refused(`is no salted ${algorithm} digest: it has the wrong length or characters`);
  return { kind: 'digest', algorithm, salt: bytes.subarray(size), digest: bytes.subarray(0, size) };
}

/** `rounds,salt,StoredKey,ServerKey`, the last three in base64. */
function scram(algorithm: DigestName, rest: string): Outcome {
  const [rounds = '', salt = '', stored = '', server = '', ...more] = rest.split(',');
  const [saltBytes, digestBytes] = [decoded(salt, 'base64'), decoded(stored, 'base64')];
  const isWhole = more.length === 0 && decoded(server, 'base64')?.length === SIZES[algorithm];
  if (!isWhole || saltBytes === undefined || digestBytes?.length !== SIZES[algorithm] || !isNumber(rounds))
    return refused('is no SCRAM entry: expected rounds,salt,StoredKey,ServerKey');
  return pbkdf2({ algorithm, salt: saltBytes, rounds: Number(rounds), digest: digestBytes, isScram: true });
}

/** `$1$salt$rounds$digest`: SHA-1, the salt as it stands, the digest in hexadecimal. */
function dovecotPbkdf2(rest: string): Outcome {
  const match = /^\$1\$([^$]{1,64})\$(\d{1,12})\$((?:[0-9a-f]{2}){16,64})$/i.exec(rest);
  if (match === null) return refused('is no PBKDF2 string: expected $1$salt$rounds$digest');
  const [, salt = '', rounds = '', digestHex = ''] = match;
  const bytes = Buffer.from(digestHex, 'hex');
  return pbkdf2({
    algorithm: 'sha1',
    salt: Buffer.from(salt),
    rounds: Number(rounds),
    digest: bytes,
    isScram: false,
  });
}

function pbkdf2(hash: Omit<ForeignHash & { kind: 'pbkdf2' }, 'kind'>): Outcome {
  if (hash.rounds < 1 || hash.rounds > MAX_PBKDF2_ROUNDS)
    return tooDear(`${hash.rounds} rounds of PBKDF2`, MAX_PBKDF2_ROUNDS);
  return { kind: 'pbkdf2', ...hash };
}

function cryptString(text: string): Outcome {
  if (text.startsWith('$argon2')) {
    const argon2 = parseArgon2(text);
    if (argon2 !== undefined) return { kind: 'argon2', ...argon2 };
    return refused(
      'is an Argon2 string of another version than 19, a broken one, or one that asks for too much',
    );
  }
  const bcrypt = /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/.exec(text);
  if (bcrypt !== null) {
    const cost = Number(bcrypt[1]);
    if (cost < 4) return refused('is a bcrypt string of a cost below 4');
    return cost > MAX_BCRYPT_COST
      ? tooDear(`bcrypt of cost ${cost}`, MAX_BCRYPT_COST)
      : { kind: 'bcrypt', text };
  }
  const md5 = /^\$1\$([^$:\s]{0,8})\$([./0-9A-Za-z]{22})$/.exec(text);
  if (md5 !== null) return { kind: 'md5-crypt', salt: md5[1] ?? '', rounds: 1000, digest: md5[2] ?? '' };
  const sha =
    /^\$([56])\$(?:rounds=(\d{1,12})\$)?([^$:\s]{0,16})\$([./0-9A-Za-z]{43}|[./0-9A-Za-z]{86})$/.exec(text);
  if (sha !== null) return shaCryptString(sha as unknown as string[]);
  const other = OTHER_CRYPTS.find(([pattern]) => pattern.test(text));
  if (other !== undefined) return refused(`is of the scheme ${other[1]}, ${REMEDY}`);
  const id = /^\$([0-9A-Za-z-]{1,20})\$/.exec(text)?.[1];
  if (id === undefined) return refused('has no {SCHEME} in front and is no crypt string such as $6$...');
  return refused(
    /^(?:1|2[aby]|5|6)$/.test(id)
      ? `begins like a crypt string ($${id}$) and is broken: the wrong length or characters`
      : `is of the scheme $${id}$, ${REMEDY}`,
  );
}

function shaCryptString([, id, rounds = '5000', salt = '', digestText = '']: readonly string[]): Outcome {
  if (digestText.length !== (id === '5' ? 43 : 86))
    return refused(`begins with $${id}$ and has the wrong length`);
  const count = Number(rounds);
  if (count > MAX_SHA_ROUNDS) return tooDear(`${count} rounds of SHA-crypt`, MAX_SHA_ROUNDS);
  const kind = id === '5' ? 'sha256-crypt' : 'sha512-crypt';
  // crypt(3) lifts what is below.
  return { kind, salt, rounds: Math.max(1000, count), digest: digestText };
}

function tooDear(what: string, most: number): RefusedHash {
  return refused(
    `asks for ${what}, more than this server spends on a sign-in (at most ${most}); give the account a new password`,
  );
}

function refused(why: string): RefusedHash {
  return { kind: 'refused', why };
}

function isNumber(text: string): boolean {
  return /^\d{1,12}$/.test(text);
}

function encodingOf(suffix: string | undefined): Encoding {
  if (suffix === undefined) return undefined;
  return suffix.toLowerCase() === 'hex' ? 'hex' : 'base64';
}

function decoded(text: string, encoding: 'hex' | 'base64'): Buffer | undefined {
  const isWhole =
    encoding === 'hex' ? /^(?:[0-9a-f]{2})+$/i.test(text) : /^[A-Za-z0-9+/]{2,}={0,2}$/.test(text);
  return isWhole ? Buffer.from(text, encoding) : undefined;
}

function decodedText(text: string, encoding: 'hex' | 'base64'): string {
  return decoded(text, encoding)?.toString('utf8') ?? '';
}
